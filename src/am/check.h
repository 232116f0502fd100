// omendb_check_index and omendb_index_info: opening the index that a user named.
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

// Keeps the locks until the transaction's end.
void CloseNamedIndex(const NamedIndex &named);

} // namespace omendb
