// Comparison of sparsevec: the order of the vectors with their zeros, by value from the first dimension on, then by number
// of dimensions.
#include "compare.h"
#include "sparse.h"

namespace omendb {
namespace {

// Of a value against a zero.
int
SignOf(float value)
{
    return value < 0 ? -1 : 1;
}

int
CompareSparseVectors(const SparseVector *a, const SparseVector *b)
{
    const float *x = Values(a), *y = Values(b);
    int common = Min(a->nnz, b->nnz);
    for (int i = 0; i < common; i++) {
        if (a->indices[i] < b->indices[i]) // b has a zero there
            return SignOf(x[i]);
        if (a->indices[i] > b->indices[i])
            return -SignOf(y[i]);
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    // What one has beyond the other's dimensions is not compared.
    if (a->nnz > common && a->indices[common] < b->dim)
        return SignOf(x[common]);
    if (b->nnz > common && b->indices[common] < a->dim)
        return -SignOf(y[common]);
    return (a->dim > b->dim) - (a->dim < b->dim);
}

} // namespace

OMENDB_COMPARISONS(sparsevec, SparseVector, CompareSparseVectors)

} // namespace omendb
