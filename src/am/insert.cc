// aminsert: a row goes to the end of a delta chain, alone or with others of its statement (pending_rows.h). Two page
// touches and one small WAL record each time.
#include "bulk_merge.h"
#include "callbacks.h"
#include "cold.h"
#include "delta.h"
#include "merge.h"
#include "merge_worker.h"
#include "omendb/codec/own_code.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "pending_rows.h"
#include "row_value.h"

extern "C" {
#include <miscadmin.h>
#include <storage/lmgr.h>
#include <storage/proc.h>
}

namespace omendb {

namespace {

// A statement that inserts so many rows loads a table. Smaller ones keep the delta within its limit.
constexpr uint64 kLoadRows = 1000;

// Whether a row says anything about the scale of index space: as in a build's sample, not if it is zero or
// too large for any.
bool
GivesScale(const Vector *row)
{
    double norm = Norm(row);
    return norm > 0 && norm < 1e18;
}

// The first such row of an index built without one sets the scale.
// LOCKS: meta, exclusively.
void
SetScale(Relation index, const Vector *row)
{
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    if (meta->scaled == 0) {
        double norm = Norm(row);
        meta->scaled = 1;
        meta->scale = IsAngular(static_cast<Metric>(meta->metric)) ? 1 : ScaleForNorm(norm);
        // Rows to come are longer than the first as often as not. 10,000 words inserted, inner product: recall
        // .697 with the first row's own norm, .984 with twice that, .980 with four times.
        meta->max_norm = static_cast<float>(2 * norm);
    }
    record.Finish();
    OMENDB_FAILURE_POINT("insert: scale set");
    DropIndexState(index);
}

// What an inserting backend does about a delta past its limit, to which it has just added rows: it has a worker merge
// it. Where none can be had, it merges a few rows itself. But a statement that loads, whose own rows are many and half
// of the delta, is then better off letting the delta grow and building: what that takes is in proportion to what the
// statement itself has inserted.
void
HelpMerging(Relation index, uint64 added, uint64 own_rows, bool statement_ends)
{
    MetaPage meta = ReadMeta(index);
    uint32_t pages = DeltaPages(meta);
    if (pages <= DeltaLimitPages(index)) {
        ForgetMergeWorker(index);
        return;
    }
    if (RequestMergeWorker(index))
        return;
    uint64 rows = uint64{pages} * GetIndexState(index)->geometry.delta_capacity;
    bool loads = own_rows >= kLoadRows && own_rows >= rows / 2 && BulkMergeFits(index, meta, rows);
    uint64 grows_to = Max(meta.live_nodes / 8, Min(own_rows, meta.live_nodes) / 2);
    bool waits = loads ? !statement_ends && rows < grows_to : added == 0;
    if (waits || !TryLockMerging(index))
        return;
    if (loads && BulkMergePays(index))
        MergeAll(index);
    else if (added > 0)
        MergeDelta(index, Max(kInsertMergeRows, 2 * added));
    UnlockMerging(index);
}

// The row's item of the delta; its code, of `padded` values, goes to `code`.
DeltaItem
Encode(Relation index, Pool pool, const Vector *vector, ItemPointer tid, int8_t *code)
{
    IndexState *state = GetIndexState(index);
    Geometry geometry = state->geometry;
    float *encoded = pool.NewArray<float>(geometry.padded);
    OwnFactors factors = EncodeRow(state->space, vector->x, encoded, code);
    ColdAddress cold = WriteCold(index, geometry, code + geometry.coded);
    DeltaItem item = {};
    item.tid = FromItemPointer(*tid);
    item.state = static_cast<uint8_t>(DeltaState::kPresent);
    item.node = kNoNode;
    item.cold_block = cold.block;
    item.cold_slot = cold.slot;
    item.step = factors.step;
    item.norm_squared = factors.norm_squared;
    item.error = factors.error;
    item.mean_dot = factors.mean_dot;
    return item;
}

} // namespace

bool
Insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap, IndexInfo *info)
{
    if (isnull[0])
        return false;

    InsertingStatement *statement = StatementOf(info);
    MemoryContext old = MemoryContextSwitchTo(statement->scratch);
    // Reading a value that lies out of line may drop the index's state.
    const RowShape shape = GetIndexState(index)->shape;
    const Vector *vector = RequireRow(shape, values[0]);
    IndexState *state = GetIndexState(index);
    if (!state->scaled && GivesScale(vector)) {
        SetScale(index, vector);
        state = GetIndexState(index);
    }
    Pool pool = PoolOf(statement->scratch);
    int8_t *code = pool.NewArray<int8_t>(state->geometry.padded);
    DeltaItem item = Encode(index, pool, vector, tid, code);
    uint32_t added = AddRow(statement, heap, index, item, code);
    if (added > 0)
        HelpMerging(index, added, statement->rows, false);
    MemoryContextSwitchTo(old);
    MemoryContextReset(statement->scratch);
    return false;
}

void
EndInserts(Relation index, IndexInfo *info)
{
    if (info->ii_AmCache == nullptr)
        return;
    InsertingStatement *statement = StatementOf(info);
    uint32_t added = FlushStatement(statement, index);
    HelpMerging(index, added, statement->rows, true);
}

} // namespace omendb
