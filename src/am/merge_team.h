// Parallel workers of a merge by building: they take their share of linking, for which they need neither table nor
// index, but memory that they share with whoever merges.
#pragma once

#include "index_state.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/pg/shared_memory.h"

namespace omendb {

// How many workers may help to link so many rows: none where starting them would take longer, in a parallel worker, or
// in autovacuum, which leaves the other CPUs alone; else as many as max_parallel_maintenance_workers and 32 MB of
// maintenance_work_mem for each allow, as CREATE INDEX counts.
int PlanMergeHelpers(uint64 rows);

// BuildBulk, with at most so many helpers. `memory`: of the graph, with room for what members share; null: nobody helps.
// REQUIRES: a transaction that is not in parallel mode; nothing is written meanwhile.
void BuildBulkWithHelpers(MemoryGraph *graph, Pool pool, const BulkOptions &options,
                          SharedMemory *memory, int helpers);

} // namespace omendb
