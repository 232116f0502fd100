#include "omendb/graph/bulk_build.h"

#include <algorithm>

#include "bulk_state.h"

namespace omendb {

// At most this many leaders, and rows of a leaf, are packed at once.
static size_t
PanelCapacity(const BulkOptions &options)
{
    return std::max({options.leaf_rows, options.leaders, options.entries});
}

size_t
BulkBytesPerRow(const BulkOptions &options)
{
    // The table of duplicates (up to 4 slots a row), nodes, the queue and children of the tree; and the
    // parts: the places of the first level, in numbers of leaders and as rows, with room to grow.
    return Reservoirs::BytesPerRow(options.reservoir) + 4 * sizeof(uint32_t) +
           2 * sizeof(uint32_t) + 1 + 2 * options.top_fanout * sizeof(uint32_t);
}

size_t
BulkFixedBytes(const BulkOptions &options, uint32_t padded)
{
    return PanelSet::Bytes(PanelCapacity(options), padded) + PanelSet::Bytes(kPanelCodes, padded) +
           options.leaf_rows * (options.nearest * 8 + kMaxHashBits * sizeof(float) + 8) + 65536;
}

void
BuildBulk(MemoryGraph *graph, Pool pool, const BulkOptions &options)
{
    BulkState state = {};
    state.options = options;
    state.pool = pool;
    state.graph = graph->Arrays();
    if (state.graph.rows == 0)
        return;
    state.random = 0x6F6D656E6462; // any, and always the same
    state.nodes = pool.NewArray<uint32_t>(state.graph.rows);
    FindDuplicates(&state);
    state.reservoirs = Reservoirs(pool, state.graph.rows, options.reservoir);
    state.panels = PanelSet(pool, std::min<size_t>(PanelCapacity(options), state.node_count),
                            state.graph.padded);
    state.leaf = LeafScratch(pool, options.leaf_rows, options.nearest);
    PartitionRows(&state);
    PruneLists(&state);
    for (uint32_t entry : AnchorNodes(&state))
        graph->entries_.push_back(entry);
    graph->nodes_ = state.node_count;
}

} // namespace omendb
