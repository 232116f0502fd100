#include "build_team.h"

#include "build_external.h"

#include <algorithm>

#include "omendb/pg/memory.h"
#include "omendb/pg/shared_memory.h"
#include "shared_crew.h"

extern "C" {
#include <access/genam.h>
#include <access/parallel.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <miscadmin.h>
#include <optimizer/optimizer.h>
#include <storage/spin.h>
#include <utils/snapmgr.h>

PGDLLEXPORT void omendb_build_worker(dsm_segment *segment, shm_toc *toc);
}

namespace omendb {

// In the parallel context's small segment; followed by the bulk build's part and the scan's. Pointers are the
// leader's.
struct TeamShared {
    Oid heap, index;
    bool concurrent;
    SharedMemoryName memory;
    float scale, max_norm;
    float *mean, *rotated_mean;
    uint32_t capacity;
    GraphArrays graph;
    HeapTid *tids;
    float *norms;
    PagePlan plan;
    bool external; // and what follows
    ExternalAgreement agreement;

    SharedCrew crew;
    pg_atomic_uint32 rows; // numbers given out, beyond capacity too
    pg_atomic_uint32 pages_claimed;

    slock_t lock; // of what follows
    double heap_rows, index_rows;
    bool broken_hot_chain;
    bool full; // a member left rows out
};

namespace {

constexpr uint64 kKeyShared = 0x6F6D656E64620001;
constexpr uint32_t kLinkingPhase = 1;

// A build beyond memory first agrees on its options.
uint32_t
LayoutPhase(const TeamShared *shared)
{
    return kLinkingPhase + (shared->external ? 1 + kExternalSteps : kBulkSteps);
}

// Of either kind of build.
Size
LinkingBytes()
{
    return BUFFERALIGN(std::max(BulkSharedBytes(), ExternalSharedBytes()));
}

BulkShared *
BulkPartOf(TeamShared *shared)
{
    return reinterpret_cast<BulkShared *>(reinterpret_cast<char *>(shared) +
                                          BUFFERALIGN(sizeof(TeamShared)));
}

ExternalShared *
ExternalPartOf(TeamShared *shared)
{
    return reinterpret_cast<ExternalShared *>(BulkPartOf(shared));
}

ParallelTableScanDesc
ScanPartOf(TeamShared *shared)
{
    return reinterpret_cast<ParallelTableScanDesc>(reinterpret_cast<char *>(BulkPartOf(shared)) +
                                                   LinkingBytes());
}

// Once all members have scanned: whether one of them left rows out.
bool
WasFull(TeamShared *shared)
{
    SpinLockAcquire(&shared->lock);
    bool full = shared->full;
    SpinLockRelease(&shared->lock);
    return full;
}

// One member's part of the scan.
void
ScanPart(BuildState *build, bool progress)
{
    TeamShared *shared = build->team->shared;
    TableScanDesc scan = table_beginscan_parallel(build->heap, ScanPartOf(shared));
    double heap_rows = table_index_build_scan(build->heap, build->index, build->info, true,
                                              progress, LoadRow, build, scan);
    if (build->external != nullptr)
        EndExternalLoad(build);
    SpinLockAcquire(&shared->lock);
    shared->heap_rows += heap_rows;
    shared->index_rows += build->index_rows;
    shared->broken_hot_chain |= build->info->ii_BrokenHotChain;
    shared->full |= build->full;
    SpinLockRelease(&shared->lock);
}

void
InitShared(BuildState *build, TeamShared *shared, SharedMemory *memory, Snapshot snapshot)
{
    Pool pool = PoolOf(memory);
    size_t model_dims = ModelDims(build->metric, build->dims);
    shared->heap = RelationGetRelid(build->heap);
    shared->index = RelationGetRelid(build->index);
    shared->concurrent = build->info->ii_Concurrent;
    shared->memory = NameOf(memory);
    shared->scale = build->space.scale;
    shared->max_norm = build->space.max_norm;
    shared->mean = pool.NewArray<float>(model_dims);
    shared->rotated_mean = pool.NewArray<float>(build->geometry.padded);
    memcpy(shared->mean, build->space.mean, model_dims * sizeof(float));
    memcpy(shared->rotated_mean, build->space.rotated_mean, build->geometry.padded * sizeof(float));
    shared->capacity = build->capacity;
    if (build->external == nullptr) {
        shared->graph = build->graph->Arrays();
        shared->tids = build->tids;
        shared->norms = build->norms;
    }
    InitCrew(&shared->crew);
    pg_atomic_init_u32(&shared->rows, 0);
    pg_atomic_init_u32(&shared->pages_claimed, 0);
    SpinLockInit(&shared->lock);
    table_parallelscan_initialize(build->heap, ScanPartOf(shared), snapshot);
}

void
EndParallel(BuildTeam *team)
{
    DestroyParallelContext(team->context);
    if (IsMVCCSnapshot(team->snapshot))
        UnregisterSnapshot(team->snapshot);
    ExitParallelMode();
}

} // namespace

int
PlanWorkers(const BuildState *build)
{
    // The table's parallel_workers counts whatever its size.
    if (RelationGetNumberOfBlocks(build->heap) == 0)
        return 0;
    return plan_create_index_workers(RelationGetRelid(build->heap), RelationGetRelid(build->index));
}

bool
AssembleTeam(BuildState *build, int workers, size_t bytes, bool external)
{
    SharedMemory *memory = workers > 0 ? CreateSharedMemory(build->context, bytes) : nullptr;
    if (memory == nullptr)
        return false;

    EnterParallelMode();
    auto *team =
        static_cast<BuildTeam *>(MemoryContextAllocZero(build->context, sizeof(BuildTeam)));
    team->leads = true;
    team->memory = memory;
    team->context = CreateParallelContext("omendb", "omendb_build_worker", workers);
    team->snapshot =
        build->info->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    Size size = BUFFERALIGN(sizeof(TeamShared)) + LinkingBytes() +
                table_parallelscan_estimate(build->heap, team->snapshot);
    shm_toc_estimate_chunk(&team->context->estimator, size);
    shm_toc_estimate_keys(&team->context->estimator, 1);
    InitializeParallelDSM(team->context);
    if (team->context->seg == nullptr) { // no segment to be had
        EndParallel(team);
        DropSharedMemory(memory);
        return false;
    }
    build->graph_pool = PoolOf(memory);
    team->shared = static_cast<TeamShared *>(shm_toc_allocate(team->context->toc, size));
    memset(static_cast<void *>(team->shared), 0, size);
    team->shared->external = external;
    pg_atomic_init_u64(&team->shared->agreement.file_end, 0);
    if (external)
        StartExternal(build, &team->shared->agreement);
    else
        MakeGraph(build);
    InitShared(build, team->shared, memory, team->snapshot);
    BarrierAttach(&team->shared->crew.barrier);
    shm_toc_insert(team->context->toc, kKeyShared, team->shared);
    LaunchParallelWorkers(team->context);
    if (team->context->nworkers_launched == 0) {
        if (external)
            EndExternal(build);
        EndParallel(team);
        DropSharedMemory(memory);
        return false;
    }
    ereport(DEBUG1, (errmsg_internal("building index \"%s\" with %d parallel workers",
                                     RelationGetRelationName(build->index),
                                     team->context->nworkers_launched)));
    build->team = team;
    return true;
}

bool
LoadWithTeam(BuildState *build, double *heap_rows)
{
    TeamShared *shared = build->team->shared;
    ScanPart(build, true);
    // A worker that could not be started is an error: now, not when all is done.
    WaitForParallelWorkersToAttach(build->team->context);
    MeetTeam(build->team);
    // A worker that comes from now on finds nothing left to scan.
    SpinLockAcquire(&shared->lock);
    *heap_rows = shared->heap_rows;
    build->index_rows = shared->index_rows;
    build->info->ii_BrokenHotChain |= shared->broken_hot_chain;
    SpinLockRelease(&shared->lock);
    if (WasFull(shared)) {
        SharedMemory *memory = build->team->memory;
        DismissTeam(build);
        DropSharedMemory(memory);
        return false;
    }
    if (build->external == nullptr)
        build->graph->SetRows(pg_atomic_read_u32(&shared->rows));
    return true;
}

uint32_t
ClaimTeamRows(BuildTeam *team, uint32_t count)
{
    return pg_atomic_fetch_add_u32(&team->shared->rows, static_cast<int32>(count));
}

uint32_t
TeamRows(const BuildTeam *team)
{
    return pg_atomic_read_u32(&team->shared->rows);
}

int
TeamMembers(const BuildTeam *team)
{
    return team == nullptr ? 1 : 1 + team->context->nworkers_launched;
}

ExternalTeam
ExternalTeamOf(BuildState *build)
{
    TeamShared *shared = build->team->shared;
    return {CrewOf(&shared->crew), build->graph_pool, ExternalPartOf(shared)};
}

bool
ClaimRow(BuildTeam *team, uint32_t capacity, uint32_t *number)
{
    TeamShared *shared = team->shared;
    if (pg_atomic_read_u32(&shared->rows) > capacity)
        return false; // without counting on: the number must not wrap around
    *number = pg_atomic_fetch_add_u32(&shared->rows, 1);
    return *number < capacity;
}

uint32_t
ClaimNodePages(BuildTeam *team, uint32_t count)
{
    return pg_atomic_fetch_add_u32(&team->shared->pages_claimed, static_cast<int32>(count));
}

BulkTeam
BulkTeamOf(BuildState *build)
{
    TeamShared *shared = build->team->shared;
    return {CrewOf(&shared->crew), build->graph_pool, BulkPartOf(shared)};
}

void
ShareNodePlan(BuildTeam *team, const PagePlan &plan)
{
    team->shared->plan = plan;
    MeetTeam(team);
}

void
MeetTeam(BuildTeam *team)
{
    MeetCrew(&team->shared->crew);
}

void
DismissTeam(BuildState *build)
{
    BuildTeam *team = build->team;
    BarrierDetach(&team->shared->crew.barrier);
    WaitForParallelWorkersToFinish(team->context);
    EndParallel(team);
    build->team = nullptr;
}

namespace {

// What a worker does from the phase on in which it came.
void
Work(BuildState *build, uint32_t phase, ptrdiff_t offset)
{
    TeamShared *shared = build->team->shared;
    if (phase == 0) {
        ScanPart(build, false);
        MeetTeam(build->team);
        ++phase;
    }
    // All members have scanned.
    if (WasFull(shared))
        return;
    uint32_t layout = LayoutPhase(shared);
    if (phase < layout) {
        if (shared->external) {
            HelpLinkExternal(build, CrewOf(&shared->crew), phase - kLinkingPhase);
        } else {
            MemoryContext context =
                AllocSetContextCreate(build->context, "omendb build links", ALLOCSET_DEFAULT_SIZES);
            HelpBuildBulk(BulkPartOf(shared), offset, PoolOf(context), CommonBulkOptions(),
                          CrewOf(&shared->crew), static_cast<BulkStep>(phase - kLinkingPhase));
            MemoryContextDelete(context);
        }
        phase = layout;
    }
    if (phase == layout) {
        MeetTeam(build->team);
        ++phase;
    }
    if (phase == layout + 1) {
        PagePlan plan = shared->plan;
        for (uint32_t **array : {&plan.order, &plan.number, &plan.segments_before})
            if (*array != nullptr)
                MovePointer(array, offset);
        WriteNodesOfTeam(build, plan);
        MeetTeam(build->team);
    }
}

} // namespace

} // namespace omendb

