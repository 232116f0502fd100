// The SQL type `vector`: an array of 1 to 16,000 finite float32 values, kept bit for bit.
//
// On disk and in memory it is a varlena, in the machine's byte order as all of a PostgreSQL page:
//
//     offset  size
//          0     4  varlena header, length in bytes
//          4     2  dim, 1..16,000
//          6     2  unused, 0
//          8  4·dim values, aligned to 4
//
// Short values may be stored with a one-byte header and long ones out of line (storage external,
// about 500 dimensions and more), so a Datum from a tuple is read through DatumGetVector only.
#pragma once

#include "omendb/pg/postgres.h"

namespace omendb {

constexpr int kMaxDims = 16000;

struct Vector {
    using Element = float;
    static constexpr const char *kName = "vector";

    int32 vl_len_; // written by SET_VARSIZE only
    int16 dim;
    int16 unused;
    float x[FLEXIBLE_ARRAY_MEMBER];
};

static_assert(sizeof(Vector) == 8 && offsetof(Vector, dim) == 4 && offsetof(Vector, x) == 8);

constexpr Size
VectorSize(int dim)
{
    return offsetof(Vector, x) + sizeof(float) * static_cast<Size>(dim);
}

// The vector of a non-null datum; a palloc'd copy if that was toasted or had a short header.
inline Vector *
DatumGetVector(Datum datum)
{
    return reinterpret_cast<Vector *>(PG_DETOAST_DATUM(datum));
}

[[noreturn]] void RaiseUnexpectedDimensions(int expected, int dim);
// `type` is a type's kName.
[[noreturn]] void RaiseDifferentDimensions(int dim_a, int dim_b, const char *type = Vector::kName);

// typmod −1 takes any number of dimensions. ERRORS: data_exception.
inline void
CheckExpectedDimensions(int32 typmod, int dim)
{
    if (unlikely(typmod != -1 && typmod != dim))
        RaiseUnexpectedDimensions(typmod, dim);
}

// √Σx², summed in float64.
double Norm(const Vector *vector);

} // namespace omendb
