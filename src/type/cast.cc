// Casts: between vector and arrays, and from vector to vector, which is how PostgreSQL enforces a
// typmod. All take (value, typmod, is explicit).
#include "omendb/type/vector.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
}

namespace omendb {
namespace {

// int4, float4 and float8 arrays without nulls are plain C arrays of the element type.
template <class Element>
void
Convert(ArrayType *array, Vector *vector)
{
    auto *elements = reinterpret_cast<const Element *>(ARR_DATA_PTR(array));
    for (int i = 0; i < vector->dim; i++)
        vector->x[i] = static_cast<float>(elements[i]);
}

void
ConvertNumeric(ArrayType *array, Vector *vector)
{
    Datum *elements;
    int count;
    deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    for (int i = 0; i < count; i++)
        vector->x[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
    pfree(elements);
}

} // namespace

// Reads no more than the header of a value stored out of line, and returns it where it is.
OMENDB_FUNCTION(omendb_vector)
{
    Datum vector = PG_GETARG_DATUM(0);
    int32 typmod = PG_GETARG_INT32(1);
    if (typmod != -1)
        CheckExpectedDimensions(typmod, DatumGetDimensions(vector));
    PG_RETURN_DATUM(vector);
}

OMENDB_FUNCTION(omendb_array_to_vector)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    int32 typmod = PG_GETARG_INT32(1);

    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
    if (array_contains_nulls(array))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
    int dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    CheckDimensions(dim);
    CheckExpectedDimensions(typmod, dim);

    Vector *vector = NewVector(dim);
    switch (ARR_ELEMTYPE(array)) {
    case INT4OID:
        Convert<int32>(array, vector);
        break;
    case FLOAT4OID:
        Convert<float4>(array, vector);
        break;
    case FLOAT8OID:
        Convert<float8>(array, vector);
        break;
    case NUMERICOID:
        ConvertNumeric(array, vector);
        break;
    default:
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
    }
    CheckFinite(vector->x, dim);
    PG_RETURN_POINTER(vector);
}

OMENDB_FUNCTION(omendb_vector_to_float4)
{
    Vector *vector = DatumGetVector(PG_GETARG_DATUM(0));
    Size bytes = sizeof(float4) * static_cast<Size>(vector->dim);
    Size size = ARR_OVERHEAD_NONULLS(1) + bytes;
    auto *array = static_cast<ArrayType *>(palloc0(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0; // no nulls
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = vector->dim;
    ARR_LBOUND(array)[0] = 1;
    memcpy(ARR_DATA_PTR(array), vector->x, bytes);
    PG_RETURN_ARRAYTYPE_P(array);
}

} // namespace omendb
