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
    // The table of duplicates (up to 4 slots a row), nodes, the queue and children of the tree.
    size_t fixed = 4 * sizeof(uint32_t) + 2 * sizeof(uint32_t) + 1;
    // The places of the first division, as leaders and as rows; one of its parts may hold all rows; what
    // is below gets smaller, and a list that grew has left half as much behind.
    size_t parts = options.top_fanout * (sizeof(uint16_t) + sizeof(uint32_t)) +
                   (options.next_fanout + 3) * sizeof(uint32_t);
    return Reservoirs::BytesPerRow(options.reservoir) + fixed + parts;
}

size_t
BulkFixedBytes(const BulkOptions &options, uint32_t padded)
{
    return PanelSet::Bytes(PanelCapacity(options), padded) + PanelSet::Bytes(kPanelCodes, padded) +
           (options.leaf_rows + kPanelCodes) * (kMaxNearest + kMaxHashBits) * sizeof(float) + 65536;
}

// Rows of a small table are in fewer leaves, and each leaf has to give more. One leaf, 400 words, 3 a row:
// recall .905, now 1. One division, 4,000 sentences at pool 16: 4 a row .947, 8 .958 (insertion .950).
static uint32_t
NearestFor(const BulkOptions &options, uint32_t nodes)
{
    if (nodes <= options.leaf_rows)
        return kMaxNearest;
    uint64_t places = static_cast<uint64_t>(nodes) * options.top_fanout;
    bool divided_once =
        places / LeadersFor(options, nodes, options.top_fanout) <= options.leaf_rows;
    return std::min(divided_once ? 2 * options.nearest : options.nearest, kMaxNearest);
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
    state.reservoirs = Reservoirs(pool, state.graph.rows, options.reservoir, state.graph.degree);
    state.panels = PanelSet(pool, std::min<size_t>(PanelCapacity(options), state.node_count),
                            state.graph.padded);
    state.options.nearest = NearestFor(options, state.node_count);
    state.leaf = LeafScratch(pool, options.leaf_rows, state.options.nearest);
    PartitionRows(&state);
    PruneLists(&state);
    for (uint32_t entry : AnchorNodes(&state))
        graph->entries_.push_back(entry);
    graph->nodes_ = state.node_count;
}

} // namespace omendb
