// ambuild and ambuildempty.
#include <algorithm>

#include "build_external.h"
#include "build_team.h"
#include "callbacks.h"
#include "merge_worker.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/entries.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "pending_rows.h"
#include "shared_crew.h"

extern "C" {
#include <access/tableam.h>
#include <access/xloginsert.h>
#include <catalog/index.h>
#include <catalog/pg_type.h>
#include <commands/progress.h>
#include <miscadmin.h>
#include <optimizer/plancat.h>
#include <pgstat.h>
}

namespace omendb {

void
DescribeIndex(BuildState *build)
{
    ClassInfo what = ClassOf(build->index);
    Form_pg_attribute column = TupleDescAttr(RelationGetDescr(build->index), 0);
    if (column->atttypid == VARBITOID) // which the class takes for bit
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("type not supported for omendb index"),
                        errhint("Bit strings must be of one length: declare the column as bit(n), "
                                "or index an expression that is cast to bit(n).")));
    int32 typmod = column->atttypmod;
    if (typmod < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column does not have dimensions"),
                        errhint("Declare the column as %s(n), or index an expression that is "
                                "cast to %s(n).",
                                NameOf(what.value_type), NameOf(what.value_type))));
    build->shape = ShapeOf(what.value_type, static_cast<uint32_t>(typmod));
    int most = what.value_type == ValueType::kBit ? kMaxBits : kMaxDims;
    if (what.value_type != ValueType::kSparsevec && typmod > most)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("column cannot have more than %d dimensions for omendb index", most)));
    build->metric = what.metric;
    build->dims = build->shape.dims;
    auto *parameters = reinterpret_cast<StorageParameters *>(build->index->rd_options);
    build->geometry = ChooseGeometry(BLCKSZ, PaddedDims(build->metric, build->dims),
                                     parameters == nullptr ? 0 : parameters->bits);
}

void
InitMeta(const BuildState *build, char *page)
{
    InitPage(page, PageKind::kMeta);
    MetaPage *meta = MetaOf(page);
    *meta = {};
    meta->magic = kMagic;
    meta->version = kFormatVersion;
    meta->metric = static_cast<uint8_t>(build->metric);
    meta->value_type = static_cast<uint8_t>(build->shape.type);
    meta->bits = static_cast<uint8_t>(build->geometry.bits);
    meta->scaled = build->scaled;
    meta->dims = build->dims;
    meta->padded = build->geometry.padded;
    meta->coded = build->geometry.coded;
    meta->degree = build->geometry.degree;
    meta->slots_per_page = build->geometry.slots_per_page;
    meta->scale = build->space.scale;
    meta->max_norm = build->space.max_norm;
    meta->mean_head = meta->entry_head = kNoBlock;
    meta->node_room_head = meta->tids_room_head = meta->cold_room_head = kNoBlock;
    meta->next_sequence = 1;
    for (DeltaChain &chain : meta->delta)
        chain = {kNoBlock, kNoBlock, 0, 0, 0};
}

static void
CheckInterrupts()
{
    CHECK_FOR_INTERRUPTS();
    GiveWay(); // of a worker's merge by building
}

BulkOptions
CommonBulkOptions()
{
    BulkOptions options;
    options.check_interrupts = CheckInterrupts;
    return options;
}

// Bytes of memory that a row takes until it is in its page.
static size_t
RowBytes(const BuildState *build)
{
    return MemoryGraph::BytesPerRow(build->geometry.padded, build->geometry.degree) +
           BulkBytesPerRow(BulkOptions()) + sizeof(HeapTid) + sizeof(float);
}

// How many rows the graph takes: as many as the table may have, and maintenance_work_mem allows.
static uint32_t
CapacityOf(const BuildState *build, bool external, int members)
{
    // A heap page holds at most MaxHeapTuplesPerPage rows.
    double most =
        static_cast<double>(RelationGetNumberOfBlocks(build->heap)) * MaxHeapTuplesPerPage;
    double affordable = external ? ExternalCapacity()
                                 : (maintenance_work_mem * 1024.0 -
                                    members * static_cast<double>(BulkFixedBytes(
                                                  BulkOptions(), build->geometry.padded))) /
                                       static_cast<double>(RowBytes(build));
    // Places in parts, several a row, are counted with 32 bits.
    double countable =
        static_cast<double>(std::min(kMaxNodes, UINT32_MAX / BulkOptions().top_fanout));
    return static_cast<uint32_t>(std::max(16.0, std::min({most, affordable, countable})));
}

