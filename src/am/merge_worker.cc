#include "merge_worker.h"

#include "bulk_merge.h"
#include "callbacks.h"
#include "join.h"
#include "merge.h"
#include "omendb/pg/settings.h"

extern "C" {
#include <access/genam.h>
#include <access/relation.h>
#include <access/xact.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
#include <tcop/tcopprot.h>
#include <utils/guc.h>
#include <utils/lsyscache.h>
#include <utils/timestamp.h>

PGDLLEXPORT void omendb_merge_worker_main(Datum argument);
}

namespace omendb {

namespace {

// What a worker is told.
struct Order {
    Oid database;
    Oid index;
    int maintenance_kb; // of the session that asked
};
static_assert(sizeof(Order) <= BGW_EXTRALEN, "an order fits bgw_extra");

// Between two requests of one backend for one index: a worker that fails is not started anew at once.
constexpr int kFirstPauseMs = 500;
constexpr int kLongestPauseMs = 60000;

// How long a worker stays when there is nothing to do, and how often it looks.
constexpr int kLingerMs = 2000;
constexpr int kLookMs = 50;

// How often a merge looks for those who wait for its locks.
constexpr int kGiveWayMs = 100;

// What this backend has asked for, an index a place (of several with one place, the last).
struct Request {
    Oid index;
    TimestampTz next; // not before
    int pause_ms;
};
constexpr Oid kRequests = 256;
Request requests[kRequests];

// From this pause on a worker has failed several times: the backend merges itself meanwhile.
constexpr int kFailingPauseMs = 4 * kFirstPauseMs;

Request *
RequestOf(Relation index)
{
    return &requests[RelationGetRelid(index) % kRequests];
}

// The index of the merge at hand, in a worker.
Relation merging = nullptr;
TimestampTz looked_at = 0;
bool gave_way = false;

// A lock that says "this index has a worker". An advisory one, with a fourth field that SQL's functions never use: only
// these survive the end of a transaction that fails, and are let go when a process ends outside of one.
LOCKTAG
WorkerTag(Oid database, Oid index)
{
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, database, index, 0, 3);
    return tag;
}

bool
HasWorker(Oid index)
{
    LOCKTAG tag = WorkerTag(MyDatabaseId, index);
    if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    LockRelease(&tag, ExclusiveLock, false);
    return false;
}

bool
StartWorker(Relation index)
{
    BackgroundWorker worker = {};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "$libdir/omendb");
    snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name),
             "omendb_merge_worker_main");
    snprintf(worker.bgw_name, sizeof(worker.bgw_name), "omendb merge of %s",
             RelationGetRelationName(index));
    snprintf(worker.bgw_type, sizeof(worker.bgw_type), "omendb merge");
    Order order = {MyDatabaseId, RelationGetRelid(index), maintenance_work_mem};
    memcpy(worker.bgw_extra, &order, sizeof(order));
    BackgroundWorkerHandle *handle;
    if (!RegisterDynamicBackgroundWorker(&worker, &handle))
        return false;
    pfree(handle);
    return true;
}

// Strong enough to be found by LockHasWaitersRelation, which knows no lock of the fast path; it conflicts with
// nothing that reads or writes rows, nor with VACUUM. Whoever drops, truncates or rebuilds a table locks its
// indexes too, so none on the table is needed.
constexpr LOCKMODE kMergeLock = ShareUpdateExclusiveLock;

enum class Step {
    kGone,  // there is no such index any more
    kBusy,  // others work at it
    kIdle,  // nothing to do
    kMerged // rows were merged, and there may be more
};

// Opens the index, unless that would wait. Null: `why` says why not.
Relation
OpenForMerge(Oid oid, Step *why)
{
    *why = Step::kBusy;
    if (!ConditionalLockRelationOid(oid, kMergeLock))
        return nullptr;
    *why = Step::kGone;
    Relation index = try_relation_open(oid, NoLock);
    if (index == nullptr)
        return nullptr;
    bool ours = index->rd_rel->relkind == RELKIND_INDEX && index->rd_indam->ambuild == Build &&
                index->rd_index->indislive && index->rd_index->indisready;
    if (!ours) {
        relation_close(index, NoLock);
        return nullptr;
    }
    merging = index;
    return index;
}

void
ReportMerging(Relation index, uint64 rows)
{
    char text[256];
    snprintf(text, sizeof(text), "merging up to " UINT64_FORMAT " rows into index \"%s\"", rows,
             RelationGetRelationName(index));
    pgstat_report_activity(STATE_RUNNING, text);
}

