// PostgreSQL arrays as the source of a cast to any of the types.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
}

namespace omendb {

// The array of argument 0, of one dimension and without nulls. ERRORS: data_exception, null_value_not_allowed.
ArrayType *GetPlainArray(FunctionCallInfo fcinfo);

inline int
CountElements(ArrayType *array)
{
    return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

// int4, float4 and float8 arrays without nulls are plain C arrays of the element type.
template <class Element, class Take>
void
ForPlainElements(ArrayType *array, Take take)
{
    auto *elements = reinterpret_cast<const Element *>(ARR_DATA_PTR(array));
    int count = CountElements(array);
    for (int i = 0; i < count; i++)
        take(i, static_cast<float>(elements[i]));
}

// Calls take(i, x) for every element of an integer, real, double precision or numeric array, rounded to float32.
// REQUIRES: GetPlainArray gave it. ERRORS: data_exception for another type; those of numeric's cast to real.
template <class Take>
void
ForElements(ArrayType *array, Take take)
{
    switch (ARR_ELEMTYPE(array)) {
    case INT4OID:
        return ForPlainElements<int32>(array, take);
    case FLOAT4OID:
        return ForPlainElements<float4>(array, take);
    case FLOAT8OID:
        return ForPlainElements<float8>(array, take);
    case NUMERICOID: {
        Datum *elements;
        int count;
        deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
        for (int i = 0; i < count; i++)
            take(i, DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i])));
        pfree(elements);
        return;
    }
    default:
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
    }
}

} // namespace omendb
