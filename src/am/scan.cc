// amgettuple and its kin. See scan.h for the phases, DESIGN.md sections 4 and 5 for why.
#include "scan.h"

#include <algorithm>

#include "callbacks.h"
#include "omendb/graph/search.h"
#include "omendb/pg/memory.h"
#include "omendb/pg/settings.h"
#include "omendb/simd/kernels.h"
#include "pending_rows.h"
#include "row_value.h"

extern "C" {
#include <miscadmin.h>
#include <pgstat.h>
#include <utils/float.h>
#include <utils/snapmgr.h>
}

namespace omendb {

// A graph of at most so many nodes is searched whole, whatever ef_search is: each query of it is exact. It costs some
// tenths of a millisecond, where the planner seldom asks an index at all. With a pool of 50 and most of 215 rows of
// 16,000 dimensions dead, what the first pool missed came late in up to one query of six.
static constexpr size_t kSmallGraph = 400;

// A search that returned one node in this many goes on as a sweep.
static constexpr size_t kSweepFraction = 8;

IndexScanDesc
BeginScan(Relation index, int keys, int orderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, keys, orderbys);
    auto *state = static_cast<ScanState *>(palloc0(sizeof(ScanState)));
    state->context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb scan", ALLOCSET_DEFAULT_SIZES);
    state->index = index;
    state->phase = ScanPhase::kNotStarted;
    scan->opaque = state;
    if (orderbys > 0) {
        scan->xs_orderbyvals = static_cast<Datum *>(palloc0(sizeof(Datum) * orderbys));
        scan->xs_orderbynulls = static_cast<bool *>(palloc(sizeof(bool) * orderbys));
        memset(scan->xs_orderbynulls, true, sizeof(bool) * orderbys);
    }
    return scan;
}

static void
ResetScan(ScanState *state)
{
    EndReranking(state);
    if (state->sort != nullptr)
        tuplesort_end(state->sort);
    if (state->sort_slot != nullptr)
        ExecDropSingleTupleTableSlot(state->sort_slot);
    MemoryContext context = state->context;
    Relation index = state->index;
    MemoryContextReset(context);
    memset(static_cast<void *>(state), 0, sizeof(ScanState));
    state->context = context;
    state->index = index;
    state->phase = ScanPhase::kNotStarted;
}