// One transaction: a batch of rows, or all of them by building. `all`: whatever is there; else only if the delta
// is past its limit.
Step
MergeStep(Oid oid, bool all)
{
    StartTransactionCommand();
    Step step;
    Relation index = OpenForMerge(oid, &step);
    if (index != nullptr) {
        uint64 rows = DeltaRows(index);
        uint64 limit =
            all ? 0
                : uint64{DeltaLimitPages(index)} * GetIndexState(index)->geometry.delta_capacity;
        if (rows <= limit) {
            step = Step::kIdle;
        } else if (!TryLockMerging(index)) {
            step = Step::kBusy;
        } else {
            ReportMerging(index, rows);
            uint64 merged = FinishJoining(index);
            merged += BulkMergePays(index)
                          ? MergeInBulk(index)
                          : MergeDelta(index, JoinBatch(GetIndexState(index)->geometry));
            step = merged > 0 ? Step::kMerged : Step::kIdle;
            UnlockMerging(index);
        }
        relation_close(index, NoLock);
    }
    merging = nullptr;
    CommitTransactionCommand();
    pgstat_report_stat(true);
    return step;
}

// MergeStep, where giving way is no error.
Step
TryMergeStep(Oid oid, bool all)
{
    volatile Step step = Step::kBusy;
    gave_way = false;
    PG_TRY();
    {
        step = MergeStep(oid, all);
    }
    PG_CATCH();
    {
        if (!gave_way)
            PG_RE_THROW();
        merging = nullptr;
        FlushErrorState();
        AbortCurrentTransaction();
    }
    PG_END_TRY();
    return step;
}

void
Sleep(int milliseconds)
{
    pgstat_report_activity(STATE_IDLE, nullptr);
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
}

// Merges until nothing is left, then stays for a while: inserts seldom come alone. False: the index is gone.
bool
MergeUntilIdle(Oid index)
{
    bool all = true;
    for (int idle_ms = 0; idle_ms < kLingerMs;) {
        CHECK_FOR_INTERRUPTS();
        Step step = TryMergeStep(index, all);
        if (step == Step::kGone)
            return false;
        if (step == Step::kMerged) {
            all = true;
            idle_ms = 0;
            continue;
        }
        all = all && step == Step::kBusy;
        Sleep(kLookMs);
        idle_ms += kLookMs;
    }
    return true;
}

// What a worker does. An insert may have seen a worker that was about to leave, so it looks once more afterwards.
void
Work(Oid database, Oid index)
{
    LOCKTAG tag = WorkerTag(database, index);
    while (LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL) {
        bool there = MergeUntilIdle(index);
        LockRelease(&tag, ExclusiveLock, true);
        if (!there || TryMergeStep(index, false) != Step::kMerged)
            return;
    }
}

} // namespace

// Whether only this transaction sees the index, or the file that it has now.
static bool
IsOurs(Relation index)
{
#if PG_VERSION_NUM >= 160000
    SubTransactionId file = index->rd_firstRelfilelocatorSubid;
#else
    SubTransactionId file = index->rd_firstRelfilenodeSubid;
#endif
    return RELATION_IS_LOCAL(index) || file != InvalidSubTransactionId;
}

bool
RequestMergeWorker(Relation index)
{
    if (!background_merge || IsOurs(index))
        return false;
    Request *request = RequestOf(index);
    TimestampTz now = GetCurrentTimestamp();
    if (request->index != RelationGetRelid(index))
        *request = {RelationGetRelid(index), 0, kFirstPauseMs};
    bool failing = request->pause_ms >= kFailingPauseMs;
    if (now < request->next)
        return !failing;
    request->next = TimestampTzPlusMilliseconds(now, kFirstPauseMs);
    if (HasWorker(request->index)) {
        request->pause_ms = kFirstPauseMs;
        return true;
    }
    if (!StartWorker(index)) {
        request->next = 0;
        return false;
    }
    request->next = TimestampTzPlusMilliseconds(now, request->pause_ms);
    request->pause_ms = Min(2 * request->pause_ms, kLongestPauseMs);
    return !failing;
}

void
ForgetMergeWorker(Relation index)
{
    Request *request = RequestOf(index);
    if (request->index == RelationGetRelid(index))
        request->index = InvalidOid;
}

void
GiveWay()
{
    if (merging == nullptr)
        return;
    TimestampTz now = GetCurrentTimestamp();
    if (!TimestampDifferenceExceeds(looked_at, now, kGiveWayMs))
        return;
    looked_at = now;
    if (!LockHasWaitersRelation(merging, kMergeLock))
        return;
    gave_way = true;
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                    errmsg("merge gives way to a statement that waits for the index")));
}

} // namespace omendb

void
omendb_merge_worker_main(Datum)
{
    omendb::Order order;
    memcpy(&order, MyBgworkerEntry->bgw_extra, sizeof(order));
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(order.database, InvalidOid, 0);
    char kilobytes[16];
    snprintf(kilobytes, sizeof(kilobytes), "%d", order.maintenance_kb);
    SetConfigOption("maintenance_work_mem", kilobytes, PGC_USERSET, PGC_S_SESSION);
#if PG_VERSION_NUM >= 170000
    SetConfigOption("transaction_timeout", "0", PGC_USERSET, PGC_S_SESSION); // as autovacuum has it
#endif
    pgstat_report_appname(MyBgworkerEntry->bgw_name);

    omendb::Work(order.database, order.index);
    proc_exit(0);
}
