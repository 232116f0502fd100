// SQL functions that administrators call on an index.
#include "callbacks.h"
#include "merge.h"
#include "open_index.h"

extern "C" {
#include <access/genam.h>
#include <access/xlog.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <commands/defrem.h>
#include <miscadmin.h>
#include <utils/acl.h>
}

namespace omendb {

Relation
OpenIndex(Oid oid, LOCKMODE lock)
{
    Relation index = index_open(oid, lock); // raises wrong_object_type for what is no index
    if (index->rd_rel->relam != get_index_am_oid("omendb", true))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("index \"%s\" is not an omendb index",
                               RelationGetRelationName(index))));
    if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is the index of a partitioned table",
                               RelationGetRelationName(index)),
                        errhint("Name the index of one partition.")));
#if PG_VERSION_NUM >= 160000
    bool owner = object_ownercheck(RelationRelationId, oid, GetUserId());
#else
    bool owner = pg_class_ownercheck(oid, GetUserId());
#endif
    if (!owner)
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, RelationGetRelationName(index));
    if (RELATION_IS_OTHER_TEMP(index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary indexes of other sessions")));
    return index;
}

} // namespace omendb

// omendb_merge(regclass) → bigint: rows merged.
OMENDB_FUNCTION(omendb_merge)
{
    if (RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("recovery is in progress"),
                        errhint("Merge on the primary; the standby follows.")));
    Relation index = omendb::OpenIndex(PG_GETARG_OID(0), RowExclusiveLock);
    omendb::LockMerging(index);
    uint64 merged = omendb::MergeDelta(index, PG_UINT64_MAX);
    omendb::UnlockMerging(index);
    index_close(index, RowExclusiveLock);
    PG_RETURN_INT64(static_cast<int64>(merged));
}
