// ambuild and ambuildempty.
#include <algorithm>

#include "build_team.h"
#include "callbacks.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/entries.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "omendb/type/vector.h"

extern "C" {
#include <access/tableam.h>
#include <access/xloginsert.h>
#include <catalog/index.h>
#include <commands/progress.h>
#include <miscadmin.h>
#include <pgstat.h>
}

namespace omendb {

void
DescribeIndex(BuildState *build)
{
    int32 typmod = TupleDescAttr(RelationGetDescr(build->index), 0)->atttypmod;
    if (typmod < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column does not have dimensions"),
                        errhint("Declare the column as vector(n), or index an expression that is "
                                "cast to vector(n).")));
    build->metric = MetricOf(build->index);
    build->dims = typmod;
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
    meta->value_type = kValueVector;
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
}

BulkOptions
BulkOptionsOf(const BuildState *)
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
static void
SetCapacity(BuildState *build, int members)
{
    // A heap page holds at most MaxHeapTuplesPerPage rows.
    double most =
        static_cast<double>(RelationGetNumberOfBlocks(build->heap)) * MaxHeapTuplesPerPage;
    double affordable =
        (maintenance_work_mem * 1024.0 -
         members * static_cast<double>(BulkFixedBytes(BulkOptions(), build->geometry.padded))) /
        static_cast<double>(RowBytes(build));
    // Places in parts, several a row, are counted with 32 bits.
    double countable =
        static_cast<double>(std::min(kMaxNodes, UINT32_MAX / BulkOptions().top_fanout));
    build->capacity =
        static_cast<uint32_t>(std::max(16.0, std::min({most, affordable, countable})));
}

static void
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

static void
LinkRows(BuildState *build)
{
    MemoryContext context =
        AllocSetContextCreate(build->context, "omendb build links", ALLOCSET_DEFAULT_SIZES);
    BulkOptions options = BulkOptionsOf(build);
    options.entries = WantedEntries(build->graph->rows());
    // Of inner product, the longest rows are the answers to most queries and the neighbours of few: searches
    // start there. 15,000 words at pool 64: recall .75 instead of .69; thirty long rows among 3,000: 1
    // instead of .27.
    options.entry_rank = build->norms;
    options.progress = ShowProgress;
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
    LinkRows(build);
    ShowPhase(kPhaseWriting, 0, build->graph->nodes());
    WriteGraph(build);
    OMENDB_FAILURE_POINT("build: pages logged");
    build->flushed = true;
}

// Number of a row that is to be encoded. False: there is no room for it.
static bool
NextRow(BuildState *build, uint32_t *number)
{
    if (build->team != nullptr)
        return ClaimRow(build->team, build->capacity, number);
    *number = build->graph->rows();
    return *number < build->capacity;
}

void
LoadRow(Relation, ItemPointer tid, Datum *values, bool *isnull, bool, void *argument)
{
    auto *build = static_cast<BuildState *>(argument);
    if (isnull[0])
        return;
    MemoryContext old = MemoryContextSwitchTo(build->row_context);
    uint32_t number = 0;
    if (!build->flushed && !NextRow(build, &number)) {
        if (build->team != nullptr) { // LoadWithTeam says so, and all begins anew
            MemoryContextSwitchTo(old);
            return;
        }
        ereport(NOTICE,
                (errmsg("omendb graph no longer fits into maintenance_work_mem after %u rows",
                        build->graph->rows()),
                 errdetail("Building will take significantly more time."),
                 errhint("Increase maintenance_work_mem to speed up builds.")));
        Flush(build);
        ShowPhase(kPhaseMerging, 0, 0);
    }
    if (build->flushed) {
        Insert(build->index, values, isnull, tid, build->heap);
    } else {
        Vector *row = DatumGetVector(values[0]);
        CheckExpectedDimensions(static_cast<int32>(build->dims), row->dim);
        bool representable = RowToSpace(build->space, row->x, build->encoded);
        OwnFactors factors =
            EncodeOwn(build->space, build->encoded, representable, build->graph->CodeOf(number));
        if (build->team != nullptr)
            build->graph->SetRow(number, factors);
        else
            build->graph->AddRow(factors);
        if (build->metric == Metric::kInnerProduct)
            build->norms[number] = static_cast<float>(Norm(row));
        build->tids[number] = FromItemPointer(*tid);
    }
    build->index_rows += 1;
    MemoryContextSwitchTo(old);
    MemoryContextReset(build->row_context);
}

IndexBuildResult *
Build(Relation heap, Relation index, IndexInfo *info)
{
    if (RelationGetNumberOfBlocks(index) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_INTERNAL_ERROR),
                 errmsg("index \"%s\" already contains data", RelationGetRelationName(index))));

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
    build->graph_pool = build->pool;
    SampleTable(build);
    int workers = PlanWorkers(build);
    SetCapacity(build, workers + 1);

    double heap_rows = 0;
    // The graph's arrays, what linking shares, and the layout of pages; more than is needed costs nothing.
    size_t shared_bytes =
        (size_t{build->capacity} + 4096) * (RowBytes(build) + 4 * sizeof(uint32_t)) +
        (size_t{4} << 20);
    bool loaded = false;
    // As far as is known beforehand, all rows fit: a team that finds out otherwise has read the table in vain.
    if (build->heap->rd_rel->reltuples > static_cast<float>(build->capacity))
        workers = 0;
    if (AssembleTeam(build, workers, shared_bytes, MakeGraph)) {
        pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoading);
        loaded = LoadWithTeam(build, &heap_rows);
    }
    if (!loaded) {
        build->graph_pool = build->pool;
        build->index_rows = 0;
        MakeGraph(build);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseLoading);
        heap_rows = table_index_build_scan(heap, index, info, true, true, LoadRow, build, nullptr);
    }
    if (!build->flushed)
        Flush(build);

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
