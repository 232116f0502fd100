// Functions from vectors to vectors (and to numbers and bits): arithmetic, parts, norms.
//
// Operands are finite, so a value of a result that is not is an overflow, and an error.
#include <cmath>
#include <limits>

#include "omendb/type/vector.h"

extern "C" {
#include "utils/float.h"
#include "utils/varbit.h"
}

namespace omendb {
namespace {

bool
Overflowed(float value)
{
    return !(std::fabs(value) <= std::numeric_limits<float>::max());
}

// sum(vector) adds in place: the executor owns the state, and it is ours to change when it was not
// copied just now by detoasting. Not in a window, whose rows already returned may share the state.
bool
MayChangeFirstArgument(FunctionCallInfo fcinfo, const Vector *first)
{
    return AggCheckCallContext(fcinfo, nullptr) == AGG_CONTEXT_AGGREGATE &&
           reinterpret_cast<const char *>(first) == DatumGetPointer(PG_GETARG_DATUM(0));
}

Vector *
Copy(const float *x, int dim)
{
    Vector *result = NewVector(dim);
    memcpy(result->x, x, sizeof(float) * static_cast<size_t>(dim));
    return result;
}

} // namespace

OMENDB_FUNCTION(omendb_vector_add)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    Vector *b = DatumGetVector(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    Vector *result = MayChangeFirstArgument(fcinfo, a) ? a : NewVector(a->dim);
    bool overflow = false;
    for (int i = 0; i < a->dim; i++) {
        result->x[i] = a->x[i] + b->x[i];
        overflow |= Overflowed(result->x[i]);
    }
    if (overflow)
        float_overflow_error();
    PG_RETURN_POINTER(result);
}

OMENDB_FUNCTION(omendb_vector_sub)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    Vector *b = DatumGetVector(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    Vector *result = NewVector(a->dim);
    bool overflow = false;
    for (int i = 0; i < a->dim; i++) {
        result->x[i] = a->x[i] - b->x[i];
        overflow |= Overflowed(result->x[i]);
    }
    if (overflow)
        float_overflow_error();
    PG_RETURN_POINTER(result);
}

OMENDB_FUNCTION(omendb_vector_mul)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    Vector *b = DatumGetVector(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    Vector *result = NewVector(a->dim);
    for (int i = 0; i < a->dim; i++) {
        result->x[i] = a->x[i] * b->x[i];
        if (Overflowed(result->x[i]))
            float_overflow_error();
        if (result->x[i] == 0 && a->x[i] != 0 && b->x[i] != 0)
            float_underflow_error();
    }
    PG_RETURN_POINTER(result);
}

OMENDB_FUNCTION(omendb_vector_concat)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    Vector *b = DatumGetVector(PG_GETARG_DATUM(1));
    CheckDimensions(a->dim + b->dim);
    Vector *result = NewVector(a->dim + b->dim);
    memcpy(result->x, a->x, sizeof(float) * static_cast<size_t>(a->dim));
    memcpy(result->x + a->dim, b->x, sizeof(float) * static_cast<size_t>(b->dim));
    PG_RETURN_POINTER(result);
}

OMENDB_FUNCTION(omendb_vector_dims)
{
    PG_RETURN_INT32(DatumGetDimensions(PG_GETARG_DATUM(0)));
}

OMENDB_FUNCTION(omendb_vector_norm)
{
    PG_RETURN_FLOAT8(Norm(DatumGetVector(PG_GETARG_DATUM(0))));
}

OMENDB_FUNCTION(omendb_l2_normalize)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    double norm = Norm(a);
    Vector *result = NewVector(a->dim);
    for (int i = 0; i < a->dim; i++)
        result->x[i] = norm > 0 ? static_cast<float>(a->x[i] / norm) : 0.0F;
    PG_RETURN_POINTER(result);
}

// One bit a dimension, 1 where the value is above zero. PostgreSQL's bit strings start at the top
// bit of a byte.
OMENDB_FUNCTION(omendb_binary_quantize)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    auto size = VARBITTOTALLEN(a->dim);
    auto *result = static_cast<VarBit *>(palloc0(size));
    SET_VARSIZE(result, size);
    VARBITLEN(result) = a->dim;
    bits8 *bits = VARBITS(result);
    for (int i = 0; i < a->dim; i++)
        bits[i / BITS_PER_BYTE] |= (a->x[i] > 0) << (BITS_PER_BYTE - 1 - i % BITS_PER_BYTE);
    PG_RETURN_VARBIT_P(result);
}

// The values from `start` (1 is the first) up to but not including start + count, cut to those that
// exist, as substring() does it.
OMENDB_FUNCTION(omendb_subvector)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    int64 start = PG_GETARG_INT32(1);
    int64 count = PG_GETARG_INT32(2);
    int64 first = Max(start, 1);
    int64 end = Min(start + count, static_cast<int64>(a->dim) + 1);
    // Also where count < 1 or start is past the end: nothing is left then.
    CheckDimensions(count < 1 || end <= first ? 0 : static_cast<int>(end - first));
    PG_RETURN_POINTER(Copy(a->x + (first - 1), static_cast<int>(end - first)));
}

} // namespace omendb
