// omendb_handler: what the access method is, told to PostgreSQL.
#include "omendb/am/handler.h"

#include "callbacks.h"

extern "C" {
#include <commands/vacuum.h>
#include <utils/guc.h>
}

#include "omendb/pg/settings.h"

namespace omendb {

static relopt_kind storage_parameter_kind;

void
DefineStorageParameters()
{
    storage_parameter_kind = add_reloption_kind();
    add_int_reloption(storage_parameter_kind, "bits",
                      "Bits a dimension in neighbour codes; 0 chooses by dimension", 0, 0, 4,
                      AccessExclusiveLock);
    add_int_reloption(storage_parameter_kind, "delta_limit",
                      "Size in kB at which the delta is merged; 0 takes the setting "
                      "omendb.delta_limit",
                      0, 0, 1024 * 1024, ShareUpdateExclusiveLock);
}

uint32_t
DeltaLimitPages(Relation index)
{
    auto *parameters = reinterpret_cast<StorageParameters *>(index->rd_options);
    int limit_kb = delta_limit_kb;
    if (parameters != nullptr && parameters->delta_limit > 0)
        limit_kb = parameters->delta_limit;
    return Max(1, limit_kb / (BLCKSZ / 1024));
}

static bytea *
ParseStorageParameters(Datum options, bool validate)
{
    static const relopt_parse_elt kParameters[] = {
        {"bits", RELOPT_TYPE_INT, offsetof(StorageParameters, bits)},
        {"delta_limit", RELOPT_TYPE_INT, offsetof(StorageParameters, delta_limit)},
    };
    return static_cast<bytea *>(build_reloptions(options, validate, storage_parameter_kind,
                                                 sizeof(StorageParameters), kParameters,
                                                 lengthof(kParameters)));
}

static bool
Validate(Oid)
{
    return true; // ClassOf refuses foreign classes when an index is made
}

// Names the phases in pg_stat_progress_create_index.
static char *
BuildPhaseName(int64 phase)
{
    static const char *const kNames[] = {nullptr,
                                         "initializing",
                                         "sampling the table",
                                         "loading rows",
                                         "linking: leaves",
                                         "linking: pruning",
                                         "linking: reverse edges",
                                         "linking: filling up",
                                         "linking: reachability",
                                         "writing pages",
                                         "merging the rest"};
    if (phase < 1 || phase >= static_cast<int64>(lengthof(kNames)))
        return nullptr;
    return const_cast<char *>(kNames[phase]);
}

} // namespace omendb

// Callbacks with C linkage whose signatures differ between server versions.
extern "C" {

#if PG_VERSION_NUM >= 140000
static bool
omendb_aminsert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
                IndexUniqueCheck, bool, struct IndexInfo *info)
#else
static bool
omendb_aminsert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
                IndexUniqueCheck, struct IndexInfo *info)
#endif
{
    return omendb::Insert(index, values, isnull, tid, heap, info);
}

} // extern "C"

// omendb_handler(internal) → index_am_handler
OMENDB_FUNCTION(omendb_handler)
{
    IndexAmRoutine *routine = makeNode(IndexAmRoutine);
    routine->amstrategies = 1;
    routine->amsupport = 1;
    routine->amcanorderbyop = true;
    routine->amoptionalkey = true;
    routine->amkeytype = InvalidOid;
    // VACUUM with parallel workers: ambulkdelete and amvacuumcleanup both work there.
    routine->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;

    routine->ambuild = omendb::Build;
    routine->ambuildempty = omendb::BuildEmpty;
    routine->aminsert = omendb_aminsert;
#if PG_VERSION_NUM >= 170000
    routine->aminsertcleanup = omendb::EndInserts;
#endif
    routine->ambulkdelete = omendb::BulkDelete;
    routine->amvacuumcleanup = omendb::VacuumCleanup;
    routine->amcostestimate = omendb::EstimateCost;
    routine->amoptions = omendb::ParseStorageParameters;
    routine->ambuildphasename = omendb::BuildPhaseName;
    routine->amvalidate = omendb::Validate;
    routine->ambeginscan = omendb::BeginScan;
    routine->amrescan = omendb::Rescan;
    routine->amgettuple = omendb::GetTuple;
    routine->amendscan = omendb::EndScan;
    PG_RETURN_POINTER(routine);
}
