// The checks that every type shares, with their errors, and the vector's norm for the access method.
#include "omendb/type/vector.h"

#include "checks.h"

extern "C" {
#include "common/shortest_dec.h"
}

namespace omendb {

void
CheckDimensions(int dim, const char *type, int max_dims)
{
    if (dim < 1)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("%s must have at least 1 dimension", type)));
    if (dim > max_dims)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("%s cannot have more than %d dimensions", type, max_dims)));
}

void
RaiseNan(const char *type)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in %s", type)));
    pg_unreachable();
}

void
RaiseInfinite(const char *type)
{
    ereport(ERROR,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("infinite value not allowed in %s", type)));
    pg_unreachable();
}

void
RaiseOutOfRange(float value, const char *type)
{
    char text[FLOAT_SHORTEST_DECIMAL_LEN];
    float_to_shortest_decimal_buf(value, text);
    ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("\"%s\" is out of range for type %s", text, type)));
    pg_unreachable();
}

void
RaiseUnexpectedDimensions(int expected, int dim)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("expected %d dimensions, not %d", expected, dim)));
    pg_unreachable();
}

void
RaiseDifferentDimensions(int dim_a, int dim_b, const char *type)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("different %s dimensions %d and %d", type, dim_a, dim_b)));
    pg_unreachable();
}

double
Norm(const Vector *vector)
{
    return std::sqrt(SumOfSquares(vector->x, vector->dim));
}

} // namespace omendb
