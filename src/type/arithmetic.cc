// Functions from dense vectors to dense vectors (and to numbers and bits): arithmetic, parts, norms.
//
// Operands are finite, so a value of a result that is not is an overflow, and an error. halfvec computes in
// float32 and rounds once more, which gives the same halves as rounding the exact result does: float32 has more than
// twice their digits.
#include "dense.h"

extern "C" {
#include "utils/float.h"
#include "utils/varbit.h"
}

namespace omendb {
namespace {

template <class V>
void
CheckOverflow(const V *result)
{
    if (unlikely(!AllFinite(result->x, result->dim)))
        float_overflow_error();
}

// sum() adds in place: the executor owns the state, and it is ours to change when it was not
// copied just now by detoasting. Not in a window, whose rows already returned may share the state.
bool
MayChangeFirstArgument(FunctionCallInfo fcinfo, const void *first)
{
    return AggCheckCallContext(fcinfo, nullptr) == AGG_CONTEXT_AGGREGATE &&
           first == DatumGetPointer(PG_GETARG_DATUM(0));
}

template <class V>
Datum
Add(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    V *b = DatumGet<V>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    V *result = MayChangeFirstArgument(fcinfo, a) ? a : NewDense<V>(a->dim);
    auto dim = static_cast<size_t>(a->dim);
    bool finite;
    if constexpr (kIsHalf<V>)
        finite = kernels->add_half(a->x, b->x, dim, result->x);
    else
        finite = kernels->add(a->x, b->x, dim, result->x);
    if (!finite)
        float_overflow_error();
    PG_RETURN_POINTER(result);
}

template <class V>
Datum
Subtract(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    V *b = DatumGet<V>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    V *result = NewDense<V>(a->dim);
    ForPairs(a, b, result, [](float x, float y) { return x - y; });
    CheckOverflow(result);
    PG_RETURN_POINTER(result);
}

template <class V>
Datum
Multiply(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    V *b = DatumGet<V>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    V *result = NewDense<V>(a->dim);
    ForPairs(a, b, result, [](float x, float y) { return x * y; });
    for (int i = 0; i < a->dim; i++) {
        if (!IsFinite(result->x[i]))
            float_overflow_error();
        if (IsZero(result->x[i]) && !IsZero(a->x[i]) && !IsZero(b->x[i]))
            float_underflow_error();
    }
    PG_RETURN_POINTER(result);
}

template <class V>
Datum
Concatenate(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    V *b = DatumGet<V>(PG_GETARG_DATUM(1));
    CheckDimensions(a->dim + b->dim, V::kName);
    V *result = NewDense<V>(a->dim + b->dim);
    memcpy(result->x, a->x, sizeof(a->x[0]) * static_cast<size_t>(a->dim));
    memcpy(result->x + a->dim, b->x, sizeof(b->x[0]) * static_cast<size_t>(b->dim));
    PG_RETURN_POINTER(result);
}

template <class V>
double
NormOf(const V *v)
{
    double sum = 0;
    ForFloats(v, [&](int, int count, const float *x) { sum += SumOfSquares(x, count); });
    return std::sqrt(sum);
}

template <class V>
Datum
Normalize(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    double norm = NormOf(a);
    V *result = NewDense<V>(a->dim);
    ForPairs(a, a, result,
             [=](float x, float) { return norm > 0 ? static_cast<float>(x / norm) : 0.0F; });
    PG_RETURN_POINTER(result);
}

// One bit a dimension, 1 where the value is above zero. PostgreSQL's bit strings start at the top
// bit of a byte.
template <class V>
Datum
QuantizeToBits(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    auto size = VARBITTOTALLEN(a->dim);
    auto *result = static_cast<VarBit *>(palloc(size));
    SET_VARSIZE(result, size);
    VARBITLEN(result) = a->dim;
    if constexpr (kIsHalf<V>)
        kernels->positive_bits_half(a->x, static_cast<size_t>(a->dim), VARBITS(result));
    else
        kernels->positive_bits(a->x, static_cast<size_t>(a->dim), VARBITS(result));
    PG_RETURN_VARBIT_P(result);
}

// The values from `start` (1 is the first) up to but not including start + count, cut to those that
// exist, as substring() does it.
template <class V>
Datum
Subvector(FunctionCallInfo fcinfo)
{
    V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    int64 start = PG_GETARG_INT32(1);
    int64 count = PG_GETARG_INT32(2);
    int64 first = Max(start, 1);
    int64 end = Min(start + count, static_cast<int64>(a->dim) + 1);
    // Also where count < 1 or start is past the end: nothing is left then.
    CheckDimensions(count < 1 || end <= first ? 0 : static_cast<int>(end - first), V::kName);
    V *result = NewDense<V>(static_cast<int>(end - first));
    memcpy(result->x, a->x + (first - 1), sizeof(a->x[0]) * static_cast<size_t>(result->dim));
    PG_RETURN_POINTER(result);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_vector_add, omendb_halfvec_add, Add)
OMENDB_BOTH_TYPES(omendb_vector_sub, omendb_halfvec_sub, Subtract)
OMENDB_BOTH_TYPES(omendb_vector_mul, omendb_halfvec_mul, Multiply)
OMENDB_BOTH_TYPES(omendb_vector_concat, omendb_halfvec_concat, Concatenate)
OMENDB_BOTH_TYPES(omendb_l2_normalize, omendb_halfvec_l2_normalize, Normalize)
OMENDB_BOTH_TYPES(omendb_binary_quantize, omendb_halfvec_binary_quantize, QuantizeToBits)
OMENDB_BOTH_TYPES(omendb_subvector, omendb_halfvec_subvector, Subvector)

OMENDB_FUNCTION(omendb_vector_dims) // of both types, whose headers are the same
{
    PG_RETURN_INT32(DatumGetDimensions<Vector>(PG_GETARG_DATUM(0)));
}

OMENDB_FUNCTION(omendb_vector_norm)
{
    PG_RETURN_FLOAT8(NormOf(DatumGet<Vector>(PG_GETARG_DATUM(0))));
}

OMENDB_FUNCTION(omendb_halfvec_l2_norm)
{
    PG_RETURN_FLOAT8(NormOf(DatumGet<HalfVector>(PG_GETARG_DATUM(0))));
}

} // namespace omendb
