// Neighbour codes: what makes a hop cost one page. A node p stores, for each neighbour x, `bits` bits a
// dimension of the residual r = x̂ − p̂ between the two decoded own codes (RaBitQ, Gao & Long, SIGMOD 2024,
// relative to the parent), over the first `coded` dimensions of index space.
//
//   g_i = u_i − (2^bits − 1)/2,  u_i in [0, 2^bits − 1]       f = ‖r‖² / ⟨g, r⟩
//   d²(q, x) ≈ ‖t‖² + ‖r‖² − 2f·⟨g, t⟩                        t = q − p̂
//
// Differs from DESIGN.md section 2 in one point: the query is taken relative to the parent (t, quantized
// to int8 a hop) and not once for all parents. Both terms of the estimate are then of the size of the
// distances at hand, so nothing cancels, and the two factors fit 16 bits each.
//
// f_add = ‖r‖² and f_mul = 2f are stored as bfloat16 (the upper half of a float32, rounded to nearest).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "omendb/base/pool.h"

namespace omendb {

constexpr unsigned kMaxNeighbourBits = 4;

// Bytes of one neighbour's code.
constexpr size_t
NeighbourCodeBytes(size_t coded, unsigned bits)
{
    return coded / 8 * bits;
}

uint16_t FloatToBfloat16(float value);

inline float
Bfloat16ToFloat(uint16_t value)
{
    uint32_t bits = static_cast<uint32_t>(value) << 16;
    float result;
    memcpy(&result, &bits, sizeof(result));
    return result;
}

struct NeighbourFactors {
    uint16_t f_add; // bfloat16 of ‖r‖²
    uint16_t f_mul; // bfloat16 of 2f; 0 when r is zero (a duplicate of its parent)
};

// Encodes child − parent over `coded` dimensions into `out` (NeighbourCodeBytes bytes). `scratch` has
// `coded` floats. For bits > 1 the step is the best of a few for the cosine between g and r.
NeighbourFactors EncodeNeighbour(const int8_t *parent, float parent_step, const int8_t *child,
                                 float child_step, size_t coded, unsigned bits, float *scratch,
                                 uint8_t *out);

// The query seen from one parent.
struct Hop {
    float *t;               // q − p̂, `coded` floats
    int8_t *t_int8;         // t / step, rounded
    int32_t *dots;          // scratch, one an entry
    float step;             // of t_int8
    int32_t sum;            // Σ t_int8
    float distance_squared; // ‖t‖² over the coded dimensions
};

// Scratch for hops over lists of at most `max_count` neighbours.
Hop NewHop(Pool pool, size_t coded, size_t max_count);

// Moves the hop to the parent with this own code (step 0: the origin, as for entries and the delta).
void MoveHop(Hop *hop, const float *query_rotated, const int8_t *code, float step, size_t coded);

// estimates[j] ≈ d²(q, x_j) for `count` neighbours whose codes stand `NeighbourCodeBytes` apart. Never
// negative, never NaN.
void EstimateNeighbours(const Hop &hop, const uint8_t *codes, const uint16_t *f_add,
                        const uint16_t *f_mul, size_t count, unsigned bits, size_t coded,
                        float *estimates);

} // namespace omendb
