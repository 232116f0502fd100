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
constexpr uint32_t kFewCandidates = 16;  // see JoinIslands

// A candidate found in a leaf, for one of its rows.
struct LeafOffer {
    uint32_t id;
    uint16_t hash, rank; // as Reservoirs::Offer wants them
    uint32_t next;       // of the same row, or kNoOffer
};

constexpr uint32_t kNoOffer = 0xFFFFFFFF;

struct LeafScratch {
    LeafScratch() = default;
    LeafScratch(Pool pool, size_t rows, size_t nearest);

    static size_t Bytes(size_t rows, size_t nearest);

    Tiles tiles;
    size_t stride;     // of best: rows to the end of the last panel
    float *best;       // [nearest][stride]: keys, numbers being positions in the leaf
    float *directions; // [row][kMaxHashBits]: the first dimensions of the code
    LeafOffer *offers; // both ways of each of the nearest
    uint32_t *heads;   // [row]: its last offer
};

// As the leader sees it, for all members. What a step sets is there for the steps after it.
struct BulkShared {
    GraphArrays graph;
    Reservoirs reservoirs;
    uint32_t *nodes; // rows that are nodes; once homes are known, in their order
    uint32_t node_count;
    uint32_t nearest;
    uint32_t *leaders; // of the first division; the first of them are the entries
    uint32_t leader_count;
    uint32_t entry_count;
    uint32_t fanout;     // of the first division
    bool one_leaf;       // there is no division
    uint16_t *assigned;  // [node][fanout]: leaders by number, nearest first
    uint32_t *part_rows; // of the first division, part after part
    uint32_t *part_ends; // by leader
};

struct BulkState {
    BulkOptions options;
    BulkCrew crew;
    bool alone; // nobody else offers to reservoirs
    bool leads;
    Pool pool;         // this member's
    Pool shared_pool;  // the leader's only
    BulkShared shared; // as this member sees it
    BulkShared *common;
    ptrdiff_t offset;
    PanelSet panels; // scratch of a leaf, and of leaders
    LeafScratch leaf;
    uint64_t random;

    // Calls piece(first, end) for pieces of [0, count) that are nobody else's.
    template <class Piece>
    void ForPieces(BulkStep step, uint32_t count, uint32_t most, Piece piece)
    {
        for (;;) {
            uint32_t first = crew.claim(crew.context, static_cast<uint32_t>(step), most);
            if (first >= count)
                return;
            piece(first, count - first < most ? count : first + most);
        }
    }

    uint32_t Random(uint32_t below)
    {
        random = random * 6364136223846793005u + 1442695040888963407u;
        return static_cast<uint32_t>((random >> 32) * below >> 32);
    }

    void Progress(BulkPhase phase, uint64_t done, uint64_t total) const
    {
        if (leads && options.progress != nullptr)
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

// Of a code and its step, in the high bits above all.
uint64_t HashOfCode(const int8_t *code, uint32_t padded, const OwnFactors &factors);

void HashRows(BulkState *state);

// REQUIRES: rows are hashed. Sets next_duplicate, and nodes and node_count to the rows that have no twin before them.
void FindDuplicates(BulkState *state);

// Candidates that each row gives in a leaf.
uint32_t NearestFor(const BulkOptions &options, uint32_t nodes);

// Leaders of a division of so many rows.
uint32_t LeadersFor(const BulkOptions &options, uint32_t rows, uint32_t fanout);

// The first division, one function a step.
void ChooseLeaders(BulkState *state); // and entries
void AssignRows(BulkState *state);    // to leaders, the nearest of which is a row's home
void NumberRows(BulkState *state);    // anew, by home, if BulkOptions::swap_rows is there to follow
void ScatterRows(BulkState *state); // makes parts, empties reservoirs, moves rows to their numbers
void DivideParts(BulkState *state); // fills the reservoirs, leaf by leaf
void JoinIslands(BulkState *state); // sees to rows with few candidates
void OrderByHome(BulkState *state); // nodes

// What ScatterRows has the leader do.
void MoveRows(BulkState *state);

// Offers the nearest within a leaf to each other's reservoirs.
void BuildLeaf(BulkState *state, const uint32_t *rows, uint32_t count);

// From reservoirs to neighbour lists, nearest first within each; one function a step.
void PruneReservoirs(BulkState *state);
void TellNeighbours(BulkState *state);
void CompleteLists(BulkState *state);

// Adds an edge to a list that is sorted by distance; if it is full, in place of the farthest that is not
// anchored(id). Returns the list's degree.
template <class Anchored>
uint8_t
AddToList(uint32_t *ids, float *distances, uint32_t degree, uint32_t most, uint32_t id,
          float distance, Anchored anchored)
{
    uint32_t hole = degree;
    if (hole < most)
        ++degree;
    else
        for (--hole; anchored(ids[hole]);)
            --hole;
    for (; hole > 0 && distance < distances[hole - 1]; --hole) {
        ids[hole] = ids[hole - 1];
        distances[hole] = distances[hole - 1];
    }
    // What was nearer than the one left out may still be farther than the new one.
    for (; hole + 1 < degree && distances[hole + 1] < distance; ++hole) {
        ids[hole] = ids[hole + 1];
        distances[hole] = distances[hole + 1];
    }
    ids[hole] = id;
    distances[hole] = distance;
    return static_cast<uint8_t>(degree);
}

// Sets birth and anchor; adds edges and entries until every node is reached. Returns the entries.
List<uint32_t> AnchorNodes(BulkState *state);

} // namespace omendb
