// Opening the index that a user named, for omendb_check_index, omendb_index_info and omendb_merge.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include <utils/rel.h>
}

namespace omendb {

// An open omendb index and its table.
struct NamedIndex {
    Relation table;
    Relation index;
};

// Opens and locks table and index.
// ERRORS: wrong_object_type when it is not an omendb index with storage; feature_not_supported for another
// session's temporary one; undefined_object when it is gone.
NamedIndex OpenNamedIndex(Oid index, LOCKMODE mode);

// ERRORS: insufficient_privilege unless the caller owns the index.
void RequireOwner(Relation index);

// Keeps the locks until the transaction's end.
void CloseNamedIndex(const NamedIndex &named);

} // namespace omendb
