// Casts from arrays and dense vectors to sparsevec, and back to dense vectors. All take (value, typmod, is explicit).
#include "arrays.h"
#include "dense.h"
#include "sparse.h"

namespace omendb {
namespace {

template <class V>
Datum
FromDense(FunctionCallInfo fcinfo)
{
    V *dense = DatumGet<V>(PG_GETARG_DATUM(0));
    CheckExpectedDimensions(PG_GETARG_INT32(1), dense->dim);
    SparseBuilder builder(dense->dim);
    ForFloats(dense, [&](int first, int count, const float *x) {
        for (int i = 0; i < count; i++)
            builder.AddUnlessZero(first + i, x[i]);
    });
    PG_RETURN_POINTER(builder.Finish(dense->dim));
}

template <class V>
Datum
ToDense(FunctionCallInfo fcinfo)
{
    auto *sparse = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    CheckDimensions(sparse->dim, V::kName);
    CheckExpectedDimensions(PG_GETARG_INT32(1), sparse->dim);
    V *result = NewDense<V>(sparse->dim);
    memset(result->x, 0, sizeof(result->x[0]) * static_cast<size_t>(result->dim));
    for (int i = 0; i < sparse->nnz; i++) {
        int32 index = sparse->indices[i];
        if (unlikely(index < 0 || index >= sparse->dim)) // damaged: not to be written through
            elog(ERROR, "index out of bounds");
        result->x[index] = Narrow<V>(Values(sparse)[i]);
    }
    PG_RETURN_POINTER(result);
}

} // namespace

static_assert(kMaxDims <= kMaxNonZeros, "a dense vector has room");
OMENDB_BOTH_TYPES(omendb_vector_to_sparsevec, omendb_halfvec_to_sparsevec, FromDense)
OMENDB_BOTH_TYPES(omendb_sparsevec_to_vector, omendb_sparsevec_to_halfvec, ToDense)

OMENDB_FUNCTION(omendb_sparsevec)
{
    return EnforceTypmod<SparseVector>(fcinfo);
}

// An array may have more elements than 16,000, as long as no more of them are not zero.
OMENDB_FUNCTION(omendb_array_to_sparsevec)
{
    ArrayType *array = GetPlainArray(fcinfo);
    int dim = CountElements(array);
    CheckDimensions(dim, SparseVector::kName, kMaxSparseDims);
    CheckExpectedDimensions(PG_GETARG_INT32(1), dim);
    SparseBuilder builder(Min(dim, kMaxNonZeros));
    ForElements(array, [&](int i, float x) { builder.AddUnlessZero(i, x); });
    CheckNonZeros(builder.count(), dim);
    SparseVector *result = builder.Finish(dim);
    CheckFinite(Values(result), result->nnz, SparseVector::kName);
    PG_RETURN_POINTER(result);
}

} // namespace omendb
