// Index space: every metric becomes squared Euclidean distance between rotated vectors, so that the graph
// room knows only that. DESIGN.md section 2.
//
//   metric         row x becomes                     query q becomes        operator's value
//   L2             x                                 q                      ‖q − x‖
//   cosine         x/‖x‖ (zero stays zero)           q/‖q‖                  1 − ⟨q,x⟩/(‖q‖‖x‖)
//   inner product  (x, sqrt(max(0, M² − ‖x‖²)))      (q·M/‖q‖, 0)           −⟨q,x⟩
//   taxicab        x                                 q                      Σ|q − x|, of which nothing is known here
//   Hamming        x, zeros and ones                 q                      ‖q − x‖²
//   Jaccard        x/‖x‖, x zeros and ones           q/‖q‖                  1 − ⟨q,x⟩/(‖q‖² + ‖x‖² − ⟨q,x⟩); 1 if ⟨q,x⟩ = 0
//
// then y = R·((x' − mean)·scale): mean and scale (a power of two that brings a typical norm near 1) come
// from a sample at build; R pads with zeros to `padded` dimensions and rotates (codec/rotation.h).
//
// Distances in index space are `scale` times the distances in value space.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omendb {

enum class Metric : uint8_t {
    kL2 = 1,
    kInnerProduct = 2,
    kCosine = 3,
    kHamming = 4,
    kJaccard = 5,
    kL1 = 6,
};

// Whether rows lie in index space as they are, but for mean and scale.
constexpr bool
IsEuclidean(Metric metric)
{
    return metric == Metric::kL2 || metric == Metric::kHamming || metric == Metric::kL1;
}

// Whether their length is brought to 1.
constexpr bool
IsAngular(Metric metric)
{
    return metric == Metric::kCosine || metric == Metric::kJaccard;
}

struct Space {
    Metric metric;
    uint32_t dims;             // of the column
    uint32_t padded;           // PaddedDims(metric, dims)
    float scale;               // power of two
    float max_norm;            // M, inner product only
    const float *mean;         // ModelDims(metric, dims) values, before scale and rotation
    const float *rotated_mean; // `padded` values: R·(mean·scale); see RotateMean
};

// dims, and one more for inner product.
uint32_t ModelDims(Metric metric, uint32_t dims);

// ModelDims rounded up to a multiple of kCodeBlock (64).
uint32_t PaddedDims(Metric metric, uint32_t dims);

// What a row becomes before mean, scale and rotation; `out` has ModelDims values. This is what a build
// averages to get the mean. False, with `out` zero, when the operator's float32 sums cannot represent the
// row's norm: its squares overflow or, for cosine, vanish while the row is not zero.
bool RowToModel(Metric metric, uint32_t dims, float max_norm, const float *row, float *out);

// A power of two s such that s·typical_norm lies in [0.5, 1); 1 when typical_norm is zero or not finite.
float ScaleForNorm(double typical_norm);

// Fills rotated[padded] = R·(mean·scale).
void RotateMean(const Space &space, float *rotated);

// y = R·((x' − mean)·scale); `out` has `padded` values. False, with `out` zero, when the row has no
// place in index space (RowToModel false, or not finite after scaling): such a row is indexed with a
// zero code and an infinite error (codec/own_code.h), so that it is found and never lost.
bool RowToSpace(const Space &space, const float *row, float *out);

struct Query {
    const float *rotated; // `padded` values in index space
    float norm_squared;   // of `rotated`
    double value_norm;    // ‖q‖ of the raw query
    double model_scale;   // inner product: c in q' = c·q; else 1
    double mean_dot;      // inner product: ⟨q, mean⟩ in raw units; else 0
    double mean_norm;     // inner product: ‖mean‖ in raw units; else 0
    bool navigable;       // false: no direction or not representable; every row is equally near
};

// `rotated` receives `padded` values and must live as long as the result.
Query QueryToSpace(const Space &space, const float *query, float *rotated);

} // namespace omendb
