// The state of one run of omendb_check_index, and its passes. check.cc says what is read in which order, and
// why that is consistent while rows are inserted.
#pragma once

#include "named_index.h"
#include "factors.h"
#include "index_state.h"
#include "omendb/base/list.h"
#include "omendb/page/views.h"

extern "C" {
#include <funcapi.h>
#include <utils/snapshot.h>
#include <utils/tuplestore.h>
}

namespace omendb {

// What the pass over the file notes of a block.
struct PageFact {
    uint32_t next;
    uint32_t ordinal; // of a tids or cold page: its place in Check::segments or Check::cold
    uint8_t kind;     // PageKind; 0: never written, or damaged
    uint8_t flags;
    bool room; // it has free slots, segments or records
    bool met;  // in a chain or a list
};

struct NodeFact {
    uint64_t birth;
    uint32_t segment_block;
    uint16_t segment_slot;
    uint8_t state; // NodeState; meaningful if known
    uint8_t generation;
    uint8_t flags;
    uint8_t listed; // times met in entry pages
    uint8_t named;  // times met in delta items that are being merged
    bool known;     // its page is sound
    bool anchored;  // an older node's list has an anchored edge to it
};

struct SegmentFact {
    uint32_t owner;
    uint32_t number;
    uint32_t next_block;
    uint16_t next_slot;
    uint8_t generation;
    bool met;
};

// A record of a cold page that a node or delta row names.
struct ColdOwner {
    uint32_t block;
    uint16_t slot;
    bool delta;
    uint32_t owner; // node, or block of the delta page
};

// Where the index has a heap TID.
struct TidPlace {
    uint64_t key;   // TidKey
    uint32_t where; // node, or block of the delta page
    uint16_t at;    // item of the delta page
    bool delta;
};

struct Check {
    MemoryContext context;
    Pool pool;
    Relation table;
    Relation index;
    Snapshot snapshot;
    Tuplestorestate *results;
    TupleDesc descriptor;

    MetaPage
        meta; // as of the start: all but delta and cold lists stay so while the merge right is held
    Geometry geometry;
    BlockNumber blocks; // of the file at the start
    BlockNumber next;   // block that the pass over the file reads next

    PageFact *pages; // by block
    NodeFact *nodes; // by node number
    List<SegmentFact> segments;
    List<ColdOwner> cold_owners;
    List<TidPlace> tids;
    bool mean_is_sound;

    // Scratch.
    char *page;
    char *other_page;
    int8_t *code;       // `padded`
    int8_t *other_code; // `padded`
    int8_t *origin;     // `coded` zeros
    float *residual;    // `padded`
    float *encoded;     // `padded`
    uint8_t *neighbour_code;

    uint32_t NodeCount() const { return blocks * geometry.slots_per_page; }
    bool Is(BlockNumber block, PageKind kind) const
    {
        return block < blocks && pages[block].kind == static_cast<uint8_t>(kind);
    }
    bool NodeIs(uint32_t id, NodeState state) const
    {
        return id < NodeCount() && nodes[id].known &&
               nodes[id].state == static_cast<uint8_t>(state);
    }
    bool BulkMergeIs(BulkMergeState state) const
    {
        return meta.bulk_merge == static_cast<uint8_t>(state);
    }
};

// One row of the result. `block` kNoBlock: none to name.
void Report(Check *check, uint32_t block, const char *invariant, const char *format, ...)
    pg_attribute_printf(4, 5);

// Copies any page there is. False: it lies beyond the file. LOCKS: the page, shared.
bool CopyPage(Check *check, BlockNumber block, char *copy);

// ---- check_pages.cc: every page by itself; fills in the facts

// Runs `read`, which reads pages, the block number of each in check->next before it is read. A page that the
// server cannot read is reported; then this returns false, check->next unchanged.
bool ReadGuarded(Check *check, void (*read)(Check *));

void CheckPages(Check *check);
void CheckMean(Check *check);

// ---- check_nodes.cc: N1, N3, N4, and N5 through check_codes.cc
void CheckEntries(Check *check);
void CheckNodes(Check *check);

// ---- check_codes.cc: N5

// Puts an own code together in check->code. False: its cold part is not to be read.
bool TakeOwnCode(Check *check, const int8_t *coded, uint32_t cold_block, uint16_t cold_slot);

// An own code and its factors.
void CheckOwnCode(Check *check, BlockNumber block, const char *whose, const int8_t *coded,
                  const OwnFactors &factors, uint32_t cold_block, uint16_t cold_slot);

// Entry `at` of a neighbour list or entry page, with the parent's own code.
void CheckNeighbourCode(Check *check, BlockNumber block, const char *whose,
                        const NeighbourArrays<const char> &arrays, uint32_t at,
                        const int8_t *parent, float parent_step);

// ---- check_chains.cc: N6
void CheckDelta(Check *check);
void CheckSegments(Check *check);
void CheckCold(Check *check);
void CheckRooms(Check *check);
void CheckCounts(Check *check);

// ---- check_rows.cc: N2
void CheckTids(Check *check);
void CheckHeap(Check *check);

} // namespace omendb
