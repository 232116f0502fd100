// What `vector` and `halfvec` have in common, which is nearly all: V below is Vector or HalfVector. Arithmetic
// is done in float; halves are widened and the results rounded to the nearest, in runs on the stack.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "omendb/simd/kernels.h"
#include "omendb/type/halfvec.h"
#include "omendb/type/vector.h"

namespace omendb {

// Two functions that SQL calls, from one template over the type.
#define OMENDB_BOTH_TYPES(vector_name, halfvec_name, Function)                                     \
    OMENDB_FUNCTION(vector_name)                                                                   \
    {                                                                                              \
        return Function<Vector>(fcinfo);                                                           \
    }                                                                                              \
    OMENDB_FUNCTION(halfvec_name)                                                                  \
    {                                                                                              \
        return Function<HalfVector>(fcinfo);                                                       \
    }

template <class V>
inline constexpr bool kIsHalf = std::is_same_v<typename V::Element, Half>;

template <class V>
constexpr Size
DenseSize(int dim)
{
    return offsetof(V, x) + sizeof(typename V::Element) * static_cast<Size>(dim);
}

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

// A value whose elements the caller fills in. REQUIRES: 1 <= dim <= kMaxDims.
template <class V>
V *
NewDense(int dim)
{
    Size size = DenseSize<V>(dim);
    auto *result = static_cast<V *>(palloc(size));
    SET_VARSIZE(result, size);
    result->dim = static_cast<int16>(dim);
    result->unused = 0;
    return result;
}

// ---- checks; each names the type in its message

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

// ---- between elements and floats

// The element nearest to a float. ERRORS: numeric_value_out_of_range when it is finite and the element is not.
template <class V>
typename V::Element
Narrow(float x)
{
    if constexpr (kIsHalf<V>) {
        Half half = FloatToHalf(x);
        if (unlikely(!IsFinite(half)) && IsFinite(x))
            RaiseOutOfRange(x, V::kName);
        return half;
    } else {
        return x;
    }
}

constexpr int kRun = 512; // values on the stack at once

// Calls step(first, count, x) for runs that cover the value: `count` elements from `first` on, as floats.
template <class V, class Step>
void
ForFloats(const V *v, Step step)
{
    if constexpr (kIsHalf<V>) {
        float run[kRun];
        for (int i = 0; i < v->dim; i += kRun) {
            int count = std::min(kRun, v->dim - i);
            kernels->widen(v->x + i, static_cast<size_t>(count), run);
            step(i, count, run);
        }
    } else {
        step(0, v->dim, v->x);
    }
}

// result = op(a, b) of each element, rounded; elements that overflow become infinite. REQUIRES: equal dimensions;
// result may be a.
template <class V, class Op>
void
ForPairs(const V *a, const V *b, V *result, Op op)
{
    if constexpr (kIsHalf<V>) {
        float run_a[kRun], run_b[kRun];
        for (int i = 0; i < a->dim; i += kRun) {
            int count = std::min(kRun, a->dim - i);
            kernels->widen(a->x + i, static_cast<size_t>(count), run_a);
            kernels->widen(b->x + i, static_cast<size_t>(count), run_b);
            for (int k = 0; k < count; k++)
                run_a[k] = op(run_a[k], run_b[k]);
            kernels->narrow(run_a, static_cast<size_t>(count), result->x + i);
        }
    } else {
        for (int i = 0; i < a->dim; i++)
            result->x[i] = op(a->x[i], b->x[i]);
    }
}

} // namespace omendb
