// Comparison operators and the btree support function. The copies of toasted operands are freed: a
// btree build or a sort calls these many times within one memory context.
#include <algorithm>

#include "omendb/type/vector.h"

namespace omendb {

int
CompareVectors(const Vector *a, const Vector *b)
{
    int dim = std::min(a->dim, b->dim);
    for (int i = 0; i < dim; i++) {
        if (a->x[i] < b->x[i])
            return -1;
        if (a->x[i] > b->x[i])
            return 1;
    }
    return (a->dim > b->dim) - (a->dim < b->dim);
}

namespace {

int
CompareArguments(FunctionCallInfo fcinfo)
{
    Vector *a = DatumGetVector(PG_GETARG_DATUM(0));
    Vector *b = DatumGetVector(PG_GETARG_DATUM(1));
    int order = CompareVectors(a, b);
    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return order;
}

} // namespace

OMENDB_FUNCTION(omendb_vector_cmp)
{
    PG_RETURN_INT32(CompareArguments(fcinfo));
}

OMENDB_FUNCTION(omendb_vector_lt)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

OMENDB_FUNCTION(omendb_vector_le)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

OMENDB_FUNCTION(omendb_vector_eq)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

OMENDB_FUNCTION(omendb_vector_ne)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

OMENDB_FUNCTION(omendb_vector_ge)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

OMENDB_FUNCTION(omendb_vector_gt)
{
    PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

} // namespace omendb
