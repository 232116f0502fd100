// Own codes, and the bound that exact order rests on.
//
// LowerBound, in short (README.md, "The bound", has the derivation). Let u = 2^-24, n the padded
// dimensions, Q and y the query and the row in index space, ŷ the code, D = ‖Q − ŷ‖, e >= ‖y − ŷ‖.
//
//   near      = D − e <= ‖Q − y‖
//   L2        d  >= (near − ρ(‖Q‖ + ‖y‖)) / scale
//   cosine    1 − cos = ‖q' − x'‖²/2, the same distance squared
//   product   ⟨q,x⟩ <= ((‖Q‖² + ‖ŷ‖² + e² − near²)/2 + k + ρ(…)) / (c·scale²) + ⟨q, mean⟩
//   Hamming   d², an integer
//   Jaccard   ⟨q,x⟩ <= cos·‖q‖‖x‖, an integer; 1 − ⟨q,x⟩/(‖q‖² + ‖x‖² − ⟨q,x⟩) falls as it rises
//
// and then the operator's own float32 sums. Each rounding is counted at its worst:
//   ρ  rotation and input: four rounds of log2(n) additions, 3 more operations each, and 4 to spare
//   κ  a sum in float lanes: a lane adds n/16 + 4 terms, products and 4 folds: (n/16 + 16)·u
// Underflow costs a sum of squares up to n·2^-149 more, absolutely.
#include "omendb/codec/own_code.h"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "omendb/simd/kernels.h"

#include "double_sums.h"

