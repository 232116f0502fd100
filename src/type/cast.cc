// Casts of vector and halfvec: from and to arrays, to one another, and each to itself, which is how PostgreSQL
// enforces a typmod. All take (value, typmod, is explicit).
#include "arrays.h"
#include "dense.h"

namespace omendb {

ArrayType *
GetPlainArray(FunctionCallInfo fcinfo)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
    if (array_contains_nulls(array))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
    return array;
}

namespace {

template <class V>
Datum
FromArray(FunctionCallInfo fcinfo)
{
    ArrayType *array = GetPlainArray(fcinfo);
    int dim = CountElements(array);
    CheckDimensions(dim, V::kName);
    CheckExpectedDimensions(PG_GETARG_INT32(1), dim);

    V *vector = NewDense<V>(dim);
    ForElements(array, [=](int i, float x) { vector->x[i] = Narrow<V>(x); });
    CheckFinite(vector->x, dim, V::kName);
    PG_RETURN_POINTER(vector);
}

template <class V>
Datum
ToFloat4Array(FunctionCallInfo fcinfo)
{
    V *vector = DatumGet<V>(PG_GETARG_DATUM(0));
    Size size = ARR_OVERHEAD_NONULLS(1) + sizeof(float4) * static_cast<Size>(vector->dim);
    auto *array = static_cast<ArrayType *>(palloc0(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0; // no nulls
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = vector->dim;
    ARR_LBOUND(array)[0] = 1;
    auto *values = reinterpret_cast<float4 *>(ARR_DATA_PTR(array));
    ForFloats(vector, [=](int first, int count, const float *x) {
        memcpy(values + first, x, sizeof(float4) * static_cast<size_t>(count));
    });
    PG_RETURN_ARRAYTYPE_P(array);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_vector, omendb_halfvec, EnforceTypmod)
OMENDB_BOTH_TYPES(omendb_array_to_vector, omendb_array_to_halfvec, FromArray)
OMENDB_BOTH_TYPES(omendb_vector_to_float4, omendb_halfvec_to_float4, ToFloat4Array)

OMENDB_FUNCTION(omendb_vector_to_halfvec)
{
    Vector *vector = DatumGetVector(PG_GETARG_DATUM(0));
    CheckExpectedDimensions(PG_GETARG_INT32(1), vector->dim);
    auto *result = NewDense<HalfVector>(vector->dim);
    kernels->narrow(vector->x, static_cast<size_t>(vector->dim), result->x);
    if (unlikely(!AllFinite(result->x, result->dim)))
        for (int i = 0; i < vector->dim; i++)
            Narrow<HalfVector>(vector->x[i]); // raises for the first
    PG_RETURN_POINTER(result);
}

OMENDB_FUNCTION(omendb_halfvec_to_vector)
{
    auto *half = DatumGet<HalfVector>(PG_GETARG_DATUM(0));
    CheckExpectedDimensions(PG_GETARG_INT32(1), half->dim);
    auto *result = NewDense<Vector>(half->dim);
    kernels->widen(half->x, static_cast<size_t>(half->dim), result->x);
    PG_RETURN_POINTER(result);
}

} // namespace omendb
