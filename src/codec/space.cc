// Values and queries into index space. Norms are summed in double, and each value is rounded to float
// once, after the mean is subtracted: a cluster far from the origin keeps its shape.
#include "omendb/codec/space.h"

#include <cfloat>
#include <cmath>
#include <cstring>

#include "omendb/codec/rotation.h"
#include "omendb/simd/kernels.h"

#include "double_sums.h"

namespace omendb {
namespace {

// Above this a float sum of squares may overflow on the way.
constexpr double kMaxNormSquared = FLT_MAX / 2;

// Index space is scaled to norms near 1. Rows and queries up to √(2^110) away have a place in it: the
// unnormalised rotation (2^28) and sums of squares of differences stay finite.
constexpr float kMaxSpaceNormSquared = 0x1p110f;

// Below this the squares of a float32 cosine vanish, or keep too few bits (README.md, "The bound").
double
MinCosineNormSquared(uint32_t dims)
{
    return dims * 0x1p-120;
}

// Whether the operator's float32 arithmetic can represent the norm at all.
bool
NormIsRepresentable(Metric metric, uint32_t dims, double norm_squared)
{
    if (!(norm_squared <= kMaxNormSquared))
        return false;
    return !IsAngular(metric) || norm_squared == 0 || norm_squared >= MinCosineNormSquared(dims);
}

// sqrt(max(0, M² − ‖x‖²))
double
ExtraDimension(float max_norm, double norm_squared)
{
    double rest = static_cast<double>(max_norm) * static_cast<double>(max_norm) - norm_squared;
    return rest > 0 ? std::sqrt(rest) : 0;
}

// out_i = (factor·x_i − mean_i)·scale
void
CentreScaled(const float *x, double factor, const float *mean, float scale, size_t n, float *out)
{
    double wide_scale = scale;
    for (size_t i = 0; i < n; i++)
        out[i] = static_cast<float>((factor * x[i] - mean[i]) * wide_scale);
}

// Pads to `padded`, checks, rotates. False, with `out` zero, when that cannot be represented.
bool
Finish(const Space &space, size_t filled, float *out)
{
    memset(out + filled, 0, (space.padded - filled) * sizeof(float));
    float norm_squared = kernels->inner_product(out, out, filled);
    if (!(norm_squared <= kMaxSpaceNormSquared)) { // too large, infinite or NaN
        memset(out, 0, filled * sizeof(float));
        return false;
    }
    Rotate(out, space.padded);
    return true;
}

} // namespace

uint32_t
ModelDims(Metric metric, uint32_t dims)
{
    return metric == Metric::kInnerProduct ? dims + 1 : dims;
}

uint32_t
PaddedDims(Metric metric, uint32_t dims)
{
    constexpr uint32_t block = kCodeBlock;
    return (ModelDims(metric, dims) + block - 1) / block * block;
}

bool
RowToModel(Metric metric, uint32_t dims, float max_norm, const float *row, float *out)
{
    double norm_squared = NormSquaredInDouble(row, dims);
    if (!NormIsRepresentable(metric, dims, norm_squared)) {
        memset(out, 0, ModelDims(metric, dims) * sizeof(float));
        return false;
    }
    if (IsAngular(metric) && norm_squared > 0) {
        double factor = 1 / std::sqrt(norm_squared);
        for (uint32_t i = 0; i < dims; i++)
            out[i] = static_cast<float>(row[i] * factor);
        return true;
    }
    memmove(out, row, dims * sizeof(float));
    if (metric == Metric::kInnerProduct)
        out[dims] = static_cast<float>(ExtraDimension(max_norm, norm_squared));
    return true;
}

float
ScaleForNorm(double typical_norm)
{
    if (!(typical_norm > 0) || !(typical_norm <= DBL_MAX))
        return 1;
    uint64_t bits;
    memcpy(&bits, &typical_norm, sizeof(bits));
    // typical_norm in [2^(exponent − 1), 2^exponent)
    int exponent = static_cast<int>(bits >> 52) - 1022;
    int clamped = exponent < -126 ? -126 : exponent > 126 ? 126 : exponent;
    uint32_t scale_bits = static_cast<uint32_t>(127 - clamped) << 23;
    float scale;
    memcpy(&scale, &scale_bits, sizeof(scale));
    return scale;
}

void
RotateMean(const Space &space, float *rotated)
{
    size_t n = ModelDims(space.metric, space.dims);
    for (size_t i = 0; i < n; i++)
        rotated[i] = space.mean[i] * space.scale;
    memset(rotated + n, 0, (space.padded - n) * sizeof(float));
    Rotate(rotated, space.padded);
}

bool
RowToSpace(const Space &space, const float *row, float *out)
{
    size_t dims = space.dims;
    double norm_squared = NormSquaredInDouble(row, dims);
    if (!NormIsRepresentable(space.metric, space.dims, norm_squared)) {
        memset(out, 0, space.padded * sizeof(float));
        return false;
    }
    if (IsAngular(space.metric)) {
        double factor = norm_squared > 0 ? 1 / std::sqrt(norm_squared) : 0;
        CentreScaled(row, factor, space.mean, space.scale, dims, out);
        return Finish(space, dims, out);
    }
    // One rounding in the subtraction; the scale is a power of two.
    for (size_t i = 0; i < dims; i++)
        out[i] = (row[i] - space.mean[i]) * space.scale;
    if (IsEuclidean(space.metric))
        return Finish(space, dims, out);
    double extra = ExtraDimension(space.max_norm, norm_squared);
    out[dims] = static_cast<float>((extra - space.mean[dims]) * space.scale);
    return Finish(space, dims + 1, out);
}

Query
QueryToSpace(const Space &space, const float *query, float *rotated)
{
    size_t dims = space.dims;
    double norm_squared = NormSquaredInDouble(query, dims);
    Query result{};
    result.rotated = rotated;
    result.value_norm = std::sqrt(norm_squared);
    result.model_scale = 1;

    bool navigable = NormIsRepresentable(space.metric, space.dims, norm_squared);
    double factor = 1;
    size_t filled = dims;
    if (!IsEuclidean(space.metric)) {
        navigable = navigable && norm_squared > 0; // a zero query has no direction
        factor = navigable ? 1 / result.value_norm : 0;
    }
    if (space.metric == Metric::kInnerProduct) {
        size_t model_dims = dims + 1;
        result.mean_norm = std::sqrt(NormSquaredInDouble(space.mean, model_dims));
        result.mean_dot = DotInDouble(query, space.mean, dims);
        // An index whose rows are all zero has M = 0; any length of the query serves it.
        factor *= space.max_norm > 0 ? static_cast<double>(space.max_norm) : 1;
        result.model_scale = factor;
        rotated[dims] = static_cast<float>(-space.mean[dims] * static_cast<double>(space.scale));
        filled = model_dims;
    }
    if (!navigable) {
        memset(rotated, 0, space.padded * sizeof(float));
        return result;
    }
    CentreScaled(query, factor, space.mean, space.scale, dims, rotated);
    result.navigable = Finish(space, filled, rotated);
    if (result.navigable)
        result.norm_squared = static_cast<float>(NormSquaredInDouble(rotated, space.padded));
    return result;
}

} // namespace omendb
