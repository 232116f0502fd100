// Reading and changing single nodes, for whoever holds the merge right.
#pragma once

#include "index_state.h"
#include "omendb/base/list.h"
#include "omendb/graph/prune.h"
#include "omendb/page/views.h"

namespace omendb {

// A node read whole into private memory.
struct NodeCopy {
    uint32_t id;
    ConstNodeView view;
    float coded_norm_squared; // ‖x̂‖² over the coded dimensions
};

class NodeEditor {
public:
    NodeEditor(Relation index, Pool pool);

    Relation index() const { return index_; }
    Pool pool() const { return pool_; }
    const Geometry &geometry() const { return *geometry_; }

    // LOCKS: the node's page, shared. ERRORS: index_corrupted.
    NodeCopy Read(uint32_t id);

    // The copy that stands for a node not yet in its page. `slot` has slot_bytes bytes and is kept.
    NodeCopy Describe(uint32_t id, const char *slot);

    float Distance(const NodeCopy &a, const NodeCopy &b) const;

    // Writes neighbour entry `at` of `from`, whose own code is in the view, from scratch.
    void Encode(NodeView from, uint32_t at, const NodeCopy &to, bool anchored);

    // The edge from → to: appended, or by pruning from's full list anew; an anchored one is always taken.
    // Returns whether it is in the list now.
    // LOCKS: from's page exclusively; before, pages of from's neighbours, shared. WAL: one record.
    bool AddEdge(uint32_t from, const NodeCopy &to, bool anchored);

    // Marks an existing edge from → to as the anchor of `to`. WAL: one record.
    void AnchorEdge(uint32_t from, uint32_t to);

    // Makes a node an entry. LOCKS: meta, entry page, node page. WAL: one record.
    void AddEntry(const NodeCopy &node);

    // Lends the node's slot to change, in one WAL record with the meta page.
    template <class Change>
    void Update(uint32_t id, Change change)
    {
        WalRecord record(index_);
        MetaPage *meta = MetaOf(record.Add(0));
        BlockNumber block = NodeBlock(*geometry_, id);
        char *page = record.Add(block);
        RequireKind(index_, block, page, PageKind::kNode);
        change(meta, NodeAt(page, *geometry_, NodeSlot(*geometry_, id)), page);
        record.Finish();
    }

    static bool HasEdge(const NodeCopy &from, uint32_t to, bool *anchored);
    static uint32_t AnchoredEdges(const NodeCopy &node);
    bool MayAnchor(const NodeCopy &node) const;

private:
    Relation index_;
    Pool pool_;
    Geometry *geometry_;
    float *scratch_;
    int8_t *origin_;
};

} // namespace omendb