void
MakeGraph(BuildState *build)
{
    MemoryGraphOptions options = {};
    options.capacity = build->capacity;
    options.padded = build->geometry.padded;
    options.degree = build->geometry.degree;
    options.search_width = 1; // no row is linked by a search
    options.check_interrupts = CheckInterrupts;
    build->graph = build->pool.NewArray<MemoryGraph>(1);
    *build->graph = MemoryGraph(build->graph_pool, options);
    build->tids = build->graph_pool.NewArray<HeapTid>(build->capacity);
    if (build->metric == Metric::kInnerProduct)
        build->norms = build->graph_pool.NewArray<float>(build->capacity);
}

// A phase and its counts at once, so that nobody sees it with another's.
static void
ShowPhase(int64 phase, uint64_t done, uint64_t total)
{
    const int what[] = {PROGRESS_CREATEIDX_SUBPHASE, PROGRESS_CREATEIDX_TUPLES_TOTAL,
                        PROGRESS_CREATEIDX_TUPLES_DONE};
    const int64 values[] = {phase, static_cast<int64>(total), static_cast<int64>(done)};
    pgstat_progress_update_multi_param(lengthof(what), what, values);
}

static void
ShowProgress(void *, BulkPhase phase, uint64_t done, uint64_t total)
{
    ShowPhase(kPhaseLinking + static_cast<int64>(phase), done, total);
}

// Norms have served by then.
static void
SwapTids(void *build, uint32_t a, uint32_t b)
{
    HeapTid *tids = static_cast<BuildState *>(build)->tids;
    std::swap(tids[a], tids[b]);
}

static void
LinkInMemory(BuildState *build, BulkOptions options)
{
    MemoryContext context =
        AllocSetContextCreate(build->context, "omendb build links", ALLOCSET_DEFAULT_SIZES);
    options.entries = WantedEntries(build->graph->rows());
    // Of inner product, the longest rows are the answers to most queries and the neighbours of few: searches
    // start there. 15,000 words at pool 64: recall .75 instead of .69; thirty long rows among 3,000: 1
    // instead of .27.
    options.entry_rank = build->norms;
    options.swap_rows = SwapTids;
    options.swap_context = build;
    ShowPhase(kPhaseLinking, 0, build->graph->rows());
    if (build->team != nullptr) {
        BulkTeam team = BulkTeamOf(build);
        BuildBulk(build->graph, PoolOf(context), options, &team);
    } else {
        BuildBulk(build->graph, PoolOf(context), options);
    }
    MemoryContextDelete(context);
}

static void
Flush(BuildState *build)
{
    BulkOptions options = CommonBulkOptions();
    options.progress = ShowProgress;
    if (build->external != nullptr) {
        EndExternalLoad(build);
        ShowPhase(kPhaseLinking, 0, static_cast<uint64_t>(build->index_rows));
        LinkExternal(build, options);
    } else {
        LinkInMemory(build, options);
    }
    ShowPhase(kPhaseWriting, 0,
              build->external != nullptr ? ReaderOf(build)->nodes() : build->graph->nodes());
    WriteGraph(build);
    OMENDB_FAILURE_POINT("build: pages logged");
    build->flushed = true;
}

// Number of a row of the graph in memory. False: there is no room for it.
static bool
NextRow(BuildState *build, uint32_t *number)
{
    if (build->team != nullptr)
        return ClaimRow(build->team, build->capacity, number);
    *number = build->graph->rows();
    return *number < build->capacity;
}

static void
AddRow(BuildState *build, const Vector *row, uint32_t number, HeapTid tid)
{
    float norm = build->metric == Metric::kInnerProduct
                     ? static_cast<float>(Norm(const_cast<Vector *>(row)))
                     : 0;
    if (build->external != nullptr) {
        OwnFactors factors = EncodeRow(build->space, row->x, build->encoded, ExternalCode(build));
        AddExternalRow(build, factors, norm, tid);
        return;
    }
    OwnFactors factors =
        EncodeRow(build->space, row->x, build->encoded, build->graph->CodeOf(number));
    if (build->team != nullptr)
        build->graph->SetRow(number, factors);
    else
        build->graph->AddRow(factors);
    if (build->norms != nullptr)
        build->norms[number] = norm;
    build->tids[number] = tid;
}

