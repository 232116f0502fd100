// Distances and products of vector and halfvec. The executor calls these once a row (and again for every row
// that an index scan returns), so they allocate nothing of their own: the arithmetic is the kernels' and a
// detoasted copy is left to the expression's memory context, which is reset after each row.
//
// Sums are float32, as the users of these types expect: they overflow to infinity without an error,
// and their last bits depend on the CPU tier.
#include "cosine.h"
#include "dense.h"
#include "distance_memo.h"

namespace omendb {
namespace {

template <class V>
struct Operands {
    const V *a;
    const V *b;
    size_t dim;
};

template <class V>
Operands<V>
GetOperands(FunctionCallInfo fcinfo)
{
    const V *a = DatumGet<V>(PG_GETARG_DATUM(0));
    const V *b = DatumGet<V>(PG_GETARG_DATUM(1));
    CheckSameDimensions(a, b);
    return {a, b, static_cast<size_t>(a->dim)};
}

// Either of two kernels, as the type has it.
template <class V, class OfFloats, class OfHalves>
auto
Choose(OfFloats of_floats, OfHalves of_halves)
{
    if constexpr (kIsHalf<V>)
        return of_halves;
    else
        return of_floats;
}

template <class V>
double
L2Squared(Operands<V> o)
{
    return Choose<V>(kernels->l2_squared, kernels->l2_squared_half)(o.a->x, o.b->x, o.dim);
}

template <class V>
double
InnerProduct(Operands<V> o)
{
    return Choose<V>(kernels->inner_product, kernels->inner_product_half)(o.a->x, o.b->x, o.dim);
}

template <class V>
double
L1(Operands<V> o)
{
    return Choose<V>(kernels->l1, kernels->l1_half)(o.a->x, o.b->x, o.dim);
}

template <class V>
double
CosineDistance(Operands<V> o)
{
    float dot, norm_a, norm_b;
    Choose<V>(kernels->cosine_sums, kernels->cosine_sums_half)(o.a->x, o.b->x, o.dim, &dot, &norm_a,
                                                               &norm_b);
    return CosineDistanceOf(dot, norm_a, norm_b);
}

template <class V>
Datum
L2DistanceFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(
        Remembered(fcinfo, [=] { return std::sqrt(L2Squared(GetOperands<V>(fcinfo))); }));
}

template <class V>
Datum
L2SquaredDistanceFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(L2Squared(GetOperands<V>(fcinfo)));
}

template <class V>
Datum
InnerProductFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(InnerProduct(GetOperands<V>(fcinfo)));
}

template <class V>
Datum
NegativeInnerProductFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return -InnerProduct(GetOperands<V>(fcinfo)); }));
}

template <class V>
Datum
CosineDistanceFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return CosineDistance(GetOperands<V>(fcinfo)); }));
}

template <class V>
Datum
L1DistanceFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] { return L1(GetOperands<V>(fcinfo)); }));
}

// The angle over π, of operands taken to be unit vectors.
template <class V>
Datum
SphericalDistanceFunction(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(std::acos(ClampCosine(InnerProduct(GetOperands<V>(fcinfo)))) / M_PI);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_l2_distance, omendb_halfvec_l2_distance, L2DistanceFunction)
OMENDB_BOTH_TYPES(omendb_vector_l2_squared_distance, omendb_halfvec_l2_squared_distance,
                  L2SquaredDistanceFunction)
OMENDB_BOTH_TYPES(omendb_inner_product, omendb_halfvec_inner_product, InnerProductFunction)
OMENDB_BOTH_TYPES(omendb_vector_negative_inner_product, omendb_halfvec_negative_inner_product,
                  NegativeInnerProductFunction)
OMENDB_BOTH_TYPES(omendb_cosine_distance, omendb_halfvec_cosine_distance, CosineDistanceFunction)
OMENDB_BOTH_TYPES(omendb_l1_distance, omendb_halfvec_l1_distance, L1DistanceFunction)
OMENDB_BOTH_TYPES(omendb_vector_spherical_distance, omendb_halfvec_spherical_distance,
                  SphericalDistanceFunction)

} // namespace omendb
