// The access method's callbacks, one file each; the handler puts them into an IndexAmRoutine. What each has
// to do is said in PostgreSQL's documentation, chapter "Index Access Method Interface Definition".
#pragma once

#include "omendb/codec/space.h"
#include "omendb/pg/postgres.h"

extern "C" {
#include <access/amapi.h>
#include <access/genam.h>
#include <access/reloptions.h>
#include <nodes/execnodes.h>
#include <nodes/pathnodes.h>
#include <utils/rel.h>
}

namespace omendb {

// Storage parameters of an index.
struct StorageParameters {
    int32 vl_len_;
    int bits;        // of a neighbour code; 0: by dimension
    int delta_limit; // kB; 0: the setting omendb.delta_limit
};

// An index's delta limit in pages.
uint32_t DeltaLimitPages(Relation index);

IndexBuildResult *Build(Relation heap, Relation index, IndexInfo *info);
void BuildEmpty(Relation index);
// `heap`: null, if the row is to be in the delta at once.
bool Insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
            IndexInfo *info);
// At the end of a statement that inserted, from PostgreSQL 17 on.
void EndInserts(Relation index, IndexInfo *info);
IndexBulkDeleteResult *BulkDelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                  IndexBulkDeleteCallback callback, void *callback_state);
IndexBulkDeleteResult *VacuumCleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);
void EstimateCost(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
                  Cost *total_cost, Selectivity *selectivity, double *correlation, double *pages);
IndexScanDesc BeginScan(Relation index, int keys, int orderbys);
void Rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
bool GetTuple(IndexScanDesc scan, ScanDirection direction);
void EndScan(IndexScanDesc scan);

} // namespace omendb
