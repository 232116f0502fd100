// Rows in the order of their homes: leaves, pruning and encoding then read what lies together.
#include <algorithm>

#include "bulk_state.h"
#include "omendb/base/prefetch.h"

namespace omendb {
namespace {

constexpr uint32_t kNone = MemoryGraph::kNone;

// where[row]: the row's new number. Nodes come first, home by home, then twins as they are.
void
NumberByHome(BulkState *state, uint32_t *where)
{
    const BulkShared &shared = state->shared;
    const GraphArrays &graph = shared.graph;
    auto *starts = state->pool.NewZeroedArray<uint32_t>(shared.leader_count + 1);
    for (uint32_t i = 0; i < shared.node_count; ++i)
        ++starts[graph.home[shared.nodes[i]] + 1];
    for (uint32_t leader = 0; leader < shared.leader_count; ++leader)
        starts[leader + 1] += starts[leader];
    std::fill(where, where + graph.rows, kNone);
    for (uint32_t i = 0; i < shared.node_count; ++i)
        where[shared.nodes[i]] = starts[graph.home[shared.nodes[i]]]++;
    uint32_t next = shared.node_count;
    for (uint32_t row = 0; row < graph.rows; ++row)
        if (where[row] == kNone)
            where[row] = next++;
}

void
PrefetchRow(const GraphArrays &graph, uint32_t row)
{
    PrefetchBytes(graph.CodeOf(row), graph.padded);
    PrefetchBytes(&graph.factors[row], sizeof(OwnFactors));
    PrefetchBytes(&graph.next_duplicate[row], sizeof(uint32_t));
    PrefetchBytes(&graph.home[row], sizeof(uint32_t));
}

// Exchanges what is known of two rows before any is linked.
void
SwapRows(const BulkState *state, uint32_t a, uint32_t b)
{
    const GraphArrays &graph = state->shared.graph;
    std::swap_ranges(graph.codes + static_cast<size_t>(a) * graph.padded,
                     graph.codes + static_cast<size_t>(a + 1) * graph.padded,
                     graph.codes + static_cast<size_t>(b) * graph.padded);
    std::swap(graph.factors[a], graph.factors[b]);
    std::swap(graph.next_duplicate[a], graph.next_duplicate[b]);
    std::swap(graph.home[a], graph.home[b]);
    state->options.swap_rows(state->options.swap_context, a, b);
}

} // namespace

// Leader. REQUIRES: homes are known, by leaders' numbers; nothing is linked or kept.
void
ArrangeRows(BulkState *state)
{
    BulkShared *shared = &state->shared;
    const GraphArrays &graph = shared->graph;
    uint32_t *where = graph.ids; // not in use before rows are pruned
    NumberByHome(state, where);
    for (uint32_t i = 0; i < shared->node_count; ++i)
        shared->nodes[i] = where[shared->nodes[i]];
    for (uint32_t i = 0; i < shared->leader_count; ++i)
        shared->leaders[i] = where[shared->leaders[i]];
    for (uint32_t row = 0; row < graph.rows; ++row)
        if (uint32_t *next = &graph.next_duplicate[row]; *next != kNone)
            *next = where[*next];
    // Cycle by cycle: each exchange brings one row to its place.
    for (uint32_t row = 0, swaps = 0; row < graph.rows; ++row)
        while (where[row] != row) {
            uint32_t to = where[row];
            PrefetchRow(graph, where[where[to]]); // two ahead
            SwapRows(state, row, to);
            std::swap(where[row], where[to]);
            if ((++swaps & 1023) == 0)
                state->options.check_interrupts();
        }
}

} // namespace omendb
