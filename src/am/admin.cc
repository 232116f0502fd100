// SQL functions that administrators call on an index.
#include "merge.h"
#include "named_index.h"

extern "C" {
#include <access/xlog.h>
}

// omendb_merge(regclass) → bigint: rows merged.
OMENDB_FUNCTION(omendb_merge)
{
    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("recovery is in progress"),
                        errhint("Merge on the primary; the standby follows.")));
    omendb::NamedIndex named = omendb::OpenNamedIndex(PG_GETARG_OID(0), RowExclusiveLock);
    omendb::RequireOwner(named.index);
    omendb::LockMerging(named.index);
    uint64 merged = omendb::MergeAll(named.index);
    omendb::UnlockMerging(named.index);
    omendb::CloseNamedIndex(named);
    PG_RETURN_INT64(static_cast<int64>(merged));
}
