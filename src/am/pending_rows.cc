#include "pending_rows.h"

#include "omendb/am/handler.h"

extern "C" {
#include <access/htup_details.h>
#include <access/relation.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <executor/executor.h>
#include <utils/memutils.h>
}

namespace omendb {

// In the transaction's memory.
struct PendingRows {
    PendingRows *next;
    Oid index;
    SubTransactionId level; // that the rows belong to
    uint32_t capacity;
    uint32_t count;
    uint32_t written; // of them: a flush that failed between two records is not repeated for these
    DeltaItem *items;
    int8_t *codes; // `coded` values each
};

namespace {

PendingRows *pending_of_transaction = nullptr;
uint32_t rows_waiting = 0;
uint64 transaction_number = 1;
ExecutorStart_hook_type next_executor_start = nullptr;
ExecutorEnd_hook_type next_executor_end = nullptr;

void
Discard(PendingRows *pending)
{
    rows_waiting -= pending->count;
    pending->count = pending->written = 0;
}

uint32_t
Flush(PendingRows *pending, Relation index)
{
    uint32_t from = pending->written;
    uint32_t count = pending->count - from;
    if (count == 0)
        return 0;
    size_t coded = GetIndexState(index)->geometry.coded;
    AppendRows(index, {pending->items + from, pending->codes + from * coded, count},
               &pending->written);
    Discard(pending);
    return count;
}

// The statement's lock on the table keeps the index from going, but for what the transaction itself does.
void
Flush(PendingRows *pending)
{
    if (pending->count == 0)
        return;
    Relation index = try_relation_open(pending->index, RowExclusiveLock);
    if (index == nullptr) {
        Discard(pending);
        return;
    }
    Flush(pending, index);
    relation_close(index, NoLock);
}

PendingRows *
PendingOf(const InsertingStatement *statement)
{
    return statement->transaction == transaction_number ? statement->pending : nullptr;
}

// The memory of a statement goes, after an error too: nothing may be written here. What it has gathered and not written
// (COPY, before PostgreSQL 17) stays the transaction's.
void
AtStatementEnd(void *argument)
{
    auto *statement = static_cast<InsertingStatement *>(argument);
    PendingRows *pending = PendingOf(statement);
    if (pending == nullptr || pending->count > 0)
        return;
    PendingRows **link = &pending_of_transaction;
    while (*link != pending)
        link = &(*link)->next;
    *link = pending->next;
    pfree(pending->items);
    pfree(pending->codes);
    pfree(pending);
}

void
AtTransaction(XactEvent event, void *)
{
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PARALLEL_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        FlushAllRows();
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PREPARE:
        Assert(rows_waiting == 0);
        [[fallthrough]];
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
        pending_of_transaction = nullptr;
        rows_waiting = 0;
        ++transaction_number;
        break;
    }
}

// Rows that wait belong to the innermost subtransaction: whoever catches an error of their writing undoes them too. A
// subtransaction's numbers are above those of its parents, and of those that ended before it began.
void
AtSubTransaction(SubXactEvent event, SubTransactionId own, SubTransactionId, void *)
{
    if (event == SUBXACT_EVENT_START_SUB || event == SUBXACT_EVENT_PRE_COMMIT_SUB) {
        FlushAllRows();
    } else if (event == SUBXACT_EVENT_ABORT_SUB) {
        for (PendingRows *pending = pending_of_transaction; pending != nullptr;
             pending = pending->next)
            if (pending->level >= own)
                Discard(pending);
    }
}

// A statement's functions and triggers have queries of their own, whose parallel workers know only what is in the delta.
void
AtExecutorStart(QueryDesc *query, int flags)
{
    if (query->plannedstmt->parallelModeNeeded)
        FlushAllRows();
    if (next_executor_start != nullptr)
        next_executor_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

// The end of a statement that may have inserted; not reached after an error.
void
AtExecutorEnd(QueryDesc *query)
{
    if (query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE)
        FlushAllRows();
    if (next_executor_end != nullptr)
        next_executor_end(query);
    else
        standard_ExecutorEnd(query);
}

PendingRows *
MakePending(InsertingStatement *statement, Relation index)
{
    const Geometry &geometry = GetIndexState(index)->geometry;
    MemoryContext memory = TopTransactionContext;
    auto *pending = static_cast<PendingRows *>(MemoryContextAllocZero(memory, sizeof(PendingRows)));
    pending->index = RelationGetRelid(index);
    pending->capacity = geometry.delta_capacity;
    pending->items = static_cast<DeltaItem *>(
        MemoryContextAlloc(memory, geometry.delta_capacity * sizeof(DeltaItem)));
    pending->codes = static_cast<int8_t *>(
        MemoryContextAlloc(memory, size_t{geometry.delta_capacity} * geometry.coded));
    pending->next = pending_of_transaction;
    pending_of_transaction = pending;
    statement->pending = pending;
    statement->transaction = transaction_number;
    return pending;
}

// Whether the row was inserted speculatively, and may be taken back without an abort: ON CONFLICT.
bool
IsSpeculative(Relation heap, const HeapTid &tid)
{
    ItemPointerData pointer = ToItemPointer(tid);
    Buffer buffer = ReadBuffer(heap, ItemPointerGetBlockNumber(&pointer));
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Page page = BufferGetPage(buffer);
    ItemId item = PageGetItemId(page, tid.offset);
    bool speculative =
        !ItemIdIsNormal(item) ||
        HeapTupleHeaderIsSpeculative(reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item)));
    UnlockReleaseBuffer(buffer);
    return speculative;
}

