// Opening an index that a user named.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include <storage/lockdefs.h>
#include <utils/rel.h>
}

namespace omendb {

// ERRORS: wrong_object_type unless `oid` is an omendb index; insufficient_privilege unless the caller owns
// it; feature_not_supported for another session's temporary index.
Relation OpenIndex(Oid oid, LOCKMODE lock);

} // namespace omendb
