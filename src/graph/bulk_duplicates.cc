// Rows with the same code share one node: found by a hash table of codes. All members hash; the leader alone fills
// the table, row after row, and reads a code only where hashes are the same.
#include <cstring>

#include "bulk_state.h"
#include "omendb/base/prefetch.h"

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

// By row, until duplicates are found.
static uint32_t *
HashesOf(const GraphArrays &graph)
{
    return graph.ids; // not in use before rows are pruned
}

void
HashRows(BulkState *state)
{
    constexpr uint32_t kPieceRows = 4096;
    const GraphArrays &graph = state->shared.graph;
    uint32_t *hashes = HashesOf(graph);
    state->ForPieces(BulkStep::kHash, graph.rows, kPieceRows, [&](uint32_t first, uint32_t end) {
        state->options.check_interrupts();
        for (uint32_t row = first; row < end; ++row)
            hashes[row] = static_cast<uint32_t>(
                HashOfCode(graph.CodeOf(row), graph.padded, graph.factors[row]) >> 32);
    });
}

void
FindDuplicates(BulkState *state)
{
    const GraphArrays &graph = state->shared.graph;
    constexpr uint32_t kNone = MemoryGraph::kNone;
    size_t size = 16;
    while (size < 2 * static_cast<size_t>(graph.rows))
        size *= 2;
    const uint32_t *hashes = HashesOf(graph);
    auto *table = state->pool.NewArray<uint32_t>(size);
    memset(table, 0xFF, size * sizeof(uint32_t));
    state->shared.node_count = 0;
    for (uint32_t row = 0; row < graph.rows; ++row) {
        if ((row & 1023) == 0)
            state->options.check_interrupts();
        constexpr uint32_t kAhead = 16;
        if (row + kAhead < graph.rows)
            PrefetchBytes(&table[hashes[row + kAhead] & (size - 1)], sizeof(uint32_t));
        size_t at = hashes[row] & (size - 1);
        while (table[at] != kNone &&
               !(hashes[table[at]] == hashes[row] && graph.SameCode(table[at], row)))
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
