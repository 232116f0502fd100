// What every function of the type shares: construction and the checks with their errors.
#include "omendb/type/vector.h"

#include <limits>

namespace omendb {

int
DatumGetDimensions(Datum datum)
{
    auto *value = reinterpret_cast<struct varlena *>(DatumGetPointer(datum));
    if (!VARATT_IS_EXTENDED(value))
        return reinterpret_cast<Vector *>(value)->dim;

    constexpr int kHeaderBytes = offsetof(Vector, x) - VARHDRSZ;
    struct varlena *head = PG_DETOAST_DATUM_SLICE(datum, 0, kHeaderBytes);
    int16 dim;
    memcpy(&dim, VARDATA_ANY(head), sizeof dim);
    pfree(head);
    return dim;
}

Vector *
NewVector(int dim)
{
    Size size = VectorSize(dim);
    auto *vector = static_cast<Vector *>(palloc(size));
    SET_VARSIZE(vector, size);
    vector->dim = static_cast<int16>(dim);
    vector->unused = 0;
    return vector;
}

void
CheckDimensions(int dim)
{
    if (dim < 1)
        ereport(ERROR,
                (errcode(ERRCODE_DATA_EXCEPTION), errmsg("vector must have at least 1 dimension")));
    if (dim > kMaxDims)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("vector cannot have more than %d dimensions", kMaxDims)));
}

void
CheckFinite(const float *x, int dim)
{
    bool finite = true;
    for (int i = 0; i < dim; i++)
        finite &= std::fabs(x[i]) <= std::numeric_limits<float>::max();
    if (likely(finite))
        return;
    for (int i = 0; i < dim; i++) {
        if (std::isnan(x[i]))
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in vector")));
        if (std::isinf(x[i]))
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                            errmsg("infinite value not allowed in vector")));
    }
}

void
RaiseUnexpectedDimensions(int expected, int dim)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("expected %d dimensions, not %d", expected, dim)));
    pg_unreachable();
}

void
RaiseDifferentDimensions(int dim_a, int dim_b)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("different vector dimensions %d and %d", dim_a, dim_b)));
    pg_unreachable();
}

double
Norm(const Vector *vector)
{
    // Four sums, so that the additions overlap.
    double sums[4] = {0, 0, 0, 0};
    const float *x = vector->x;
    int dim = vector->dim;
    int i = 0;
    for (; i + 4 <= dim; i += 4)
        for (int lane = 0; lane < 4; lane++)
            sums[lane] += static_cast<double>(x[i + lane]) * x[i + lane];
    for (; i < dim; i++)
        sums[0] += static_cast<double>(x[i]) * x[i];
    return std::sqrt((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

} // namespace omendb
