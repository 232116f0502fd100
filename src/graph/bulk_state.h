// What the steps of a bulk build share: plain arrays, which may stand in private or in shared memory.
#pragma once

#include "omendb/base/list.h"
#include "omendb/base/pool.h"
#include "omendb/graph/bulk_build.h"

#include "bulk_panels.h"
#include "bulk_reservoir.h"

namespace omendb {

constexpr uint32_t kMaxHashBits = 16;
constexpr uint32_t kMaxListLength = 256; // degrees are one byte

struct LeafScratch {
    LeafScratch() = default;
    LeafScratch(Pool pool, size_t rows, size_t nearest);

    Tiles tiles;
    size_t stride;     // of best: rows to the end of the last panel
    float *best;       // [nearest][stride]: keys, numbers being positions in the leaf
    float *directions; // [row][kMaxHashBits]: the first dimensions of the code
};

struct BulkState {
    BulkOptions options;
    Pool pool;
    GraphArrays graph;
    uint32_t *nodes; // rows that are nodes; once homes are known, in their order
    uint32_t node_count;
    uint32_t *entries; // of the leaders of all rows the first
    uint32_t entry_count;
    Reservoirs reservoirs;
    PanelSet panels; // scratch of a leaf, and of leaders
    LeafScratch leaf;
    uint64_t random;

    uint32_t Random(uint32_t below)
    {
        random = random * 6364136223846793005u + 1442695040888963407u;
        return static_cast<uint32_t>((random >> 32) * below >> 32);
    }

    void Progress(BulkPhase phase, uint64_t done, uint64_t total) const
    {
        if (options.progress != nullptr)
            options.progress(options.progress_context, phase, done, total);
    }

    // For loops over rows: interrupts and progress every now and then.
    void Beat(BulkPhase phase, uint64_t done, uint64_t total) const
    {
        if ((done & 63) == 0)
            options.check_interrupts();
        if ((done & 4095) == 0)
            Progress(phase, done, total);
    }
};

// Sets next_duplicate, and nodes and node_count to the rows that have no twin before them.
void FindDuplicates(BulkState *state);

// Leaders of a division of so many rows.
uint32_t LeadersFor(const BulkOptions &options, uint32_t rows, uint32_t fanout);

// Chooses entries, sets home, orders nodes by it, and fills the reservoirs leaf by leaf.
void PartitionRows(BulkState *state);

// Offers the nearest within a leaf to each other's reservoirs.
void BuildLeaf(BulkState *state, const uint32_t *rows, uint32_t count);

// From reservoirs to neighbour lists, nearest first within each.
void PruneLists(BulkState *state);

// Sets birth and anchor; adds edges and entries until every node is reached. Returns the entries.
List<uint32_t> AnchorNodes(BulkState *state);

} // namespace omendb
