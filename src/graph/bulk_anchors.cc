// Birth numbers and anchors: a breadth-first tree from the entries. What it does not reach is linked from
// one of its own neighbours, or becomes an entry.
#include <algorithm>

#include "bulk_state.h"
#include "omendb/base/prefetch.h"

namespace omendb {
namespace {

class Anchoring {
public:
    explicit Anchoring(BulkState *state)
        : state_(state), graph_(state->shared.graph), cap_(MaxAnchored(state->shared.graph.degree)),
          queue_(state->pool.NewArray<uint32_t>(state->shared.node_count)),
          children_(state->pool.NewZeroedArray<uint8_t>(state->shared.graph.rows)),
          reached_(state->pool.NewZeroedArray<uint8_t>(state->shared.graph.rows / 8 + 1)),
          entries_(state->pool)
    {
    }

    void Run();
    const List<uint32_t> &entries() const { return entries_; }

private:
    bool Reached(uint32_t row) const { return (reached_[row / 8] >> row % 8 & 1) != 0; }
    void Bear(uint32_t row, uint32_t anchor)
    {
        reached_[row / 8] |= static_cast<uint8_t>(1 << row % 8);
        graph_.birth[row] = born_;
        graph_.anchor[row] = anchor;
        queue_[born_++] = row;
        if (anchor != row)
            ++children_[anchor];
    }
    void AddEntry(uint32_t row)
    {
        entries_.push_back(row);
        Bear(row, row);
    }
    void KeepTree();
    void Spread();
    bool Attach(uint32_t row);
    void AddEdge(uint32_t from, uint32_t to, float distance);

    BulkState *state_;
    const GraphArrays &graph_;
    uint32_t cap_;
    uint32_t *queue_; // nodes by birth
    uint8_t *children_;
    uint8_t *reached_; // bits: few enough for a cache, where births are not
    List<uint32_t> entries_;
    uint32_t born_ = 0;
    uint32_t expanded_ = 0;
};

// Everything that can be reached from what was born and not looked at yet.
void
Anchoring::Spread()
{
    for (; expanded_ < born_; ++expanded_) {
        state_->Beat(BulkPhase::kAnchors, expanded_, state_->shared.node_count);
        constexpr uint32_t kAhead = 8;
        if (expanded_ + kAhead < born_)
            PrefetchBytes(graph_.IdsOf(queue_[expanded_ + kAhead]),
                          graph_.degree * sizeof(uint32_t));
        uint32_t row = queue_[expanded_];
        const uint32_t *ids = graph_.IdsOf(row);
        for (uint32_t i = 0; i < graph_.degrees[row] && children_[row] < cap_; ++i)
            if (!Reached(ids[i]))
                Bear(ids[i], row);
    }
}

// REQUIRES: fewer than cap_ anchored edges.
void
Anchoring::AddEdge(uint32_t from, uint32_t to, float distance)
{
    graph_.degrees[from] =
        AddToList(graph_.IdsOf(from), graph_.DistancesOf(from), graph_.degrees[from], graph_.degree,
                  to, distance, [&](uint32_t id) { return graph_.anchor[id] == from; });
}

// Hangs a node that nothing reaches under the nearest of its neighbours that can hold it.
bool
Anchoring::Attach(uint32_t row)
{
    const uint32_t *ids = graph_.IdsOf(row);
    for (uint32_t i = 0; i < graph_.degrees[row]; ++i) {
        if (!Reached(ids[i]) || children_[ids[i]] >= cap_)
            continue;
        AddEdge(ids[i], row, graph_.DistancesOf(row)[i]);
        Bear(row, ids[i]);
        return true;
    }
    return false;
}

// The nodes that are kept, by birth, and the edges that anchor them.
void
Anchoring::KeepTree()
{
    for (uint32_t row = 0; row < state_->options.kept; ++row) {
        state_->Beat(BulkPhase::kAnchors, row, state_->shared.node_count);
        uint32_t anchor = graph_.anchor[row];
        if (anchor == row) {
            AddEntry(row);
            continue;
        }
        Bear(row, anchor);
        const uint32_t *ids = graph_.IdsOf(anchor);
        const uint32_t *end = ids + graph_.degrees[anchor];
        if (std::find(ids, end, row) == end)
            AddEdge(anchor, row, graph_.Distance(anchor, row));
    }
}

void
Anchoring::Run()
{
    KeepTree();
    for (uint32_t i = 0; i < state_->shared.entry_count; ++i)
        AddEntry(state_->shared.leaders[i]);
    Spread();
    // Twice for what is reached only through others; then islands get their own entries.
    for (int pass = 0; pass < 3 && born_ < state_->shared.node_count; ++pass) {
        for (uint32_t i = 0; i < state_->shared.node_count; ++i) {
            uint32_t row = state_->shared.nodes[i];
            if (Reached(row))
                continue;
            if (!Attach(row)) {
                if (pass < 2)
                    continue;
                AddEntry(row);
            }
            Spread();
        }
    }
    state_->Progress(BulkPhase::kAnchors, state_->shared.node_count, state_->shared.node_count);
}

} // namespace

List<uint32_t>
AnchorNodes(BulkState *state)
{
    Anchoring anchoring(state);
    anchoring.Run();
    return anchoring.entries();
}

} // namespace omendb
