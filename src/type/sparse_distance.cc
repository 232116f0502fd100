// Distances and products of sparsevec: two ascending lists of indices, merged. Which list is ahead has no pattern, so the
// merge has no branch on it: both are read at each step, what does not take part is masked to +0, and each list moves on by
// the comparison's outcome. Sums are float32, as for vectors.
#include "cosine.h"
#include "distance_memo.h"
#include "omendb/simd/kernels.h"
#include "sparse.h"

namespace omendb {
namespace {

struct Operands {
    const SparseVector *a;
    const SparseVector *b;
};

Operands
GetOperands(FunctionCallInfo fcinfo)
{
    const auto *a = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    const auto *b = DatumGet<SparseVector>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    return {a, b};
}

// x, or +0.
float
KeepIf(bool keep, float x)
{
    uint32 bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0U - static_cast<uint32>(keep);
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Calls step(x, y) with the values of both at each dimension where one is not zero, as long as both lists last, and
// rest(values, count) for what then remains of either.
template <class Step, class Rest>
void
Merge(Operands o, Step step, Rest rest)
{
    const float *x = Values(o.a), *y = Values(o.b);
    int i = 0, j = 0;
    while (i < o.a->nnz && j < o.b->nnz) {
        int32 at_a = o.a->indices[i], at_b = o.b->indices[j];
        bool has_a = at_a <= at_b, has_b = at_b <= at_a;
        step(KeepIf(has_a, x[i]), KeepIf(has_b, y[j]));
        i += has_a;
        j += has_b;
    }
    rest(x + i, static_cast<size_t>(o.a->nnz - i));
    rest(y + j, static_cast<size_t>(o.b->nnz - j));
}

double
L2Squared(Operands o)
{
    float sum = 0;
    Merge(
        o, [&](float x, float y) { sum += (x - y) * (x - y); },
        [&](const float *x, size_t n) { sum += kernels->inner_product(x, x, n); });
    return sum;
}

double
L1(Operands o)
{
    float sum = 0;
    Merge(
        o, [&](float x, float y) { sum += std::fabs(x - y); },
        [&](const float *x, size_t n) {
            for (size_t i = 0; i < n; i++)
                sum += std::fabs(x[i]);
        });
    return sum;
}

float
InnerProduct(Operands o)
{
    float sum = 0;
    Merge(
        o, [&](float x, float y) { sum += x * y; }, [](const float *, size_t) {});
    return sum;
}

double
CosineDistance(Operands o)
{
    auto square = [](const SparseVector *v) {
        return kernels->inner_product(Values(v), Values(v), static_cast<size_t>(v->nnz));
    };
    return CosineDistanceOf(InnerProduct(o), square(o.a), square(o.b));
}

} // namespace

OMENDB_FUNCTION(omendb_sparsevec_l2_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return std::sqrt(L2Squared(GetOperands(fcinfo))); }));
}

OMENDB_FUNCTION(omendb_sparsevec_l2_squared_distance)
{
    PG_RETURN_FLOAT8(L2Squared(GetOperands(fcinfo)));
}

OMENDB_FUNCTION(omendb_sparsevec_inner_product)
{
    PG_RETURN_FLOAT8(static_cast<double>(InnerProduct(GetOperands(fcinfo))));
}

OMENDB_FUNCTION(omendb_sparsevec_negative_inner_product)
{
    PG_RETURN_FLOAT8(Remembered(
        fcinfo, [=] { return -static_cast<double>(InnerProduct(GetOperands(fcinfo))); }));
}

OMENDB_FUNCTION(omendb_sparsevec_cosine_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return CosineDistance(GetOperands(fcinfo)); }));
}

OMENDB_FUNCTION(omendb_sparsevec_l1_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return L1(GetOperands(fcinfo)); }));
}

} // namespace omendb
