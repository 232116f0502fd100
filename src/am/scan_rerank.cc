// Classes whose codes say nothing certain of the distance: the search goes by index space, and what it finds is ranked
// by the operator's own value, from the table. The executor computes it again, for it cannot be told that a row is exact
// of which others hang on the same node.
#include <cmath>

#include "scan.h"

extern "C" {
#include <access/tableam.h>
#include <catalog/index.h>
#include <executor/executor.h>
#include <miscadmin.h>
#include <utils/float.h>
}

namespace omendb {

struct Reranker {
    IndexScanDesc scan;
    IndexInfo *info;
    EState *executor; // of index expressions
    TupleTableSlot *slot;
    IndexFetchTableData *fetch;
};

void
BeginReranking(ScanState *state, IndexScanDesc scan)
{
    auto *reranker = state->pool.NewZeroedArray<Reranker>(1);
    reranker->scan = scan;
    reranker->info = BuildIndexInfo(scan->indexRelation);
    reranker->executor = CreateExecutorState();
    reranker->slot = table_slot_create(scan->heapRelation, nullptr);
    reranker->fetch = table_index_fetch_begin(scan->heapRelation);
    state->unranked = List<uint32_t>(state->pool);
    state->reranker = reranker;
}

void
EndReranking(ScanState *state)
{
    Reranker *reranker = state->reranker;
    if (reranker == nullptr)
        return;
    table_index_fetch_end(reranker->fetch);
    ExecDropSingleTupleTableSlot(reranker->slot);
    FreeExecutorState(reranker->executor);
    state->reranker = nullptr;
}

// False: the query's snapshot sees no row there.
static bool
ReadDistance(Reranker *reranker, const HeapTid &tid, double *distance)
{
    ItemPointerData pointer = ToItemPointer(tid);
    bool again = false;
    if (!table_index_fetch_tuple(reranker->fetch, &pointer, reranker->scan->xs_snapshot,
                                 reranker->slot, &again, nullptr))
        return false;
    ExprContext *expressions = GetPerTupleExprContext(reranker->executor);
    MemoryContext old = MemoryContextSwitchTo(expressions->ecxt_per_tuple_memory);
    expressions->ecxt_scantuple = reranker->slot;
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    FormIndexDatum(reranker->info, reranker->slot, reranker->executor, values, nulls);
    ScanKey key = &reranker->scan->orderByData[0];
    if (!nulls[0])
        *distance = DatumGetFloat8(
            FunctionCall2Coll(&key->sk_func, key->sk_collation, values[0], key->sk_argument));
    MemoryContextSwitchTo(old);
    ResetPerTupleExprContext(reranker->executor);
    ExecClearTuple(reranker->slot);
    return !nulls[0];
}

// Rows of a node that are read to rank it. Rows of one code are equal, as a rule.
static constexpr size_t kSampledTids = 64;

bool
RerankRow(ScanState *state, ScanRow *row)
{
    // Nothing is being returned: the next row is asked for when the last one's TIDs are.
    SetCurrent(state, *row);
    bool visible = false;
    size_t read = 0;
    double nearest = get_float8_infinity(); // NaN, which is ordered last, counts as that
    HeapTid tid;
    while (NextTid(state, &tid)) {
        CHECK_FOR_INTERRUPTS();
        double distance;
        if (!ReadDistance(state->reranker, tid, &distance))
            continue;
        visible = true;
        if (distance < nearest)
            nearest = distance;
        if (++read == kSampledTids) {
            row->sampled = true;
            break;
        }
    }
    row->bound = nearest;
    row->cold_block = kNoBlock;
    return visible;
}

size_t
RankFound(ScanState *state)
{
    size_t invisible = 0;
    for (uint32_t at : state->unranked)
        invisible += !RankRow(state, at);
    state->unranked.clear();
    PauseReranking(state);
    return invisible;
}

void
PauseReranking(ScanState *state)
{
    if (state->reranker != nullptr)
        table_index_fetch_reset(state->reranker->fetch);
}

bool
NextVisibleTid(ScanState *state, HeapTid *tid, double *bound)
{
    *bound = state->current.bound;
    if (state->reranker == nullptr || !state->current.sampled)
        return NextTid(state, tid);
    bool found = false;
    while (!found && NextTid(state, tid)) {
        CHECK_FOR_INTERRUPTS();
        double distance;
        if (!ReadDistance(state->reranker, *tid, &distance))
            continue;
        // One nearer than those that were read comes late, by less than codes can tell.
        if (distance < *bound)
            *bound = distance;
        found = true;
    }
    PauseReranking(state);
    return found;
}

} // namespace omendb
