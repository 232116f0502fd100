// Neighbour codes: encoding once a build or merge, estimating once a hop.
#include "omendb/codec/neighbour_code.h"

#include <cfloat>
#include <cmath>
#include <cstring>

#include "omendb/simd/kernels.h"

namespace omendb {
namespace {

// The uniform quantizer's best step for a Gaussian of variance 1 (Max 1960, table II), and the steps tried
// around it. A rotated residual is nearly Gaussian, so little is left to find: at 2 bits the middle three
// do as well as all, at 4 bits five make errors 5 to 8 % smaller than one does (README.md).
constexpr float kGaussianStep[kMaxNeighbourBits + 1] = {0, 1.596f, 0.9957f, 0.586f, 0.3352f};
constexpr float kSteps[] = {0.8f, 1.2f, 0.9f, 1.1f, 1.0f};
constexpr float kStepsOfTwoBits[kLimits] = {0.9f, 1.1f, 1.0f};

// Of two bits |g_i| is 1/2 within the step and 3/2 beyond, so the sums of all steps come in one pass.
float
BestStepOfTwoBits(const float *r, float rms, float sum_abs, size_t coded)
{
    float limits[kLimits], sums[kLimits], counts[kLimits];
    for (size_t i = 0; i < kLimits; i++)
        limits[i] = rms * kGaussianStep[2] * kStepsOfTwoBits[i];
    kernels->sums_beyond(r, limits, coded, sums, counts);
    float ratios[kLimits]; // squares of the cosines, but for a constant
    for (size_t i = 0; i < kLimits; i++) {
        float dot = sum_abs / 2 + sums[i];
        ratios[i] = dot * dot / (static_cast<float>(coded) / 4 + 2 * counts[i]);
    }
    // By arithmetic: which is best is as good as random to a branch predictor.
    static_assert(kLimits == 3);
    size_t better = ratios[1] > ratios[0];
    size_t best = ratios[2] > ratios[better] ? 2 : better;
    return limits[best];
}

// Encodes with the step of those tried that brings g nearest to the direction of r. Returns ⟨g, r⟩.
float
EncodeBestStep(const float *r, float rms, float sum_abs, size_t coded, unsigned bits, uint8_t *out)
{
    float dot = 0, norm_squared;
    auto encode = [&](float step) {
        kernels->encode_planes(r, 1 / step, bits, coded, out, &dot, &norm_squared);
        return dot / std::sqrt(norm_squared);
    };
    float unit = rms * kGaussianStep[bits];
    if (bits <= 2) { // signs have no step
        encode(bits == 1 ? unit : BestStepOfTwoBits(r, rms, sum_abs, coded));
        return dot;
    }
    float best_cosine = -1, best_step = 1, last_step = 1;
    for (float relative : kSteps) {
        last_step = relative;
        float cosine = encode(unit * relative);
        if (cosine > best_cosine) {
            best_cosine = cosine;
            best_step = last_step;
        }
    }
    if (best_step != last_step)
        encode(unit * best_step);
    return dot;
}

// t_int8 and its step from t.
void
QuantizeHop(Hop *hop, float max_abs, size_t coded)
{
    float inverse_step = 127 / max_abs;
    if (inverse_step <= FLT_MAX && max_abs <= FLT_MAX) {
        hop->step = max_abs / 127;
        hop->sum = kernels->quantize_int8(hop->t, inverse_step, coded, hop->t_int8);
        return;
    }
    hop->step = 0; // t is zero, or so small that all distances are those of the parent
    hop->sum = 0;
    memset(hop->t_int8, 0, coded);
}

} // namespace

uint16_t
FloatToBfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    if (value != value)
        return static_cast<uint16_t>((bits >> 16) | 0x40); // rounding must not make it an infinity
    // To nearest, ties to even.
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

NeighbourFactors
EncodeNeighbour(const int8_t *parent, float parent_step, const int8_t *child, float child_step,
                size_t coded, unsigned bits, float *scratch, uint8_t *out)
{
    float sum_abs;
    float norm_squared =
        kernels->code_difference(child, child_step, parent, parent_step, coded, scratch, &sum_abs);
    NeighbourFactors factors{FloatToBfloat16(norm_squared), 0};
    if (!(norm_squared >= FLT_MIN && norm_squared <= FLT_MAX)) {
        memset(out, 0, NeighbourCodeBytes(coded, bits));
        return factors;
    }
    float rms = std::sqrt(norm_squared / static_cast<float>(coded));
    float dot = EncodeBestStep(scratch, rms, sum_abs, coded, bits, out);
    float multiplier = 2 * norm_squared / dot;
    if (multiplier > 0 && multiplier <= FLT_MAX)
        factors.f_mul = FloatToBfloat16(multiplier);
    return factors;
}

Hop
NewHop(Pool pool, size_t coded, size_t max_count)
{
    Hop hop{};
    hop.t = pool.NewZeroedArray<float>(coded);
    hop.t_int8 = pool.NewZeroedArray<int8_t>(coded);
    hop.dots = pool.NewArray<int32_t>(max_count);
    return hop;
}

void
MoveHop(Hop *hop, const float *query_rotated, const int8_t *code, float step, size_t coded)
{
    float max_abs = 0;
    if (step != 0) {
        hop->distance_squared =
            kernels->residual(query_rotated, code, step, coded, hop->t, &max_abs);
    } else {
        memcpy(hop->t, query_rotated, coded * sizeof(float));
        for (size_t i = 0; i < coded; i++) {
            float value = std::fabs(query_rotated[i]);
            max_abs = value > max_abs ? value : max_abs;
        }
        hop->distance_squared = kernels->inner_product(hop->t, hop->t, coded);
    }
    QuantizeHop(hop, max_abs, coded);
}

void
EstimateNeighbours(const Hop &hop, const uint8_t *codes, const uint16_t *f_add,
                   const uint16_t *f_mul, size_t count, unsigned bits, size_t coded,
                   float *estimates)
{
    kernels->dot_planes(codes, NeighbourCodeBytes(coded, bits), count, bits, hop.t_int8, coded,
                        hop.dots);
    // 2·⟨g, t⟩ = step·(2·⟨u, t_int8⟩ − (2^bits − 1)·Σ t_int8), in integers that fit 32 bits
    int32_t centre = static_cast<int32_t>((1u << bits) - 1) * hop.sum;
    float half_step = hop.step / 2;
    for (size_t j = 0; j < count; j++) {
        float dot = half_step * static_cast<float>(2 * hop.dots[j] - centre);
        float estimate =
            hop.distance_squared + Bfloat16ToFloat(f_add[j]) - Bfloat16ToFloat(f_mul[j]) * dot;
        estimates[j] = estimate > 0 ? estimate : 0; // NaN, from a damaged page, becomes 0 too
    }
}

} // namespace omendb
