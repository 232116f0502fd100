// Distances and products of sparsevec, over the kernels that walk two of them (simd/). Sums are float32, as for vectors.
#include "cosine.h"
#include "distance_memo.h"
#include "omendb/simd/kernels.h"
#include "sparse.h"

namespace omendb {
namespace {

struct Operands {
    SparseView a;
    SparseView b;
};

SparseView
ViewOf(const SparseVector *v)
{
    return {v->indices, Values(v), static_cast<size_t>(v->nnz)};
}

Operands
GetOperands(FunctionCallInfo fcinfo)
{
    const auto *a = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    const auto *b = DatumGet<SparseVector>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    return {ViewOf(a), ViewOf(b)};
}

double
L2Squared(Operands o)
{
    return kernels->l2_squared_sparse(o.a, o.b);
}

double
InnerProduct(Operands o)
{
    return kernels->inner_product_sparse(o.a, o.b);
}

double
L1(Operands o)
{
    return kernels->l1_sparse(o.a, o.b);
}

double
CosineDistance(Operands o)
{
    auto square = [](SparseView v) { return kernels->inner_product(v.values, v.values, v.count); };
    return CosineDistanceOf(kernels->inner_product_sparse(o.a, o.b), square(o.a), square(o.b));
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
    PG_RETURN_FLOAT8(InnerProduct(GetOperands(fcinfo)));
}

OMENDB_FUNCTION(omendb_sparsevec_negative_inner_product)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return -InnerProduct(GetOperands(fcinfo)); }));
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
