// The state of one index scan. The rows it returns come, in this order, from
//
//   kSearch   the graph search, widened as the executor asks for more; delta rows take part from the start
//   kSweep    all nodes that the search did not expand, read page by page and sorted by bound: when the
//             graph is exhausted (rows merged meanwhile), the search's memory is, or much was returned
//   kLate     rows found after rows beyond them had been returned: held back, never dropped
//
// or, when the query gives no order (NULL, or a direction of zero), from kStream: all rows as they lie.
#pragma once

#include <optional>

#include "omendb/base/key_set.h"
#include "omendb/codec/own_code.h"
#include "page_storage.h"

extern "C" {
#include <access/genam.h>
#include <access/relscan.h>
#include <utils/tuplesort.h>
}

namespace omendb {

// Whether the operator's own values are needed to order rows.
inline bool
NeedsReranking(const RowShape &shape, Metric metric)
{
    return metric == Metric::kL1 || shape.type == ValueType::kSparsevec || shape.projected();
}

// A node or delta row that may be returned.
struct ScanRow {
    double bound;
    OwnFactors factors;
    float distance_squared; // over the coded dimensions
    uint32_t node;          // kNoNode: a delta row
    uint32_t cold_block;    // kNoBlock: the bound is final
    uint32_t segment_block; // a delta row's: its page
    uint16_t cold_slot;
    uint16_t segment_slot; // a delta row's: its item
    uint8_t generation;
    uint8_t tid_count;
    bool sampled; // the bound is of some of its TIDs; with a reranker only
    HeapTid tids[kInlineTids];
};

struct RankedRow {
    double bound;
    uint32_t row; // index into rows
};

enum class ScanPhase : uint8_t { kNotStarted, kSearch, kSweep, kLate, kStream, kDone };

struct ScanState;

// Visitor of PageStorage.
struct ScanVisitor {
    ScanState *scan;
    void OnNode(uint32_t id, ConstNodeView node, float distance_squared);
};

struct ScanState {
    MemoryContext context; // reset by a rescan
    Pool pool;
    Relation index;
    ScanPhase phase;

    // The query.
    float *rotated;
    Space space; // its arrays are copies of this scan's
    Query query;
    bool null_query;
    bool one_distance; // all rows are at `distance`: from a zero vector, an angle
    double distance;

    // The search.
    ScanVisitor visitor;
    PageStorage<ScanVisitor> *storage;
    CandidatePool candidates;
    bool reranks;
    struct Reranker *reranker; // null: bounds come from codes
    List<ScanRow> rows;
    List<uint32_t>
        unranked; // of them, found by the search since it last stopped; with a reranker only
    List<RankedRow> heap;    // rows not yet returned, nearest first
    List<uint32_t> far_rows; // of the delta, not ranked yet
    double far_bound;        // not above the bound of any of them
    List<RankedRow> late;
    size_t late_next;
    KeySet delta_tids; // heap TIDs found in the delta, not to be returned again from the graph
    size_t nodes;      // linked in the graph when the scan began
    size_t allowance;  // rows to return before the search is widened
    size_t returned;   // by the search, since it began: they are in the pool too
    size_t invisible;  // nodes of the pool of which no row is visible; with a reranker only
    double last_bound;

    // The sweep.
    Tuplesortstate *sort;
    TupleTableSlot *sort_slot;
    bool sort_late;          // second pass, over what came before sweep_from
    double sweep_from;       // last bound returned before the sweep
    bool sort_has;           // the next row of the sort is in sort_next
    RankedRow sort_next;     // `row`: the node
    uint8_t sort_generation; // of that node

    // The stream.
    BlockNumber stream_block;
    List<ScanRow> stream_rows;
    size_t stream_next;

    // The row whose TIDs are being returned.
    ScanRow current;
    uint8_t next_tid;
    uint32_t next_segment_number; // segments with a number at or above were returned
    bool current_from_delta;
    List<HeapTid> segment_tids;
};

// ---- scan_rows.cc: rows and their TIDs

// Notes a node's or delta row's row, and ranks it.
void AddScanRow(ScanState *scan, const ScanRow &row);

// Computes the bound of a row in `rows` and ranks it. False: it has no visible row, and is not ranked (with a reranker).
bool RankRow(ScanState *scan, uint32_t row);

// Adds what the cold dimensions contribute, if the record is the row's still.
// LOCKS: cold pages, then the row's node or delta page, shared, one at a time.
void RefineRow(ScanState *scan, ScanRow *row);

// Takes the nearest ranked row; reads the cold part of its code first where that is still to do. False: none.
bool PopNearest(ScanState *scan, ScanRow *row);

ScanRow RowOfNode(const ScanState *scan, uint32_t id, ConstNodeView node, float distance_squared);

// The next heap TID of the current row. LOCKS: one tids page, shared.
bool NextTid(ScanState *scan, HeapTid *tid);

void SetCurrent(ScanState *scan, const ScanRow &row);

// ---- scan_delta.cc

// Takes the delta's rows into `rows` and ranks the nearest. REQUIRES: nothing is ranked yet.
// LOCKS: as WalkDelta.
void TakeDelta(ScanState *scan, const MetaPage &meta);

// Ranks the rest of them.
void RankFarRows(ScanState *scan);

// ---- scan_rerank.cc

// For classes whose codes give no bound. LOCKS: pages of the table and its TOAST table; no page of the index meanwhile.
void BeginReranking(ScanState *state, IndexScanDesc scan);
void EndReranking(ScanState *state); // does nothing if there is none

// Sets a row's bound to the least of its TIDs' distances; of a crowd of equal codes, of some. False: none is visible.
bool RerankRow(ScanState *state, ScanRow *row);

// NextTid, and what bounds the distance of just that row: the current one's bound, unless it is sampled.
bool NextVisibleTid(ScanState *state, HeapTid *tid, double *bound);

// Lets go of the table's page.
void PauseReranking(ScanState *state);

// Ranks what the search found. Returns how many rows were invisible.
size_t RankFound(ScanState *state);

// ---- scan_sweep.cc

void BeginSweep(ScanState *scan);
bool NextSweepRow(ScanState *scan, ScanRow *row);
void BeginStream(ScanState *scan);
bool NextStreamRow(ScanState *scan, ScanRow *row);

} // namespace omendb
