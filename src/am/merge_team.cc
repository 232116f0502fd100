#include "merge_team.h"

#include "build_state.h"
#include "omendb/pg/memory.h"
#include "omendb/pg/settings.h"
#include "shared_crew.h"

extern "C" {
#include <access/parallel.h>
#include <access/xact.h>
#include <miscadmin.h>
#include <utils/snapmgr.h>

PGDLLEXPORT void omendb_merge_helper(dsm_segment *segment, shm_toc *toc);
}

namespace omendb {

namespace {

constexpr uint64 kKeyShared = 0x6F6D656E64620002;

// Linking fewer rows takes a quarter of a second.
constexpr uint64 kLeastRows = 10000;

constexpr size_t kBytesPerHelper = 32 << 20;

// In the parallel context's segment, followed by the bulk build's part. The barrier's phases are the steps of the
// bulk build.
struct TeamShared {
    SharedMemoryName memory;
    SharedCrew crew;
};

BulkShared *
BulkPartOf(TeamShared *shared)
{
    return reinterpret_cast<BulkShared *>(reinterpret_cast<char *>(shared) +
                                          BUFFERALIGN(sizeof(TeamShared)));
}

// Null: no segment is to be had.
TeamShared *
MakeShared(ParallelContext *context, const SharedMemory *memory)
{
    Size size = BUFFERALIGN(sizeof(TeamShared)) + BulkSharedBytes();
    shm_toc_estimate_chunk(&context->estimator, size);
    shm_toc_estimate_keys(&context->estimator, 1);
    InitializeParallelDSM(context);
    if (context->seg == nullptr)
        return nullptr;
    auto *shared = static_cast<TeamShared *>(shm_toc_allocate(context->toc, size));
    memset(static_cast<void *>(shared), 0, size);
    shared->memory = NameOf(memory);
    InitCrew(&shared->crew);
    shm_toc_insert(context->toc, kKeyShared, shared);
    return shared;
}

// False: nobody came, and nothing is done.
bool
BuildTogether(MemoryGraph *graph, Pool pool, const BulkOptions &options, SharedMemory *memory,
              ParallelContext *context)
{
    TeamShared *shared = MakeShared(context, memory);
    if (shared == nullptr)
        return false;
    BarrierAttach(&shared->crew.barrier);
    LaunchParallelWorkers(context);
    if (context->nworkers_launched == 0)
        return false;
    ereport(DEBUG1,
            (errmsg_internal("merging with %d parallel workers", context->nworkers_launched)));
    BulkTeam team = {CrewOf(&shared->crew), PoolOf(memory), BulkPartOf(shared)};
    BuildBulk(graph, pool, options, &team);
    BarrierDetach(&shared->crew.barrier);
    WaitForParallelWorkersToFinish(context);
    return true;
}

} // namespace

int
PlanMergeHelpers(uint64 rows)
{
    if (rows < kLeastRows || !IsUnderPostmaster || IsInParallelMode() || IsParallelWorker() ||
        MyBackendType == B_AUTOVAC_WORKER)
        return 0;
    auto most = static_cast<int>(MaintenanceBytes() / kBytesPerHelper) - 1;
    return Max(Min(max_parallel_maintenance_workers, most), 0);
}

void
BuildBulkWithHelpers(MemoryGraph *graph, Pool pool, const BulkOptions &options,
                     SharedMemory *memory, int helpers)
{
    bool built = false;
    if (memory != nullptr && helpers > 0) {
        // The workers ask for a snapshot, whatever they do.
        bool has_snapshot = ActiveSnapshotSet();
        if (!has_snapshot)
            PushActiveSnapshot(GetTransactionSnapshot());
        EnterParallelMode();
        ParallelContext *context = CreateParallelContext("omendb", "omendb_merge_helper", helpers);
        built = BuildTogether(graph, pool, options, memory, context);
        DestroyParallelContext(context);
        ExitParallelMode();
        if (!has_snapshot)
            PopActiveSnapshot();
    }
    if (!built)
        BuildBulk(graph, pool, options);
}

} // namespace omendb

// A worker of a merge, called by PostgreSQL.
void
omendb_merge_helper(dsm_segment *, shm_toc *toc)
{
    using namespace omendb;
    auto *shared = static_cast<TeamShared *>(shm_toc_lookup(toc, kKeyShared, false));
    char *base = MapSharedMemory(shared->memory);
    if (base == nullptr)
        return; // the others do without
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb merge links", ALLOCSET_DEFAULT_SIZES);
    auto phase = static_cast<uint32_t>(BarrierAttach(&shared->crew.barrier));
    if (phase < kBulkSteps)
        HelpBuildBulk(BulkPartOf(shared), base - shared->memory.base, PoolOf(context),
                      CommonBulkOptions(), CrewOf(&shared->crew), static_cast<BulkStep>(phase));
    BarrierDetach(&shared->crew.barrier);
    MemoryContextDelete(context);
}