void
Rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    ResetScan(static_cast<ScanState *>(scan->opaque));
    if (keys != nullptr && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
    if (orderbys != nullptr && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
    (void)nkeys;
    (void)norderbys;
}

void
EndScan(IndexScanDesc scan)
{
    auto *state = static_cast<ScanState *>(scan->opaque);
    ResetScan(state);
    MemoryContextDelete(state->context);
    pfree(state);
    scan->opaque = nullptr;
}

// Brings the query into index space.
static void
TakeQuery(IndexScanDesc scan, ScanState *state)
{
    Pool pool = state->pool;
    const Space &cached = GetIndexState(state->index)->space;
    size_t model_dims = ModelDims(cached.metric, cached.dims);
    float *mean = pool.NewArray<float>(model_dims);
    float *rotated_mean = pool.NewArray<float>(cached.padded);
    memcpy(mean, cached.mean, model_dims * sizeof(float));
    memcpy(rotated_mean, cached.rotated_mean, cached.padded * sizeof(float));
    state->space = cached;
    state->space.mean = mean;
    state->space.rotated_mean = rotated_mean;
    state->rotated = pool.NewZeroedArray<float>(cached.padded);

    ScanKey key = &scan->orderByData[0];
    state->null_query = (key->sk_flags & SK_ISNULL) != 0;
    if (state->null_query)
        return;
    const RowShape shape = GetIndexState(state->index)->shape;
    RowValue query = ReadRow(shape, key->sk_argument);
    if (query.vector == nullptr)
        RaiseDifferentLengths(shape, query.dims);
    state->query = QueryToSpace(state->space, query.vector->x, state->rotated);
    state->reranks = NeedsReranking(shape, state->space.metric);
    // From nothing, everything is equally far.
    state->one_distance = IsAngular(state->space.metric) && !state->query.navigable && query.zero;
    state->distance = state->space.metric == Metric::kCosine ? get_float8_nan() : 1;
}

// How many rows a pool of this width vouches for. Its fringe is thinly searched: what was missed there would
// come late if all of it were returned. Nothing is missed in a graph that the pool holds whole.
static size_t
RowsWithin(const ScanState *state, size_t width)
{
    // Nor in the delta, if all of it is ranked.
    if (width >= state->nodes && (state->reranker == nullptr || state->far_rows.empty()))
        return SIZE_MAX;
    // What is near in index space is near by its own distance too, but not in that order. Of 2,850 rows of noise, 48
    // dimensions, a LIMIT of 300 by taxicab distance has recall .70 with the shares below, .88 with a half.
    if (state->reranker != nullptr) {
        size_t visible = width - Min(width, state->invisible);
        return Max(visible / 3, Min(visible, 24));
    }
    // LIMIT 10 wants some 14 rows, and should not search twice for them.
    return state->returned == 0 ? Max(width * 3 / 4, Min(width, 24)) : width * 2 / 3;
}

static void
SearchOn(ScanState *state)
{
    state->storage->Resume(&state->visitor); // rows may have been read from the table since
    SearchGraph(*state->storage, state->candidates);
    if (state->reranker != nullptr)
        state->invisible += RankFound(state);
    size_t within = RowsWithin(state, state->candidates.width());
    state->allowance = within > state->returned ? within - state->returned : 0;
}

static void
StartScan(IndexScanDesc scan, ScanState *state)
{
    FlushAllRows();
    state->pool = PoolOf(state->context);
    Pool pool = state->pool;
    state->rows = List<ScanRow>(pool);
    state->heap = List<RankedRow>(pool);
    state->far_rows = List<uint32_t>(pool);
    state->late = List<RankedRow>(pool);
    state->delta_tids = KeySet(pool);
    state->segment_tids = List<HeapTid>(pool);
    state->stream_rows = List<ScanRow>(pool);
    state->last_bound = -get_float8_infinity();
    state->current.segment_block = kNoBlock;

    MetaPage meta = ReadMeta(state->index);
    TakeQuery(scan, state);
    state->visitor.scan = state;
    state->storage = pool.NewArray<PageStorage<ScanVisitor>>(1);
    *state->storage = PageStorage<ScanVisitor>(state->index, pool, state->rotated, &state->visitor);
    if (state->reranks && state->query.navigable)
        BeginReranking(state, scan);
    state->phase = ScanPhase::kSearch;
    TakeDelta(state, meta);
    state->storage->Resume(&state->visitor);
    // Rows that left the delta meanwhile may hang on an entry that was not there before.
    meta = ReadMeta(state->index);
    if (state->null_query || !state->query.navigable) {
        BeginStream(state);
        return;
    }
    state->nodes = meta.live_nodes + meta.joining_nodes + meta.dead_nodes;
    auto pool_width = static_cast<size_t>(ef_search);
    if (state->nodes <= kSmallGraph)
        pool_width = Max(pool_width, state->nodes);
    state->candidates = CandidatePool(pool, pool_width);
    state->storage->OfferEntries(meta.entry_head, state->candidates);
    SearchOn(state);
}

// Whether reading all nodes and sorting them beats a wider search: for memory, or because so many of them
// were returned that widening costs as much.
static bool
SweepIsDue(const ScanState *state)
{
    size_t bytes = state->candidates.MemoryBytes() + state->rows.capacity() * sizeof(ScanRow) +
                   state->heap.capacity() * sizeof(RankedRow);
    // What lists and maps outgrew stays in the pool, as much again at most.
    return 4 * bytes > static_cast<size_t>(work_mem) * 1024 ||
           state->returned > state->nodes / kSweepFraction;
}

// The next row in kSearch. False: go on with the sweep.
static bool
NextSearchRow(ScanState *state, ScanRow *row)
{
    for (;;) {
        if (state->allowance > 0 && PopNearest(state, row)) {
            if (row->bound < state->last_bound) {
                state->rows.push_back(*row);
                state->late.push_back({row->bound, static_cast<uint32_t>(state->rows.size() - 1)});
                continue;
            }
            --state->allowance;
            ++state->returned;
            return true;
        }
        if (state->reranker != nullptr)
            RankFarRows(state);
        size_t width = state->candidates.width();
        if (SweepIsDue(state) ||
            !state->candidates.Widen(Max(width + width / 2, state->returned * 3 / 2 + 24)))
            return false;
        SearchOn(state);
    }
}

static bool
NextLateRow(ScanState *state, ScanRow *row)
{
    if (state->late_next == state->late.size())
        return false;
    *row = state->rows[state->late[state->late_next++].row];
    return true;
}

static bool
NextRow(ScanState *state, ScanRow *row)
{
    for (;;) {
        switch (state->phase) {
        case ScanPhase::kSearch:
            if (NextSearchRow(state, row))
                return true;
            BeginSweep(state);
            break;
        case ScanPhase::kSweep:
            if (NextSweepRow(state, row))
                return true;
            std::sort(state->late.begin(), state->late.end(),
                      [](const RankedRow &a, const RankedRow &b) { return a.bound < b.bound; });
            state->phase = ScanPhase::kLate;
            break;
        case ScanPhase::kLate:
            if (NextLateRow(state, row))
                return true;
            state->phase = ScanPhase::kDone;
            break;
        case ScanPhase::kStream:
            if (NextStreamRow(state, row))
                return true;
            state->phase = ScanPhase::kDone;
            break;
        case ScanPhase::kNotStarted:
        case ScanPhase::kDone:
            return false;
        }
    }
}

bool
GetTuple(IndexScanDesc scan, ScanDirection direction)
{
    auto *state = static_cast<ScanState *>(scan->opaque);
    Assert(ScanDirectionIsForward(direction));
    (void)direction;

    MemoryContext caller = MemoryContextSwitchTo(state->context);
    if (state->phase == ScanPhase::kNotStarted) {
        if (scan->numberOfOrderBys == 0)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("cannot scan omendb index \"%s\" without ORDER BY a distance",
                                   RelationGetRelationName(state->index))));
        if (!IsMVCCSnapshot(scan->xs_snapshot))
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("non-MVCC snapshots are not supported with omendb")));
        pgstat_count_index_scan(scan->indexRelation);
