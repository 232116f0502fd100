// What `vector` and `halfvec` have in common, which is nearly all: V below is Vector or HalfVector. Arithmetic
// is done in float; halves are widened and the results rounded to the nearest, in runs on the stack.
#pragma once

#include <algorithm>
#include <type_traits>

#include "checks.h"
#include "datum.h"
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
