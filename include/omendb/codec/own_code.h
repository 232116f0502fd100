// Own code of a node: 8 bits a dimension, ŷ_i = step·code_i with code_i in [−127, 127], and what exact
// order needs beside it. DESIGN.md sections 2 and 5.
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/codec/space.h"

namespace omendb {

struct OwnFactors {
    float step;         // 0 for a zero code
    float norm_squared; // ‖ŷ‖²
    float error; // never below ‖y − ŷ‖ in index space; +inf: the row has no place in index space
    float
        mean_dot; // inner product: ⟨R·(mean·scale), y⟩ + ⟨ŷ, y − ŷ⟩; Jaccard: ‖x‖², the row's ones; else 0
};

// Encodes `y` (`padded` values, from RowToSpace); `representable` is RowToSpace's answer.
// `code` receives `padded` values.
OwnFactors EncodeOwn(const Space &space, const float *y, bool representable, int8_t *code);

// The same of a row of the column, by way of `encoded`, which receives `padded` values.
OwnFactors EncodeRow(const Space &space, const float *row, float *encoded, int8_t *code);

// Squared distance in index space between two codes, from their dot product and norms (never negative).
inline float
DistanceFromDot(float step_a, float norm_a_squared, float step_b, float norm_b_squared, int32_t dot)
{
    // The product is rounded as the norms are, so that equal codes are at distance 0.
    double product = static_cast<double>(step_a) * step_b * dot;
    double norms = static_cast<double>(norm_a_squared) + norm_b_squared;
    float distance =
        static_cast<float>(norms - 2 * static_cast<double>(static_cast<float>(product)));
    return distance > 0 ? distance : 0;
}

// The same for codes of `n` dimensions.
float CodeDistanceSquared(const int8_t *a, float step_a, float norm_a_squared, const int8_t *b,
                          float step_b, float norm_b_squared, size_t n);

// The largest value that is certainly not above the operator's own float8 value for the row, given
// ‖q − ŷ‖² (over all padded dimensions, from Kernels::residual). L2: a distance >= 0; cosine: in [0, 2];
// inner product: minus the product; Hamming: an integer; Jaccard: in [0, 1]. The slack covers float rounding in codes, rotation and in the operator
// (at most dims/16 + 4 additions a lane). Returns −infinity when nothing is known (infinite error, or a
// query that is not navigable); 0 in its place for L2 and cosine.
double LowerBound(const Space &space, const Query &query, float distance_squared,
                  const OwnFactors &factors);

// One for many rows: not above that of any row as far away or farther, none of whose factors is above those of `most`.
double LowerBoundOfAll(const Space &space, const Query &query, float distance_squared,
                       const OwnFactors &most);

} // namespace omendb
