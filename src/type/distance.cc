// Distances and products. The executor calls these once a row (and again for every row that an
// index scan returns), so they allocate nothing of their own: the arithmetic is the kernels' and a
// detoasted copy is left to the expression's memory context, which is reset after each row.
//
// Sums are float32, as the users of this type expect: they overflow to infinity without an error,
// and their last bits depend on the CPU tier.
#include "distance_memo.h"
#include "omendb/simd/kernels.h"
#include "omendb/type/vector.h"

namespace omendb {
namespace {

struct Operands {
    const Vector *a;
    const Vector *b;
};

Operands
GetOperands(FunctionCallInfo fcinfo)
{
    Operands operands{DatumGetVector(PG_GETARG_DATUM(0)), DatumGetVector(PG_GETARG_DATUM(1))};
    CheckSameDimensions(operands.a, operands.b);
    return operands;
}

double
L2Squared(Operands o)
{
    return kernels->l2_squared(o.a->x, o.b->x, static_cast<size_t>(o.a->dim));
}

double
InnerProduct(Operands o)
{
    return kernels->inner_product(o.a->x, o.b->x, static_cast<size_t>(o.a->dim));
}

// compute(operands), or what it gave just now for the same stored value.
template <class Compute>
double
Remembered(FunctionCallInfo fcinfo, Compute compute)
{
    MemoPlace place = FindMemo(fcinfo);
    if (place.found)
        return place.value;
    double distance = compute(GetOperands(fcinfo));
    Remember(fcinfo, place, distance);
    return distance;
}

// To [−1, 1], which rounding may leave; NaN stays NaN.
double
ClampCosine(double cosine)
{
    if (cosine > 1)
        return 1;
    if (cosine < -1)
        return -1;
    return cosine;
}

double
CosineDistance(Operands o)
{
    float dot, norm_a, norm_b;
    kernels->cosine_sums(o.a->x, o.b->x, static_cast<size_t>(o.a->dim), &dot, &norm_a, &norm_b);
    // One root of the product: a vector is then at distance 0 from itself. 0/0 is NaN on purpose.
    double norms = std::sqrt(static_cast<double>(norm_a) * static_cast<double>(norm_b));
    return 1.0 - ClampCosine(static_cast<double>(dot) / norms);
}

} // namespace

OMENDB_FUNCTION(omendb_l2_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [](Operands o) { return std::sqrt(L2Squared(o)); }));
}

OMENDB_FUNCTION(omendb_vector_l2_squared_distance)
{
    PG_RETURN_FLOAT8(L2Squared(GetOperands(fcinfo)));
}

OMENDB_FUNCTION(omendb_inner_product)
{
    PG_RETURN_FLOAT8(InnerProduct(GetOperands(fcinfo)));
}

OMENDB_FUNCTION(omendb_vector_negative_inner_product)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [](Operands o) { return -InnerProduct(o); }));
}

OMENDB_FUNCTION(omendb_cosine_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, CosineDistance));
}

OMENDB_FUNCTION(omendb_l1_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [](Operands o) -> double {
        return kernels->l1(o.a->x, o.b->x, static_cast<size_t>(o.a->dim));
    }));
}

// The angle over π, of operands taken to be unit vectors.
OMENDB_FUNCTION(omendb_vector_spherical_distance)
{
    PG_RETURN_FLOAT8(std::acos(ClampCosine(InnerProduct(GetOperands(fcinfo)))) / M_PI);
}

} // namespace omendb
