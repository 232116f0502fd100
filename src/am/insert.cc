// aminsert: a row goes to the end of a delta chain. Two page touches, one small WAL record.
#include "bulk_merge.h"
#include "callbacks.h"
#include "cold.h"
#include "merge.h"
#include "merge_worker.h"
#include "omendb/codec/own_code.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "omendb/type/vector.h"

extern "C" {
#include <miscadmin.h>
#include <storage/lmgr.h>
#include <storage/proc.h>
}

namespace omendb {

namespace {

// A statement that inserts so many rows loads a table. Smaller ones keep the delta within its limit.
constexpr uint64 kLoadRows = 1000;

struct NewRow {
    DeltaItem item;
    const int8_t *code; // `padded` values
};

// Puts the row into the page's next item. False: the page is full.
bool
Append(char *page, const Geometry &geometry, const NewRow &row)
{
    auto view = DeltaOf(page, geometry);
    uint32_t at = view.header()->used;
    if (at >= geometry.delta_capacity)
        return false;
    view.items()[at] = row.item;
    memcpy(view.own(at), row.code, geometry.coded);
    view.header()->used = static_cast<uint16_t>(at + 1);
    return true;
}

// LOCKS: the chain's last page, exclusively. False: it is full, or no longer the last.
bool
AppendToTail(Relation index, const Geometry &geometry, int chain, BlockNumber tail,
             const NewRow &row)
{
    Buffer buffer = ReadLinked(index, tail);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    const char *seen = BufferGetPage(buffer);
    bool ours = CheckKind(seen, BLCKSZ, PageKind::kDelta) == PageFault::kNone &&
                DeltaOf(seen, geometry).header()->chain == chain &&
                TrailerOf(seen, BLCKSZ)->next == kNoBlock &&
                DeltaOf(seen, geometry).header()->used < geometry.delta_capacity;
    if (!ours) {
        UnlockReleaseBuffer(buffer);
        return false;
    }
    WalRecord record(index);
    Append(record.AddLocked(buffer, false), geometry, row);
    record.Finish();
    OMENDB_FAILURE_POINT("insert: row appended");
    return true;
}

// LOCKS: meta, the chain's last page, a new page: exclusively, in this order.
void
AppendToNewTail(Relation index, const Geometry &geometry, int chain, const NewRow &row)
{
    Buffer fresh = NewPage(index);
    // NewPage's lock is on a page that no other backend can name, so meta may be locked after it.
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    DeltaChain *at = &meta->delta[chain];
    uint64_t sequence = meta->next_sequence++;
    BlockNumber block = BufferGetBlockNumber(fresh);
    if (at->tail != kNoBlock) {
        char *tail = record.Add(at->tail);
        RequireKind(index, at->tail, tail, PageKind::kDelta);
        TrailerOf(tail, BLCKSZ)->next = block;
        DeltaOf(tail, geometry).header()->next_sequence = sequence;
    } else {
        at->head = block;
        at->head_sequence = sequence;
    }
    at->tail = block;
    at->pages++;
    char *page = record.AddLocked(fresh, true);
    InitPage(page, PageKind::kDelta);
    TrailerOf(page, BLCKSZ)->sequence = sequence;
    DeltaOf(page, geometry).header()->chain = static_cast<uint16_t>(chain);
    Append(page, geometry, row);
    record.Finish();
    OMENDB_FAILURE_POINT("insert: delta page added");
}

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
        meta->scale =
            meta->metric == static_cast<uint8_t>(Metric::kCosine) ? 1 : ScaleForNorm(norm);
        // Rows to come are longer than the first as often as not. 10,000 words inserted, inner product: recall
        // .697 with the first row's own norm, .984 with twice that, .980 with four times.
        meta->max_norm = static_cast<float>(2 * norm);
    }
    record.Finish();
    OMENDB_FAILURE_POINT("insert: scale set");
    DropIndexState(index);
}

uint32_t
DeltaPages(const MetaPage &meta)
{
    uint32_t pages = 0;
    for (const DeltaChain &chain : meta.delta)
        pages += chain.pages;
    return pages;
}

// Counts the rows that a statement has inserted, this one included.
uint64
CountRow(IndexInfo *info)
{
    if (info->ii_AmCache == nullptr)
        info->ii_AmCache = MemoryContextAllocZero(info->ii_Context, sizeof(uint64));
    return ++*static_cast<uint64 *>(info->ii_AmCache);
}

// What an inserting backend does about a delta past its limit: it has a worker merge it. Where none can be had, it
// merges a few rows itself. But a statement that loads, whose own rows are many and half of the delta, is then better
// off letting the delta grow and building: what that takes is in proportion to what the statement itself has inserted.
void
HelpMerging(Relation index, const MetaPage &meta, uint64 own_rows, bool statement_ends)
{
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
    bool waits = loads ? !statement_ends && rows < grows_to : statement_ends;
    if (waits || !TryLockMerging(index))
        return;
    if (loads && BulkMergePays(index))
        MergeAll(index);
    else if (!statement_ends)
        MergeDelta(index, kInsertMergeRows);
    UnlockMerging(index);
}

} // namespace

bool
Insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, IndexInfo *info)
{
    if (isnull[0])
        return false;

    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Vector *vector = DatumGetVector(values[0]);
    IndexState *state = GetIndexState(index);
    CheckExpectedDimensions(static_cast<int32>(state->space.dims), vector->dim);
    if (!state->scaled && GivesScale(vector)) {
        SetScale(index, vector);
        state = GetIndexState(index);
    }
    Geometry geometry = state->geometry;

    Pool pool = PoolOf(context);
    float *encoded = pool.NewArray<float>(geometry.padded);
    int8_t *code = pool.NewArray<int8_t>(geometry.padded);
    bool representable = RowToSpace(state->space, vector->x, encoded);
    OwnFactors factors = EncodeOwn(state->space, encoded, representable, code);
    ColdAddress cold = WriteCold(index, geometry, code + geometry.coded);
    NewRow row = {};
    row.item.tid = FromItemPointer(*tid);
    row.item.state = static_cast<uint8_t>(DeltaState::kPresent);
    row.item.node = kNoNode;
    row.item.cold_block = cold.block;
    row.item.cold_slot = cold.slot;
    row.item.step = factors.step;
    row.item.norm_squared = factors.norm_squared;
    row.item.error = factors.error;
    row.item.mean_dot = factors.mean_dot;
    row.code = code;

    int chain = MyProcPid % kDeltaChains;
    MetaPage meta = ReadMeta(index);
    while (meta.delta[chain].tail == kNoBlock ||
           !AppendToTail(index, geometry, chain, meta.delta[chain].tail, row)) {
        CHECK_FOR_INTERRUPTS();
        BlockNumber tail = meta.delta[chain].tail;
        meta = ReadMeta(index);
        if (meta.delta[chain].tail != tail)
            continue; // another backend of this chain was faster
        OMENDB_FAILURE_POINT("insert: delta page found full");
        AppendToNewTail(index, geometry, chain, row);
        meta = ReadMeta(index);
        break;
    }

    HelpMerging(index, meta, CountRow(info), false);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return false;
}

void
EndInserts(Relation index, IndexInfo *info)
{
    if (info->ii_AmCache != nullptr)
        HelpMerging(index, ReadMeta(index), *static_cast<uint64 *>(info->ii_AmCache), true);
}

} // namespace omendb
