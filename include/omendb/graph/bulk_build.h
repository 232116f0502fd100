// Bulk construction of a graph in memory (DESIGN.md section 6, after PiPNN): no searches, but partitions and
// dense arithmetic. What comes out keeps the invariants of MemoryGraph (graph/memory_graph.h) as if its rows
// had been linked one after another.
//
//   duplicates    rows with the same code: one becomes the node, the others its chain
//   partition     rows go to their nearest few of random leaders, again within each leader's part, until
//                 parts are leaves; a row ends up in several leaves
//   leaf          all distances within a leaf at once; each row's nearest few become candidates, both ways
//   reservoir     a row keeps its nearest candidates, at most one a direction (HashPrune)
//   prune         relative-neighbourhood rule, reverse edges, filling up
//   anchors       a breadth-first tree from the entries: birth numbers and anchors
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/graph/bulk_crew.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/graph/prune.h"
#include "omendb/simd/kernels.h"

namespace omendb {

enum class BulkPhase { kPartition, kPrune, kReverse, kFill, kAnchors };

struct BulkOptions {
    // Rows [0, kept) are nodes of a graph that this one takes the place of, told to MemoryGraph::Keep: they stay
    // nodes, entries and each other's anchors; their births are their numbers, and all else is linked anew.
    uint32_t kept = 0;
    // Wanted, beside those that are kept; there may be more, so that every node is reached.
    uint32_t entries = 1;
    // By row: the nodes that rank highest become the entries. Null: random ones.
    const float *entry_rank = nullptr;
    // Where these come from: src/graph/README.md.
    uint32_t leaders = 500;   // most of one division; at most kMaxLeaders
    uint32_t leaf_rows = 512; // most in a leaf; at most kMaxLeafRows
    uint32_t top_fanout = 10; // leaders that a row goes to: all rows; at most kMaxKeep
    uint32_t next_fanout = 3; // within a part; deeper: 1
    uint32_t nearest = 4;     // candidates a row and leaf; more where rows are in few leaves
    uint32_t reservoir = 64;  // candidates kept a row; a multiple of 8, at most 128
    uint32_t hash_bits = 12;  // of a direction; at most 16
    // The relative-neighbourhood rule's, of squared distances: a little below 1 keeps a few edges more.
    float alpha = kPruneAlpha;
    bool fill = true; // lists up to degree
    // Not null: rows may get other numbers, in an order in which neighbours lie near each other. This is told of each
    // two that change places; the graph's own arrays have changed by themselves. Not with `kept`.
    void (*swap_rows)(void *context, uint32_t a, uint32_t b) = nullptr;
    void *swap_context = nullptr;
    void (*check_interrupts)() = nullptr;
    // done of total, which counts rows more than once, every now and then and at a phase's end
    void (*progress)(void *context, BulkPhase phase, uint64_t done, uint64_t total) = nullptr;
    void *progress_context = nullptr;
};

constexpr uint32_t kMaxLeaders = 4096;
constexpr uint32_t kMaxLeafRows = 4096;
constexpr uint32_t kMaxNearest = kMaxKeep;
constexpr uint32_t kMaxReservoir = 128;

// Memory beyond the graph's own, for each row, and once.
size_t BulkBytesPerRow(const BulkOptions &options);
size_t BulkFixedBytes(const BulkOptions &options, uint32_t padded);

// What the members of a crew tell each other; bulk_state.h. Its bytes are zero before the leader begins.
struct BulkShared;
size_t BulkSharedBytes();

// What a leader with a crew needs beside its own memory.
struct BulkTeam {
    BulkCrew crew;
    Pool pool; // over memory that all members see; the graph's arrays must lie in it too
    BulkShared *shared;
};

// Links all rows of the graph, in place of MemoryGraph::Link row by row. Takes its memory from `pool`, which
// may go afterwards. Without a team, the same rows in the same order give the same graph; with one, what
// a full reservoir keeps of equally near candidates depends on who offers first.
// REQUIRES: no row is linked yet, but for those kept. check_interrupts is set.
void BuildBulk(MemoryGraph *graph, Pool pool, const BulkOptions &options,
               const BulkTeam *team = nullptr);

// The part of a member that does not lead, from step `first` on. `shared` is where this member sees it, and
// everything else lies `offset` bytes beyond the leader's addresses.
// REQUIRES: the same options as the leader's, but for callbacks, entries and entry_rank.
void HelpBuildBulk(BulkShared *shared, ptrdiff_t offset, Pool pool, const BulkOptions &options,
                   const BulkCrew &crew, BulkStep first);

} // namespace omendb
