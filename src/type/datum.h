// Reading a value of any of the types from a Datum.
#pragma once

#include "omendb/pg/postgres.h"

namespace omendb {

// The value of a non-null datum; a palloc'd copy if that was toasted or had a short header.
template <class T>
T *
DatumGet(Datum datum)
{
    return reinterpret_cast<T *>(PG_DETOAST_DATUM(datum));
}

// The number of dimensions alone; fetches no more than the first chunk of a value stored out of
// line.
template <class T>
int
DatumGetDimensions(Datum datum)
{
    auto *value = reinterpret_cast<struct varlena *>(DatumGetPointer(datum));
    if (!VARATT_IS_EXTENDED(value))
        return reinterpret_cast<T *>(value)->dim;

    decltype(T::dim) dim;
    static_assert(offsetof(T, dim) == VARHDRSZ);
    struct varlena *head = PG_DETOAST_DATUM_SLICE(datum, 0, sizeof dim);
    memcpy(&dim, VARDATA_ANY(head), sizeof dim);
    pfree(head);
    return dim;
}

} // namespace omendb
