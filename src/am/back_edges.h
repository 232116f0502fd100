// New edges into the lists of nodes that are there already, many at once: sorted by page, so that each page is
// read, written and logged once for all of them.
#pragma once

#include "node_cache.h"
#include "omendb/base/list.h"
#include "omendb/graph/prune.h"

namespace omendb {

// The edge from → nodes[to].
struct NewEdge {
    uint32_t from;    // node number
    uint32_t to;      // index into the nodes of BackEdges
    float distance;   // squared, between their codes
    uint8_t anchored; // 1: `to` hangs on it. It is always taken.
};

class BackEdges {
public:
    // `nodes`: what edges may lead to, with heads at least. Memory: the pool's, beside what Add takes.
    BackEdges(NodeEditor *editor, NodeCache *cache, Pool pool, const NodeCopy *nodes);

    // REQUIRES: a node has at most MostAnchored() anchored edges, these included.
    void Add(const NewEdge &edge) { edges_.push_back(edge); }

    // Puts the edges into the lists: appended where there is room, else by pruning the list anew by the distances
    // of own codes (DESIGN.md section 14); a list that would only lose neighbours stays as it is. An edge that
    // is in its list already gets its mark as an anchor.
    // LOCKS: each page shared, pages of neighbours shared, then the page exclusively. WAL: one record a page.
    void Write();

private:
    // What becomes of one list: entries that move within it, new edges, marks, the new length.
    struct Move {
        uint16_t slot;
        uint16_t from;
        uint16_t to;
    };
    struct Put {
        uint16_t slot;
        uint16_t at;
        uint32_t node; // index into nodes_
        uint8_t anchored;
    };
    struct Length {
        uint16_t slot;
        uint16_t degree;
    };

    void PlanPage(BlockNumber block, const NewEdge *edges, size_t count);
    void PlanList(uint16_t slot, NodeView node, const NewEdge *edges, size_t count);
    void PruneList(uint16_t slot, ConstNodeView node, const NewEdge *edges, size_t count);
    void WritePage(BlockNumber block);
    const NodeCopy *Copies(ConstNodeView node);

    NodeEditor *editor_;
    NodeCache *cache_;
    Pool pool_;
    const NodeCopy *nodes_;
    List<NewEdge> edges_;
    char *page_;       // the page at hand: copies of the nodes that edges start from
    char *heads_;      // of a list's neighbours
    NodeCopy *copies_; // the same
    List<NewEdge> fresh_;
    List<PruneCandidate> candidates_;
    List<Move> moves_;
    List<Put> puts_;
    List<Put> marks_;
    List<Length> lengths_;
};

} // namespace omendb
