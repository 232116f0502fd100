// omendb_check_index: holds an index to the invariants N1 to N6 (src/page/README.md) and compares it with
// its table. One row a problem.
//
// It takes the merge right, so that node, entry, mean and tids pages and the meta page's counts stay as they
// are; inserts go on, into the delta. Readings are in this order:
//
//   1. a snapshot                  every row it sees was in the delta or the graph before it was taken
//   2. the meta page
//   3. all pages of the file       damaged ones are reported and left out of what follows
//   4. the delta, from a new reading of the meta page: delta pages met in 3 must be met again
//   5. cold pages                  after the delta: a record is taken before its owner is logged
//   6. the table, with the snapshot
//
// What the index has and the snapshot does not see is legal: rows inserted meanwhile, or dead and not yet
// vacuumed. A damaged page is a row of the result, and its consequences are rows too: nodes it anchored,
// counts it was part of.
//
// On a standby nothing keeps replay from changing pages in between: pause it, or take a surprising row for
// what it may be.
//
// Memory: 32 bytes a node slot, 16 a heap TID and 16 a page, so about a hundredth of a large index.
#include "check_state.h"

#include <cstdarg>

#include "merge.h"
#include "omendb/pg/memory.h"

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
#include <access/xlog.h>
#include <catalog/pg_class.h>
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/snapmgr.h>
}

namespace omendb {

void
Report(Check *check, uint32_t block, const char *invariant, const char *format, ...)
{
    char problem[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof(problem), format, arguments);
    va_end(arguments);
    Datum values[3] = {Int64GetDatum(block), CStringGetTextDatum(invariant),
                       CStringGetTextDatum(problem)};
    bool nulls[3] = {block == kNoBlock, false, false};
    tuplestore_putvalues(check->results, check->descriptor, values, nulls);
}

bool
CopyPage(Check *check, BlockNumber block, char *copy)
{
    if (block >= check->blocks && block >= RelationGetNumberOfBlocks(check->index))
        return false;
    WithSharedPage(check->index, block, [&](const char *page) { memcpy(copy, page, BLCKSZ); });
    return true;
}

// Raises unless the caller may check and the index can be.
static void
RequireCheckable(Relation index)
{
    const char *name = RelationGetRelationName(index);
    RequireOwner(index);
    if (!index->rd_index->indisvalid)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("cannot check index \"%s\"", name),
                        errdetail("The index is not valid: CREATE INDEX CONCURRENTLY did not "
                                  "finish.")));
    if (RecoveryInProgress() && !RelationNeedsWAL(index))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("cannot check index \"%s\"", name),
                        errdetail("An unlogged index has no content on a standby.")));
}

// The snapshot to compare with. As amcheck does it.
static Snapshot
TakeSnapshot(Relation index)
{
    Snapshot snapshot = RegisterSnapshot(GetTransactionSnapshot());
    if (IsolationUsesXactSnapshot() && index->rd_index->indcheckxmin &&
        !TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
                               snapshot->xmin))
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("index \"%s\" cannot be checked using transaction snapshot",
                               RelationGetRelationName(index))));
    return snapshot;
}

// False: nothing can be read without a meta page.
static bool
StartCheck(Check *check)
{
    check->blocks = RelationGetNumberOfBlocks(check->index);
    if (check->blocks == 0) {
        Report(check, 0, "page", "the file is empty");
        return false;
    }
    Pool pool = check->pool;
    check->page = pool.NewArray<char>(BLCKSZ);
    check->other_page = pool.NewArray<char>(BLCKSZ);
    check->next = 0;
    if (!ReadGuarded(check, [](Check *at) { CopyPage(at, 0, at->page); }))
        return false;
    PageFault fault = CheckMeta(check->page, BLCKSZ, &check->geometry);
    if (fault != PageFault::kNone) {
        Report(check, 0, "page", "%s", PageFaultText(fault));
        return false;
    }
    check->meta = *MetaOf(check->page);
    const Geometry &geometry = check->geometry;
    if (check->blocks > kMaxNodes / geometry.slots_per_page)
        check->blocks = kMaxNodes / geometry.slots_per_page; // no node lies beyond
    check->pages = pool.NewZeroedArray<PageFact>(check->blocks);
    check->nodes = pool.NewZeroedArray<NodeFact>(check->NodeCount());
    check->segments = List<SegmentFact>(pool);
    check->cold_owners = List<ColdOwner>(pool);
    check->tids = List<TidPlace>(pool);
    check->code = pool.NewZeroedArray<int8_t>(geometry.padded);
    check->other_code = pool.NewZeroedArray<int8_t>(geometry.padded);
    check->origin = pool.NewZeroedArray<int8_t>(geometry.coded);
    check->residual = pool.NewArray<float>(geometry.padded);
    check->encoded = pool.NewArray<float>(geometry.padded);
    check->neighbour_code = pool.NewArray<uint8_t>(geometry.code_bytes);
    return true;
}

static void
CheckIndex(Check *check)
{
    if (!StartCheck(check))
        return;
    CheckPages(check);
    CheckMean(check);
    CheckDelta(check);
    CheckEntries(check);
    CheckNodes(check);
    CheckSegments(check);
    CheckCold(check);
    CheckRooms(check);
    CheckCounts(check);
    CheckTids(check);
    CheckHeap(check);
}

// Makes the function's result a tuplestore.
static void
BeginResults(FunctionCallInfo fcinfo, Check *check)
{
    auto *info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (info == nullptr || !IsA(info, ReturnSetInfo) ||
        (info->allowedModes & SFRM_Materialize) == 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("set-valued function called in context that cannot accept a set")));
    MemoryContext old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
    if (get_call_result_type(fcinfo, nullptr, &check->descriptor) != TYPEFUNC_COMPOSITE ||
        check->descriptor->natts != 3)
        elog(ERROR, "omendb_check_index must be declared with 3 result columns");
    check->results = tuplestore_begin_heap(true, false, work_mem);
    info->returnMode = SFRM_Materialize;
    info->setResult = check->results;
    info->setDesc = check->descriptor;
    MemoryContextSwitchTo(old);
}

} // namespace omendb

// omendb_check_index(regclass) → (block bigint, invariant text, problem text)*
OMENDB_FUNCTION(omendb_check_index)
{
    using namespace omendb;
    Check check = {};
    BeginResults(fcinfo, &check);
    NamedIndex named = OpenNamedIndex(PG_GETARG_OID(0), AccessShareLock);
    RequireCheckable(named.index);
    check.table = named.table;
    check.index = named.index;
    check.context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb check", ALLOCSET_DEFAULT_SIZES);
    check.pool = PoolOf(check.context);
    MemoryContext old = MemoryContextSwitchTo(check.context);
    LockMerging(named.index);
    check.snapshot = TakeSnapshot(named.index);
    CheckIndex(&check);
    UnregisterSnapshot(check.snapshot);
    UnlockMerging(named.index);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(check.context);
    CloseNamedIndex(named);
    PG_RETURN_NULL();
}
