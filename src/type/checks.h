// The checks of all types, and Norm's sum. Every error names its type.
#pragma once

#include <limits>

#include "datum.h"
#include "omendb/base/half.h"
#include "omendb/type/vector.h"

namespace omendb {

// ERRORS: data_exception below 1, program_limit_exceeded above the largest number of dimensions.
void CheckDimensions(int dim, const char *type, int max_dims = kMaxDims);

// ERRORS: data_exception.
template <class T>
void
CheckSameDimensions(const T *a, const T *b)
{
    if (unlikely(a->dim != b->dim))
        RaiseDifferentDimensions(a->dim, b->dim, T::kName);
}

// ERRORS: data_exception.
[[noreturn]] void RaiseNan(const char *type);
[[noreturn]] void RaiseInfinite(const char *type);

// ERRORS: numeric_value_out_of_range, with the value in its shortest form.
[[noreturn]] void RaiseOutOfRange(float value, const char *type);

inline bool
IsFinite(float x)
{
    return std::fabs(x) <= std::numeric_limits<float>::max();
}

inline bool
IsNan(float x)
{
    return std::isnan(x);
}

inline bool
IsZero(float x)
{
    return x == 0;
}

template <class Element>
bool
AllFinite(const Element *x, int count)
{
    bool finite = true;
    for (int i = 0; i < count; i++)
        finite &= IsFinite(x[i]);
    return finite;
}

// ERRORS: data_exception when any value is NaN or infinite; names the first one's kind.
template <class Element>
void
CheckFinite(const Element *x, int count, const char *type)
{
    if (likely(AllFinite(x, count)))
        return;
    for (int i = 0; i < count; i++) {
        if (IsNan(x[i]))
            RaiseNan(type);
        if (!IsFinite(x[i]))
            RaiseInfinite(type);
    }
}

// The cast of a type to itself, which is how PostgreSQL enforces a typmod: (value, typmod, is explicit). Reads no more
// than the header of a value stored out of line, and returns it where it is. ERRORS: data_exception.
template <class T>
Datum
EnforceTypmod(FunctionCallInfo fcinfo)
{
    Datum value = PG_GETARG_DATUM(0);
    int32 typmod = PG_GETARG_INT32(1);
    if (typmod != -1)
        CheckExpectedDimensions(typmod, DatumGetDimensions<T>(value));
    PG_RETURN_DATUM(value);
}

// Σx² in float64.
inline double
SumOfSquares(const float *x, int count)
{
    // Four sums, so that the additions overlap.
    double sums[4] = {0, 0, 0, 0};
    int i = 0;
    for (; i + 4 <= count; i += 4)
        for (int lane = 0; lane < 4; lane++)
            sums[lane] += static_cast<double>(x[i + lane]) * x[i + lane];
    for (; i < count; i++)
        sums[0] += static_cast<double>(x[i]) * x[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

} // namespace omendb
