// Comparison operators and the btree support functions: lexicographic by value, then by number of dimensions, as
// PostgreSQL compares arrays. −0 equals 0, so that equal values may differ in their bits.
#include "compare.h"

#include "dense.h"

namespace omendb {
namespace {

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

// Integers in the order of the finite halves.
int
OrderOf(Half half)
{
    int magnitude = static_cast<uint16_t>(half) & 0x7fff;
    return static_cast<uint16_t>(half) & 0x8000 ? -magnitude : magnitude;
}

int
CompareHalfVectors(const HalfVector *a, const HalfVector *b)
{
    int dim = std::min(a->dim, b->dim);
    for (int i = 0; i < dim; i++) {
        int difference = OrderOf(a->x[i]) - OrderOf(b->x[i]);
        if (difference != 0)
            return difference < 0 ? -1 : 1;
    }
    return (a->dim > b->dim) - (a->dim < b->dim);
}

} // namespace

OMENDB_COMPARISONS(vector, Vector, CompareVectors)
OMENDB_COMPARISONS(halfvec, HalfVector, CompareHalfVectors)

} // namespace omendb
