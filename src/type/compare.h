// The seven functions of a btree class from one comparison.
#pragma once

#include "datum.h"

namespace omendb {

// compare(a, b) of the arguments. The copies of toasted operands are freed: a btree build or a sort calls this many
// times within one memory context.
template <class T>
int
CompareArguments(FunctionCallInfo fcinfo, int (*compare)(const T *a, const T *b))
{
    T *a = DatumGet<T>(PG_GETARG_DATUM(0));
    T *b = DatumGet<T>(PG_GETARG_DATUM(1));
    int order = compare(a, b);
    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return order;
}

#define OMENDB_COMPARISON(name, T, compare, result)                                                \
    OMENDB_FUNCTION(name)                                                                          \
    {                                                                                              \
        int order = CompareArguments<T>(fcinfo, compare);                                          \
        return result;                                                                             \
    }

// omendb_<type>_cmp, _lt, _le, _eq, _ne, _ge and _gt; compare returns −1, 0 or 1.
#define OMENDB_COMPARISONS(type, T, compare)                                                       \
    OMENDB_COMPARISON(omendb_##type##_cmp, T, compare, Int32GetDatum(order))                       \
    OMENDB_COMPARISON(omendb_##type##_lt, T, compare, BoolGetDatum(order < 0))                     \
    OMENDB_COMPARISON(omendb_##type##_le, T, compare, BoolGetDatum(order <= 0))                    \
    OMENDB_COMPARISON(omendb_##type##_eq, T, compare, BoolGetDatum(order == 0))                    \
    OMENDB_COMPARISON(omendb_##type##_ne, T, compare, BoolGetDatum(order != 0))                    \
    OMENDB_COMPARISON(omendb_##type##_ge, T, compare, BoolGetDatum(order >= 0))                    \
    OMENDB_COMPARISON(omendb_##type##_gt, T, compare, BoolGetDatum(order > 0))

} // namespace omendb
