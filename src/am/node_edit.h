// Reading and changing single nodes, for whoever holds the merge right.
#pragma once

#include "index_state.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/page/views.h"

namespace omendb {

// A node read whole into private memory.
struct NodeCopy {
    uint32_t id;
    ConstNodeView view;
    float coded_norm_squared; // ‖x̂‖² over the coded dimensions
    uint32_t anchored_edges;  // of its list
};

// Copies a neighbour's entry of a node to a place in a node's list; they may be the same.
inline void
CopyNeighbour(const Geometry &geometry, ConstNodeView from, uint32_t at, NodeView to,
              uint32_t place)
{
    auto source = from.neighbours();
    auto target = to.neighbours();
    target.ids[place] = source.ids[at];
    target.f_add[place] = source.f_add[at];
    target.f_mul[place] = source.f_mul[at];
    target.tag[place] = source.tag[at];
    memmove(target.codes + place * geometry.code_bytes, source.codes + at * geometry.code_bytes,
            geometry.code_bytes);
}

class NodeEditor {
public:
    NodeEditor(Relation index, Pool pool);

    Relation index() const { return index_; }
    Pool pool() const { return pool_; }
    const Geometry &geometry() const { return *geometry_; }

    // LOCKS: the node's page, shared. ERRORS: index_corrupted.
    NodeCopy Read(uint32_t id);

    // The same into memory of slot_bytes bytes.
    NodeCopy ReadInto(uint32_t id, char *slot);

    // The copy that stands for a node not yet in its page. `slot` has slot_bytes bytes and is kept.
    NodeCopy Describe(uint32_t id, const char *slot);

    float Distance(const NodeCopy &a, const NodeCopy &b) const;

    // Writes neighbour entry `at` of `from`, whose own code is in the view, from scratch.
    void Encode(NodeView from, uint32_t at, const NodeCopy &to, bool anchored);

    // Makes a node an entry. LOCKS: meta, entry page, node page. WAL: one record.
    void AddEntry(const NodeCopy &node);

    static bool HasEdge(const NodeCopy &from, uint32_t to, bool *anchored);

    bool MayAnchor(const NodeCopy &node) const
    {
        return node.anchored_edges < MaxAnchored(geometry_->degree);
    }

private:
    Relation index_;
    Pool pool_;
    Geometry *geometry_;
    float *scratch_;
    int8_t *origin_;
};

} // namespace omendb
