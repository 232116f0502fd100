// What lies near each other stands together: nodes in the order of their homes, and, if the rows' owner can
// follow (BulkOptions::swap_rows), the rows themselves. Leaves, pruning and encoding then read what is in a cache.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "bulk_state.h"
#include "omendb/base/prefetch.h"

namespace omendb {
namespace {

constexpr uint32_t kNone = MemoryGraph::kNone;

bool
Arranges(const BulkState *state)
{
    return state->options.swap_rows != nullptr && state->options.kept == 0 &&
           !state->shared.one_leaf;
}

// By row: its new number.
uint32_t *
NumbersOf(const GraphArrays &graph)
{
    return graph.ids; // not in use before rows are pruned
}

// Calls put(row, place) for each node, places being numbers from 0 on, home by home. REQUIRES: homes are leaders'
// numbers; part_ends is not in use.
template <class Put>
void
PlaceByHome(const BulkShared &shared, Put put)
{
    uint32_t *places = shared.part_ends;
    std::fill(places, places + shared.leader_count, 0);
    for (uint32_t i = 0; i < shared.node_count; ++i)
        ++places[shared.graph.home[shared.nodes[i]]];
    uint32_t start = 0;
    for (uint32_t leader = 0; leader < shared.leader_count; ++leader)
        start += std::exchange(places[leader], start);
    for (uint32_t i = 0; i < shared.node_count; ++i)
        put(shared.nodes[i], places[shared.graph.home[shared.nodes[i]]]++);
}

void
PrefetchRow(const GraphArrays &graph, uint32_t row)
{
    PrefetchBytes(graph.CodeOf(row), graph.padded);
    PrefetchBytes(&graph.factors[row], sizeof(OwnFactors));
    PrefetchBytes(&graph.next_duplicate[row], sizeof(uint32_t));
    PrefetchBytes(&graph.home[row], sizeof(uint32_t));
}

void
SwapCodes(int8_t *a, int8_t *b, uint32_t padded)
{
    for (uint32_t i = 0; i < padded; i += kCodeBlock) {
        int8_t block[kCodeBlock];
        memcpy(block, a + i, kCodeBlock);
        memcpy(a + i, b + i, kCodeBlock);
        memcpy(b + i, block, kCodeBlock);
    }
}

// Exchanges what is known of two rows before any is linked.
void
SwapRows(const BulkState *state, uint32_t a, uint32_t b)
{
    const GraphArrays &graph = state->shared.graph;
    SwapCodes(graph.codes + static_cast<size_t>(a) * graph.padded,
              graph.codes + static_cast<size_t>(b) * graph.padded, graph.padded);
    std::swap(graph.factors[a], graph.factors[b]);
    std::swap(graph.next_duplicate[a], graph.next_duplicate[b]);
    std::swap(graph.home[a], graph.home[b]);
    state->options.swap_rows(state->options.swap_context, a, b);
}

} // namespace

// Nodes come first, home by home, then twins as they are.
void
NumberRows(BulkState *state)
{
    if (!Arranges(state))
        return;
    const BulkShared &shared = state->shared;
    const GraphArrays &graph = shared.graph;
    uint32_t *numbers = NumbersOf(graph);
    if (shared.node_count < graph.rows)
        std::fill(numbers, numbers + graph.rows, kNone);
    PlaceByHome(shared, [&](uint32_t row, uint32_t place) { numbers[row] = place; });
    uint32_t next = shared.node_count;
    for (uint32_t row = 0; next < graph.rows; ++row)
        if (numbers[row] == kNone)
            numbers[row] = next++;
    for (uint32_t i = 0; i < shared.node_count; ++i)
        shared.nodes[i] = numbers[shared.nodes[i]];
    for (uint32_t i = 0; i < shared.leader_count; ++i)
        shared.leaders[i] = numbers[shared.leaders[i]];
    for (uint32_t row = 0; row < graph.rows; ++row)
        if (uint32_t *next_twin = &graph.next_duplicate[row]; *next_twin != kNone)
            *next_twin = numbers[*next_twin];
}

// Cycle by cycle: each exchange brings one row to its place.
void
MoveRows(BulkState *state)
{
    if (!Arranges(state))
        return;
    constexpr int kAhead = 8;
    const GraphArrays &graph = state->shared.graph;
    uint32_t *numbers = NumbersOf(graph);
    for (uint32_t row = 0, swaps = 0; row < graph.rows; ++row) {
        if (numbers[row] == row)
            continue;
        uint32_t ahead = numbers[row];
        for (int i = 0; i < kAhead; ++i, ahead = numbers[ahead])
            PrefetchRow(graph, ahead);
        while (numbers[row] != row) {
            uint32_t to = numbers[row];
            PrefetchRow(graph, ahead);
            ahead = numbers[ahead];
            SwapRows(state, row, to);
            std::swap(numbers[row], numbers[to]);
            if ((++swaps & 1023) == 0)
                state->options.check_interrupts();
        }
    }
}

// Then home names the row.
void
OrderByHome(BulkState *state)
{
    const BulkShared &shared = state->shared;
    const GraphArrays &graph = shared.graph;
    if (Arranges(state)) {
        std::iota(shared.nodes, shared.nodes + shared.node_count, 0);
    } else {
        PlaceByHome(shared, [&](uint32_t row, uint32_t place) { shared.part_rows[place] = row; });
        std::copy(shared.part_rows, shared.part_rows + shared.node_count, shared.nodes);
    }
    for (uint32_t i = 0; i < shared.node_count; ++i)
        graph.home[shared.nodes[i]] = shared.leaders[graph.home[shared.nodes[i]]];
}

} // namespace omendb
