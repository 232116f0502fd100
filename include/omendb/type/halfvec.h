// The SQL type `halfvec`: an array of 1 to 16,000 finite values of half precision. Its varlena is the
// vector's (type/vector.h) with values of two bytes:
//
//     offset  size
//          0     4  varlena header, length in bytes
//          4     2  dim, 1..16,000
//          6     2  unused, 0
//          8  2·dim values
#pragma once

#include "omendb/base/half.h"
#include "omendb/type/vector.h"

namespace omendb {

struct HalfVector {
    using Element = Half;
    static constexpr const char *kName = "halfvec";

    int32 vl_len_; // written by SET_VARSIZE only
    int16 dim;
    int16 unused;
    Half x[FLEXIBLE_ARRAY_MEMBER];
};

static_assert(sizeof(HalfVector) == 8 && offsetof(HalfVector, dim) == offsetof(Vector, dim) &&
              offsetof(HalfVector, x) == offsetof(Vector, x));

} // namespace omendb