#if PG_VERSION_NUM >= 180000
        if (scan->instrument != nullptr)
            scan->instrument->nsearches++;
#endif
        StartScan(scan, state);
    } else if (state->storage != nullptr) {
        state->storage->Resume(&state->visitor);
    }

    HeapTid tid;
    double bound = 0;
    bool found = NextVisibleTid(state, &tid, &bound);
    while (!found) {
        ScanRow row;
        if (!NextRow(state, &row))
            break;
        SetCurrent(state, row);
        state->last_bound = row.bound;
        found = NextVisibleTid(state, &tid, &bound);
    }
    MemoryContextSwitchTo(caller);
    if (!found)
        return false;

    scan->xs_heaptid = ToItemPointer(tid);
    scan->xs_recheck = false;
    // Further sort keys (ORDER BY v <-> a, v <-> b) are left to the executor: any value comes after −∞.
    scan->xs_recheckorderby =
        (!state->null_query && !state->one_distance) || scan->numberOfOrderBys > 1;
    for (int i = 1; i < scan->numberOfOrderBys; ++i) {
        scan->xs_orderbynulls[i] = false;
        scan->xs_orderbyvals[i] = Float8GetDatum(-get_float8_infinity());
    }
    scan->xs_orderbynulls[0] = state->null_query;
    scan->xs_orderbyvals[0] = Float8GetDatum(state->one_distance ? state->distance : bound);
    return true;
}

} // namespace omendb
