// Rows with the same code share one node: found by a hash table of codes.
#include <cstring>

#include "bulk_state.h"

namespace omendb {

// A word at a time; the code's bytes are spread by a multiplication each.
uint64_t
HashOfCode(const int8_t *code, uint32_t padded, const OwnFactors &factors)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < padded; i += 8) {
        uint64_t word;
        memcpy(&word, code + i, sizeof(word));
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    uint32_t step;
    memcpy(&step, &factors.step, sizeof(step));
    return (hash ^ step) * 0x9E3779B97F4A7C15u;
}

void
FindDuplicates(BulkState *state)
{
    const GraphArrays &graph = state->shared.graph;
    constexpr uint32_t kNone = MemoryGraph::kNone;
    size_t size = 16;
    while (size < 2 * static_cast<size_t>(graph.rows))
        size *= 2;
    auto *table = state->pool.NewArray<uint32_t>(size);
    memset(table, 0xFF, size * sizeof(uint32_t));
    state->shared.node_count = 0;
    for (uint32_t row = 0; row < graph.rows; ++row) {
        if ((row & 1023) == 0)
            state->options.check_interrupts();
        size_t at =
            HashOfCode(graph.CodeOf(row), graph.padded, graph.factors[row]) >> 20 & (size - 1);
        while (table[at] != kNone && !graph.SameCode(table[at], row))
            at = (at + 1) & (size - 1);
        bool first = table[at] == kNone;
        if (first)
            table[at] = row;
        if (first || row < state->options.kept) {
            state->shared.nodes[state->shared.node_count++] = row;
        } else {
            graph.next_duplicate[row] = graph.next_duplicate[table[at]];
            graph.next_duplicate[table[at]] = row;
        }
    }
}

} // namespace omendb
