// avg of vector and halfvec: transition, combine and final function over a float8 array {count, sum of each
// dimension}; {0} before the first row. sum needs none of these: it is vector_add and halfvec_add.
#include "dense.h"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
}

namespace omendb {
namespace {

struct State {
    ArrayType *array;
    float8 *count; // followed by the sums
    float8 *sums;
    int dim; // 0 before the first row
};

State
ViewState(ArrayType *array)
{
    auto *values = reinterpret_cast<float8 *>(ARR_DATA_PTR(array));
    return State{array, values, values + 1, ARR_DIMS(array)[0] - 1};
}

// Users can call these functions with any array.
State
GetState(FunctionCallInfo fcinfo, int argument, const char *caller)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
    if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 || ARR_HASNULL(array) ||
        ARR_ELEMTYPE(array) != FLOAT8OID)
        elog(ERROR, "%s: expected state array", caller);
    return ViewState(array);
}

// A zeroed state.
State
NewState(int dim)
{
    Size size = ARR_OVERHEAD_NONULLS(1) + sizeof(float8) * (static_cast<Size>(dim) + 1);
    auto *array = static_cast<ArrayType *>(palloc0(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0; // no nulls
    array->elemtype = FLOAT8OID;
    ARR_DIMS(array)[0] = dim + 1;
    ARR_LBOUND(array)[0] = 1;
    return ViewState(array);
}

// The state of argument 0 if the executor owns it and may have it changed in place, else a copy of
// it.
State
Changeable(FunctionCallInfo fcinfo, State state)
{
    if (AggCheckCallContext(fcinfo, nullptr))
        return state;
    State copy = NewState(state.dim);
    memcpy(copy.count, state.count, sizeof(float8) * (static_cast<size_t>(state.dim) + 1));
    return copy;
}

void
CheckOverflow(State state)
{
    bool overflow = false;
    for (int i = 0; i < state.dim; i++)
        overflow |= std::isinf(state.sums[i]);
    if (overflow)
        float_overflow_error();
}

void
Accumulate(double *sums, const float *x, size_t n)
{
    kernels->accumulate(sums, x, n);
}

void
Accumulate(double *sums, const Half *x, size_t n)
{
    kernels->accumulate_half(sums, x, n);
}

template <class V>
Datum
Accum(FunctionCallInfo fcinfo)
{
    State state = GetState(fcinfo, 0, kIsHalf<V> ? "halfvec_accum" : "vector_accum");
    V *vector = DatumGet<V>(PG_GETARG_DATUM(1));
    State result;
    if (state.dim == 0) {
        result = NewState(vector->dim);
        *result.count = *state.count + 1;
        // Not added to +0, which would lose the sign of −0.
        ForFloats(vector, [&](int first, int count, const float *x) {
            for (int i = 0; i < count; i++)
                result.sums[first + i] = x[i];
        });
    } else {
        CheckExpectedDimensions(state.dim, vector->dim);
        result = Changeable(fcinfo, state);
        *result.count += 1;
        Accumulate(result.sums, vector->x, static_cast<size_t>(vector->dim));
        CheckOverflow(result);
    }
    PG_RETURN_ARRAYTYPE_P(result.array);
}

// Null for no rows.
template <class V>
Datum
Average(FunctionCallInfo fcinfo)
{
    State state = GetState(fcinfo, 0, kIsHalf<V> ? "halfvec_avg" : "vector_avg");
    if (*state.count == 0)
        PG_RETURN_NULL();
    CheckDimensions(state.dim, V::kName);
    V *vector = NewDense<V>(state.dim);
    for (int i = 0; i < state.dim; i++) {
        vector->x[i] = Narrow<V>(static_cast<float>(state.sums[i] / *state.count));
        CheckFinite(&vector->x[i], 1, V::kName);
    }
    PG_RETURN_POINTER(vector);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_vector_accum, omendb_halfvec_accum, Accum)
OMENDB_BOTH_TYPES(omendb_vector_avg, omendb_halfvec_avg, Average)

OMENDB_FUNCTION(omendb_vector_combine) // of both types, whose states are the same
{
    State a = GetState(fcinfo, 0, "vector_combine");
    State b = GetState(fcinfo, 1, "vector_combine");
    int dim = a.dim != 0 ? a.dim : b.dim;
    if (dim != 0)
        CheckDimensions(dim, Vector::kName);
    if (b.dim != 0)
        CheckExpectedDimensions(dim, b.dim);

    State result = NewState(dim);
    *result.count = *a.count + *b.count;
    for (int i = 0; i < a.dim; i++)
        result.sums[i] = a.sums[i];
    for (int i = 0; i < b.dim; i++)
        result.sums[i] = a.dim != 0 ? a.sums[i] + b.sums[i] : b.sums[i];
    if (a.dim != 0 && b.dim != 0)
        CheckOverflow(result);
    PG_RETURN_ARRAYTYPE_P(result.array);
}

} // namespace omendb