void
LoadRow(Relation, ItemPointer tid, Datum *values, bool *isnull, bool, void *argument)
{
    auto *build = static_cast<BuildState *>(argument);
    if (isnull[0] || build->full)
        return;
    MemoryContext old = MemoryContextSwitchTo(build->row_context);
    uint32_t number = 0;
    if (!build->flushed &&
        (build->external != nullptr ? ExternalIsFull(build) : !NextRow(build, &number))) {
        if (build->team != nullptr || build->external == nullptr) { // all begins anew
            build->full = true;
            MemoryContextSwitchTo(old);
            return;
        }
        ereport(NOTICE,
                (errmsg("omendb graph no longer fits into maintenance_work_mem after %.0f rows",
                        build->index_rows),
                 errdetail("Building will take significantly more time."),
                 errhint("Increase maintenance_work_mem to speed up builds.")));
        Flush(build);
        ShowPhase(kPhaseMerging, 0, 0);
    }
    if (build->flushed)
        Insert(build->index, values, isnull, tid, nullptr, build->info);
    else
        AddRow(build, RequireRow(build->shape, values[0]), number, FromItemPointer(*tid));
    build->index_rows += 1;
    MemoryContextSwitchTo(old);
    MemoryContextReset(build->row_context);
}

// Rows of the table, as far as is known beforehand.
static double
EstimatedRows(const BuildState *build)
{
    BlockNumber pages;
    double rows, all_visible;
    estimate_rel_size(build->heap, nullptr, &pages, &rows, &all_visible);
    return rows;
}

// Bytes that a team shares at most.
static size_t
TeamBytes(const BuildState *build, bool external)
{
    if (external)
        return ExternalTeamBytes(build, build->capacity);
    return GraphAddressSpace(build->capacity, RowBytes(build)); // and for the layout of pages
}

// Reads the table, by a team if one can be had. False: there were too many rows, and nothing is left of them.
static bool
LoadTable(BuildState *build, bool external, int workers, double *heap_rows)
{
    build->capacity = CapacityOf(build, external, workers + 1);
    build->full = false;
    build->index_rows = 0;
    if (AssembleTeam(build, workers, TeamBytes(build, external), external)) {
        pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoading);
        if (LoadWithTeam(build, heap_rows))
            return true;
        if (!external)
            return false;
        EndExternal(build);
    }
    MemoryContext context =
        AllocSetContextCreate(build->context, "omendb build graph", ALLOCSET_DEFAULT_SIZES);
    build->full = false;
    build->index_rows = 0;
    build->graph_pool = PoolOf(context);
    if (external)
        StartExternal(build, nullptr);
    else
        MakeGraph(build);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoading);
    *heap_rows = table_index_build_scan(build->heap, build->index, build->info, true, true, LoadRow,
                                        build, nullptr);
    if (build->full)
        MemoryContextDelete(context);
    return !build->full;
}

IndexBuildResult *
Build(Relation heap, Relation index, IndexInfo *info)
{
    if (RelationGetNumberOfBlocks(index) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_INTERNAL_ERROR),
                 errmsg("index \"%s\" already contains data", RelationGetRelationName(index))));

    ForgetRows(RelationGetRelid(index));
    auto *build = static_cast<BuildState *>(palloc0(sizeof(BuildState)));
    build->heap = heap;
    build->index = index;
    build->info = info;
    build->context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb build", ALLOCSET_DEFAULT_SIZES);
    build->row_context =
        AllocSetContextCreate(build->context, "omendb build row", ALLOCSET_DEFAULT_SIZES);
    build->pool = PoolOf(build->context);
    MemoryContext old = MemoryContextSwitchTo(build->context);
    DescribeIndex(build);
    build->encoded = build->pool.NewArray<float>(build->geometry.padded);
    SampleTable(build);
    int workers = PlanWorkers(build);
    double heap_rows = 0;
    // An estimate may err: then the table is read twice.
    if (EstimatedRows(build) > CapacityOf(build, false, workers + 1) ||
        !LoadTable(build, false, workers, &heap_rows))
        LoadTable(build, true, workers, &heap_rows);
    if (!build->flushed)
        Flush(build);
    if (build->external != nullptr)
        EndExternal(build);

    MemoryContextSwitchTo(old);
    auto *result = static_cast<IndexBuildResult *>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = heap_rows;
    result->index_tuples = build->index_rows;
    MemoryContextDelete(build->context);
    pfree(build);
    return result;
}

void
BuildEmpty(Relation index)
{
    BuildState build = {};
    build.index = index;
    DescribeIndex(&build);
    build.space.scale = 1;
    Buffer buffer = ReadBufferExtended(index, INIT_FORKNUM, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    START_CRIT_SECTION();
    InitMeta(&build, BufferGetPage(buffer));
    MarkBufferDirty(buffer);
    log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
    UnlockReleaseBuffer(buffer);
}

} // namespace omendb
