// The state of one run of omendb_check_index, and its passes. check.cc says what is read in which order, and
// why that is consistent while rows are inserted.
#pragma once

#include "check.h"
#include "index_state.h"
#include "omendb/base/list.h"
#include "omendb/page/views.h"

extern "C" {
#include <utils/snapshot.h>
#include <utils/tuplestore.h>
}

namespace omendb {

// What one pass over the file notes of each block.
struct PageFact {
    uint32_t next;
    uint32_t ordinal; // of a tids or cold page: its place in segments or in cold_owned
    uint8_t kind;     // PageKind; 0: never written
    uint8_t flags;
    bool sound;   // one-page checks passed
    bool chained; // met in a chain or list
    bool room;    // it has free slots, segments or records
};

struct NodeFact {
    uint64_t birth;
    uint32_t segment_block;
    uint16_t segment_slot;
    uint8_t generation;
    uint8_t flags;
    NodeState state;
    bool known;    // its page is sound
    bool anchored; // has an anchored in-edge from an older node
    uint8_t listed; // times met in entry pages, at most 2
    uint8_t named;  // times met in merging delta items, at most 2
};

struct SegmentFact {
    uint32_t owner;
    uint32_t number;
    uint32_t next_block;
    uint16_t next_slot;
    uint8_t generation;
    bool reached;
};

struct ColdPageFact {
    uint64_t owned; // records with an owner
};

// Where the index has a heap TID.
struct TidPlace {
    uint64_t key;
    uint32_t where; // node, or block of the delta page
    uint16_t at;    // item of the delta page
    bool delta;
};

struct Check {
    MemoryContext context;
    MemoryContext row_context; // reset for each heap row
    Pool pool;
    Relation table;
    Relation index;
    Snapshot snapshot;
    Tuplestorestate *results;
    TupleDesc descriptor;

    MetaPage meta; // as of the start; the merge right keeps all but delta and cold as they are
    Geometry geometry;
    BlockNumber blocks;    // size at the start
    BlockNumber next_block; // of the pass over all pages
    char *page;            // copies of pages
    char *other_page;

    PageFact *pages; // by block
    NodeFact *nodes; // by node number
    List<SegmentFact> segments; // segment_capacity for each tids page
    List<ColdPageFact> cold;
    List<TidPlace> tids;
    bool mean_sound;
    uint64_t heap_rows_checked;

    // Scratch for codes.
    int8_t *code;       // `padded`
    int8_t *other_code; // `padded`
    int8_t *origin;     // `coded` zeros
    float *residual;    // `padded`
    float *encoded;     // `padded`
    uint8_t *neighbour_code;
};

// One row of the result. `block` kNoBlock: none to name.
void Report(Check *check, uint32_t block, const char *invariant, const char *format, ...)
    pg_attribute_printf(4, 5);

// Copies a page that may have been added or changed since the first pass. False: it is not of this kind, and
// that was reported under `invariant`. LOCKS: the page, shared.
bool CopyPage(Check *check, BlockNumber block, PageKind kind, const char *invariant, char *copy);

// True if the first pass found `block` to be a sound page of this kind.
bool IsSound(const Check *check, BlockNumber block, PageKind kind);

// ---- check_pages.cc
void CheckPages(Check *check);

// ---- check_nodes.cc: N1, N3, N4, N5
void CheckEntries(Check *check);
void CheckNodes(Check *check);

// ---- check_codes.cc: N5
void CheckOwnNorm(Check *check, BlockNumber block, const char *whose, float step,
                  float norm_squared);
void CheckNeighbourCode(Check *check, BlockNumber block, const char *whose, uint32_t to,
                        const int8_t *parent, float parent_step, const int8_t *child,
                        float child_step, NeighbourFactors stored, const uint8_t *stored_code);
// Reads a record of cold_bytes. False: it was reported.
bool CopyCold(Check *check, BlockNumber from, uint32_t block, uint16_t slot, int8_t *out);

// ---- check_chains.cc: N6
void CheckDelta(Check *check);
void CheckSegments(Check *check);
void CheckCold(Check *check);
void CheckRooms(Check *check);
void CheckCounts(Check *check);
void CheckMean(Check *check);
void NoteColdOwner(Check *check, BlockNumber from, uint32_t block, uint16_t slot);

// ---- check_rows.cc: N2
void CheckTids(Check *check);
void CheckHeap(Check *check);

} // namespace omendb