namespace omendb {
namespace {

constexpr double kUnit = 0x1p-24;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// √(16,448·2^-149) and more: what underflow of squares can hide in a distance.
constexpr double kVanished = 1e-20;

// √16,448·2^-149 for each of some ten roundings: what underflow can hide in a rotated vector.
constexpr double kVanishedInRotation = 1e-41;

// Smaller vectors would have steps without enough bits: they get a zero code.
constexpr float kMinCoded = 1e-30f;

// Relative slack for a few operations in double, and for sums of up to 16,448 terms (n/8·2^-53).
constexpr double kDoubleSlack = 0x1p-40;

double
SumSlack(size_t n)
{
    return (static_cast<double>(n) / 16 + 16) * kUnit;
}

double
RotationSlack(size_t n)
{
    // ⌈log2 n⌉; a loop is slower than the rest of the bound, and a scan takes one for each row of the delta.
    int levels = n > 1 ? 64 - __builtin_clzll(n - 1) : 0;
    return (4 * (levels + 3) + 4) * kUnit;
}

// max |y_i|
float
MaxAbs(const float *y, size_t n)
{
    float lanes[8] = {};
    for (size_t i = 0; i < n; i += 8)
        for (size_t lane = 0; lane < 8; lane++) {
            float value = std::fabs(y[i + lane]);
            lanes[lane] = value > lanes[lane] ? value : lanes[lane];
        }
    float max = 0;
    for (float lane : lanes)
        max = lane > max ? lane : max;
    return max;
}

// The smallest float of which rounding is sure that it is not below `value` (>= 0).
float
RoundUp(double value)
{
    return static_cast<float>(value * (1 + 0x1p-22)) + FLT_MIN;
}

// Not below the norm whose square was rounded to a float.
double
NormFromSquare(float squared)
{
    return std::sqrt(static_cast<double>(squared) + 0x1p-149) * (1 + kUnit);
}

// What is known of ‖Q − y‖ and of the norms, in index space.
struct Bounds {
    double query_norm; // not below ‖Q‖
    double row_norm;   // not below ‖y‖
    double near;       // not above ‖Q − y‖
};

Bounds
BoundIndexSpace(const Space &space, const Query &query, float distance_squared,
                const OwnFactors &factors)
{
    double code_norm = NormFromSquare(factors.norm_squared);
    double distance = std::sqrt(static_cast<double>(distance_squared));
    double error = factors.error;
    Bounds bounds;
    bounds.query_norm = NormFromSquare(query.norm_squared);
    bounds.row_norm = code_norm + error;
    // `residual` rounds each product and difference (‖ŷ‖·u and D·u), then the sum.
    double near =
        distance * (1 - SumSlack(space.padded)) - 2 * kUnit * code_norm - kVanished - error;
    bounds.near = near > 0 ? near : 0;
    return bounds;
}

// Not above the true distance in value space, before the operator's rounding.
double
BoundDistance(const Space &space, const Bounds &bounds)
{
    double slack = RotationSlack(space.padded) * (bounds.query_norm + bounds.row_norm);
    double distance = (bounds.near * (1 - kDoubleSlack) - slack) / space.scale;
    if (IsAngular(space.metric))
        distance -= kDoubleSlack; // x/‖x‖ and q/‖q‖, in double
    return distance > 0 ? distance : 0;
}

double
BoundL2(const Space &space, const Bounds &bounds)
{
    double distance = BoundDistance(space, bounds);
    double squared = distance * distance * (1 - SumSlack(space.dims)) - space.dims * 0x1p-149;
    return squared > 0 ? std::sqrt(squared) * (1 - kDoubleSlack) : 0;
}

double
BoundCosine(const Space &space, const Bounds &bounds)
{
    double distance = BoundDistance(space, bounds);
    // The dot product and the root of both norms, each off by one sum's error.
    double value = distance * distance / 2 - 2.5 * SumSlack(space.dims);
    return value < 0 ? 0 : value > 2 ? 2 : value;
}

// Differing bits. The operator counts them exactly.
double
BoundHamming(const Space &space, const Bounds &bounds)
{
    double distance = BoundDistance(space, bounds);
    return std::ceil(distance * distance * (1 - kDoubleSlack));
}

// Not below the cosine of query and row.
double
MostCosine(const Space &space, const Bounds &bounds)
{
    double distance = BoundDistance(space, bounds);
    double cosine = (1 - distance * distance / 2) + kDoubleSlack;
    return cosine > 1 ? 1 : cosine > 0 ? cosine : 0;
}

double
BoundJaccard(const Space &space, const Query &query, const OwnFactors &factors,
             const Bounds &bounds)
{
    double query_ones = std::round(query.value_norm * query.value_norm);
    double row_ones = factors.mean_dot;
    if (!(row_ones >= 0 && row_ones <= space.dims)) // of a damaged page
        return 0;
    double most = std::floor(MostCosine(space, bounds) * std::sqrt(query_ones * row_ones) *
                             (1 + kDoubleSlack));
    double both = std::fmin(most, std::fmin(query_ones, row_ones));
    return both > 0 ? 1 - both / (query_ones + row_ones - both) : 1; // as the operator computes it
}

double
BoundInnerProduct(const Space &space, const Query &query, const OwnFactors &factors,
                  const Bounds &bounds)
{
    double scale = space.scale;
    double query_squared = query.norm_squared;
    double code_squared = factors.norm_squared;
    double error_squared = static_cast<double>(factors.error) * factors.error;
    double near_squared = bounds.near * bounds.near;
    double offset = factors.mean_dot;

    // ⟨P, y⟩ with P = R·q'·scale, whose norm is c·‖q‖·scale.
    double length = query.model_scale * query.value_norm * scale;
    double product = (query_squared + code_squared + error_squared - near_squared) / 2 + offset;
    double norms = length + bounds.query_norm + query.mean_norm * scale;
    double rounding = RotationSlack(space.padded) * bounds.row_norm * norms +
                      4 * kUnit * (query_squared + code_squared + std::fabs(offset)) +
                      kDoubleSlack * near_squared + 4 * 0x1p-149 +
                      kVanishedInRotation * (norms + bounds.row_norm);
    product += rounding;
    // Where the terms are so much larger than the product that nothing is left of it: Cauchy-Schwarz.
    double most =
        length * (bounds.row_norm * (1 + 2 * RotationSlack(space.padded)) + kVanishedInRotation);
    if (!(product < most))
        product = most;

    // The operator: float sums over terms whose absolute sum is at most ‖q‖‖x‖. That they overflow is out
    // of the question: both norms' squares are below half of the largest float.
    double row_norm = bounds.row_norm / scale * (1 + 1e-4) + query.mean_norm;
    double terms = query.value_norm * row_norm;
    double value = product / (query.model_scale * scale * scale) + query.mean_dot;
    double slack = SumSlack(space.dims) * terms + space.dims * 0x1p-149 +
                   kDoubleSlack * (std::fabs(value) + std::fabs(query.mean_dot) +
                                   query.value_norm * query.mean_norm);
    double bound = -(value + slack);
    return bound == bound ? bound : -kInfinity;
}

// The distance, too, may come from a damaged page.
bool
IsKnown(const Query &query, float distance_squared, const OwnFactors &factors)
{
    return query.navigable && factors.error <= FLT_MAX && distance_squared >= 0;
}

double
LeastValue(const Space &space)
{
    return space.metric == Metric::kInnerProduct ? -kInfinity : 0;
}

} // namespace

OwnFactors
EncodeOwn(const Space &space, const float *y, bool representable, int8_t *code)
{
    size_t n = space.padded;
    OwnFactors factors{};
    if (!representable) {
        memset(code, 0, n);
        factors.error = std::numeric_limits<float>::infinity();
        return factors;
    }

    float max = MaxAbs(y, n);
    if (max >= kMinCoded) {
        factors.step = max / 127;
        kernels->quantize_int8(y, 1 / factors.step, n, code);
    } else {
        memset(code, 0, n);
    }

    double step = factors.step;
    double errors[8] = {}, code_dots[8] = {};
    for (size_t i = 0; i < n; i += 8)
        for (size_t lane = 0; lane < 8; lane++) {
            double decoded = step * code[i + lane];
            double difference = y[i + lane] - decoded;
            errors[lane] += difference * difference;
            code_dots[lane] += decoded * y[i + lane];
        }
    double norm_squared = step * step * kernels->dot_int8(code, code, n);
    factors.norm_squared = static_cast<float>(norm_squared);
    factors.error = RoundUp(std::sqrt(FoldSums(errors)));
    if (space.metric == Metric::kInnerProduct) {
        double mean_dot = DotInDouble(space.rotated_mean, y, n);
        factors.mean_dot = static_cast<float>(mean_dot + (FoldSums(code_dots) - norm_squared));
    }
    return factors;
}

OwnFactors
EncodeRow(const Space &space, const float *row, float *encoded, int8_t *code)
{
    bool representable = RowToSpace(space, row, encoded);
    OwnFactors factors = EncodeOwn(space, encoded, representable, code);
    if (space.metric == Metric::kJaccard)
        factors.mean_dot = static_cast<float>(NormSquaredInDouble(row, space.dims));
    return factors;
}

float
CodeDistanceSquared(const int8_t *a, float step_a, float norm_a_squared, const int8_t *b,
                    float step_b, float norm_b_squared, size_t n)
{
    return DistanceFromDot(step_a, norm_a_squared, step_b, norm_b_squared,
                           kernels->dot_int8(a, b, n));
}

double
LowerBound(const Space &space, const Query &query, float distance_squared,
           const OwnFactors &factors)
{
    if (!IsKnown(query, distance_squared, factors))
        return LeastValue(space);
    Bounds bounds = BoundIndexSpace(space, query, distance_squared, factors);
    switch (space.metric) {
    case Metric::kL2:
        return BoundL2(space, bounds);
    case Metric::kCosine:
        return BoundCosine(space, bounds);
    case Metric::kHamming:
        return BoundHamming(space, bounds);
    case Metric::kL1:
        return LeastValue(space);
    case Metric::kJaccard:
        return BoundJaccard(space, query, factors, bounds);
    case Metric::kInnerProduct:
        break;
    }
    return BoundInnerProduct(space, query, factors, bounds);
}

double
LowerBoundOfAll(const Space &space, const Query &query, float distance_squared,
                const OwnFactors &most)
{
    if (space.metric != Metric::kJaccard)
        return LowerBound(space, query, distance_squared, most);
    if (!IsKnown(query, distance_squared, most))
        return LeastValue(space);
    // Of all rows at an angle, one with as many ones as the query is nearest.
    double cosine = MostCosine(space, BoundIndexSpace(space, query, distance_squared, most));
    return std::fmax(0, (1 - cosine / (2 - cosine)) - kDoubleSlack);
}

} // namespace omendb
