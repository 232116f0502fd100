#include "named_index.h"

#include "pending_rows.h"

extern "C" {
#include <access/genam.h>
#include <access/table.h>
#include <catalog/index.h>
#include <catalog/pg_class.h>
#include <commands/defrem.h>
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/lsyscache.h>
}

namespace omendb {

NamedIndex
OpenNamedIndex(Oid oid, LOCKMODE mode)
{
    FlushAllRows(); // what this session has inserted counts
    char kind = get_rel_relkind(oid);
    if (kind == '\0')
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("relation with OID %u does not exist", oid)));
    if (kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not an index", get_rel_name(oid))));
    // The table first, as every writer does.
    NamedIndex named = {};
    Oid table = IndexGetRelation(oid, true);
    if (OidIsValid(table))
        named.table = table_open(table, mode);
    named.index = index_open(oid, mode);
    if (named.table == nullptr || IndexGetRelation(oid, false) != table)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("index \"%s\" has no table", RelationGetRelationName(named.index))));
    if (named.index->rd_rel->relam != get_index_am_oid("omendb", false))
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                 errmsg("\"%s\" is not an omendb index", RelationGetRelationName(named.index))));
    if (kind == RELKIND_PARTITIONED_INDEX)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is the index of a partitioned table",
                               RelationGetRelationName(named.index)),
                        errhint("Name the index of one partition.")));
    if (RELATION_IS_OTHER_TEMP(named.index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary indexes of other sessions")));
    return named;
}

void
CloseNamedIndex(const NamedIndex &named)
{
    index_close(named.index, NoLock);
    table_close(named.table, NoLock);
}

void
RequireOwner(Relation index)
{
#if PG_VERSION_NUM >= 160000
    bool owner = object_ownercheck(RelationRelationId, RelationGetRelid(index), GetUserId());
#else
    bool owner = pg_class_ownercheck(RelationGetRelid(index), GetUserId());
#endif
    if (!owner)
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, RelationGetRelationName(index));
}

} // namespace omendb