bool
MayWait(const InsertingStatement *statement, Relation heap, Relation index, const HeapTid &tid)
{
    const Geometry &geometry = GetIndexState(index)->geometry;
    return heap != nullptr && statement->rows > 0 && geometry.cold_bytes == 0 &&
           geometry.delta_capacity > 1 && index->rd_index->indisvalid &&
           heap->rd_tableam == GetHeapamTableAmRoutine() && !IsSpeculative(heap, tid) &&
           !IsolationIsSerializable();
}

} // namespace

InsertingStatement *
StatementOf(IndexInfo *info)
{
    if (info->ii_AmCache == nullptr) {
        auto *statement = static_cast<InsertingStatement *>(
            MemoryContextAllocZero(info->ii_Context, sizeof(InsertingStatement)));
        statement->scratch =
            AllocSetContextCreate(info->ii_Context, "omendb insert", ALLOCSET_DEFAULT_SIZES);
        statement->at_end.func = AtStatementEnd;
        statement->at_end.arg = statement;
        MemoryContextRegisterResetCallback(info->ii_Context, &statement->at_end);
        info->ii_AmCache = statement;
    }
    return static_cast<InsertingStatement *>(info->ii_AmCache);
}

uint32_t
AddRow(InsertingStatement *statement, Relation heap, Relation index, const DeltaItem &item,
       const int8_t *code)
{
    bool waits = MayWait(statement, heap, index, item.tid);
    ++statement->rows;
    if (!waits) {
        AppendRows(index, {&item, code, 1});
        return 1;
    }
    uint32_t flushed = 0;
    SubTransactionId level = GetCurrentSubTransactionId();
    PendingRows *pending = PendingOf(statement);
    if (pending == nullptr)
        pending = MakePending(statement, index);
    else if (pending->count > 0 && pending->level != level)
        flushed = Flush(pending, index);
    size_t coded = GetIndexState(index)->geometry.coded;
    Assert(pending->count < pending->capacity); // who catches an error of a flush discards
    pending->level = level;
    pending->items[pending->count] = item;
    memcpy(pending->codes + pending->count * coded, code, coded);
    ++pending->count;
    ++rows_waiting;
    if (pending->count == pending->capacity)
        flushed += Flush(pending, index);
    return flushed;
}

uint32_t
FlushStatement(InsertingStatement *statement, Relation index)
{
    PendingRows *pending = PendingOf(statement);
    return pending == nullptr ? 0 : Flush(pending, index);
}

void
FlushAllRows()
{
    for (PendingRows *pending = pending_of_transaction; rows_waiting > 0 && pending != nullptr;
         pending = pending->next)
        Flush(pending);
}

void
ForgetRows(Oid index)
{
    for (PendingRows *pending = pending_of_transaction; pending != nullptr; pending = pending->next)
        if (pending->index == index)
            Discard(pending);
}

void
WatchTransactions()
{
    RegisterXactCallback(AtTransaction, nullptr);
    RegisterSubXactCallback(AtSubTransaction, nullptr);
    next_executor_start = ExecutorStart_hook;
    ExecutorStart_hook = AtExecutorStart;
    next_executor_end = ExecutorEnd_hook;
    ExecutorEnd_hook = AtExecutorEnd;
}

} // namespace omendb