// A worker of CREATE INDEX, called by PostgreSQL.
void
omendb_build_worker(dsm_segment *, shm_toc *toc)
{
    using namespace omendb;
    auto *shared = static_cast<TeamShared *>(shm_toc_lookup(toc, kKeyShared, false));
    char *base = MapSharedMemory(shared->memory);
    if (base == nullptr)
        return; // the others do without
    ptrdiff_t offset = base - shared->memory.base;

    // As btree's workers do.
    LOCKMODE heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    BuildState build = {};
    BuildTeam team = {};
    team.shared = shared;
    build.team = &team;
    build.heap = table_open(shared->heap, heap_lock);
    build.index = index_open(shared->index, index_lock);
    build.info = BuildIndexInfo(build.index);
    build.info->ii_Concurrent = shared->concurrent;
    build.context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb build", ALLOCSET_DEFAULT_SIZES);
    build.row_context =
        AllocSetContextCreate(build.context, "omendb build row", ALLOCSET_DEFAULT_SIZES);
    build.pool = build.graph_pool = PoolOf(build.context);
    DescribeIndex(&build);
    float *mean = shared->mean, *rotated_mean = shared->rotated_mean;
    MovePointer(&mean, offset);
    MovePointer(&rotated_mean, offset);
    build.space = Space{build.metric,     build.dims, build.geometry.padded, shared->scale,
                        shared->max_norm, mean,       rotated_mean};
    build.encoded = build.pool.NewArray<float>(build.geometry.padded);
    GraphArrays arrays = shared->graph;
    MemoryGraph graph(arrays);
    build.capacity = shared->capacity;
    if (shared->external) {
        JoinExternal(&build, &shared->agreement, ExternalPartOf(shared), offset);
    } else {
        arrays.MoveBy(offset);
        graph = MemoryGraph(arrays);
        build.graph = &graph;
        build.tids = shared->tids;
        MovePointer(&build.tids, offset);
        build.norms = shared->norms;
        if (build.norms != nullptr)
            MovePointer(&build.norms, offset);
    }

    Work(&build, static_cast<uint32_t>(BarrierAttach(&shared->crew.barrier)), offset);
    BarrierDetach(&shared->crew.barrier);

    MemoryContextDelete(build.context);
    index_close(build.index, index_lock);
    table_close(build.heap, heap_lock);
}
