// The arithmetic that is worth a CPU tier of its own. One table of kernels a tier; the body is generic
// (src/simd/kernels_body.inc) and compiled once a tier, so that `-march=native` is never needed.
//
// Every pointer may be unaligned. Kernels raise nothing and allocate nothing. Sums differ between tiers
// in the last bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/base/half.h"

namespace omendb {

// Dimensions of codes are always a multiple of this (codec/space.h pads to it).
constexpr size_t kCodeBlock = 64;

// Codes of a panel (pack_panel), and rows and columns of a tile (tile_keys).
constexpr size_t kPanelCodes = 16;

constexpr unsigned kKeyBits = 12; // of a tile's key, for a number
constexpr size_t kMaxKeep = 12;   // keep_least
constexpr size_t kLimits = 3;     // sums_beyond

// A sparse vector: `count` strictly ascending indices within [0, 0x7ffffffd], and the value at each.
struct SparseView {
    const int32_t *indices;
    const float *values;
    size_t count;
};

struct Kernels {
    const char *name; // "baseline", "avx2", "avx512"

    // ---- float32 vectors of any length n >= 0; float32 lanes, so sums may overflow to infinity.
    // A lane adds at most n/16 + 4 terms, in every tier: the error bound of the sums rests on it.

    // Σ (a_i − b_i)²
    float (*l2_squared)(const float *a, const float *b, size_t n);
    // Σ a_i·b_i
    float (*inner_product)(const float *a, const float *b, size_t n);
    // Σ |a_i − b_i|
    float (*l1)(const float *a, const float *b, size_t n);
    // *dot = Σ a_i·b_i, *norm_a = Σ a_i², *norm_b = Σ b_i², in one pass
    void (*cosine_sums)(const float *a, const float *b, size_t n, float *dot, float *norm_a,
                        float *norm_b);

    // ---- half precision, any length n >= 0: the same sums of the floats that the halves are

    float (*l2_squared_half)(const Half *a, const Half *b, size_t n);
    float (*inner_product_half)(const Half *a, const Half *b, size_t n);
    float (*l1_half)(const Half *a, const Half *b, size_t n);
    void (*cosine_sums_half)(const Half *a, const Half *b, size_t n, float *dot, float *norm_a,
                             float *norm_b);

    // ---- sparse vectors: the same sums, in float32

    float (*l2_squared_sparse)(SparseView a, SparseView b);
    float (*inner_product_sparse)(SparseView a, SparseView b);
    float (*l1_sparse)(SparseView a, SparseView b);

    // ---- arithmetic and conversion

    // out_i = a_i + b_i, of halves rounded to the nearest; out may be a. Returns whether all are finite.
    // REQUIRES: finite elements.
    bool (*add)(const float *a, const float *b, size_t n, float *out);
    bool (*add_half)(const Half *a, const Half *b, size_t n, Half *out);

    // HalfToFloat and FloatToHalf of each element: the same bits in every tier
    void (*widen)(const Half *x, size_t n, float *out);
    void (*narrow)(const float *x, size_t n, Half *out);

    // ---- rotation

    // Fast Hadamard transform in place, not normalised: n a power of two, n >= 1.
    void (*hadamard)(float *x, size_t n);

    // ---- codes: n a multiple of kCodeBlock

    // Σ a_i·b_i; a, b within [−127, 127], n <= 16,448 (fits 32 bits)
    int32_t (*dot_int8)(const int8_t *a, const int8_t *b, size_t n);

    // t_i = q_i − step·code_i. Returns Σ t_i² and stores max |t_i|.
    float (*residual)(const float *q, const int8_t *code, float step, size_t n, float *t,
                      float *max_abs);

    // out_i = t_i·inverse_step rounded to the nearest integer, clamped to [−127, 127]. Returns Σ out_i.
    int32_t (*quantize_int8)(const float *t, float inverse_step, size_t n, int8_t *out);

    // r_i = step_a·a_i − step_b·b_i. Returns Σ r_i² and stores Σ |r_i|.
    float (*code_difference)(const int8_t *a, float step_a, const int8_t *b, float step_b, size_t n,
                             float *r, float *sum_abs);

    // Bit planes (codec/neighbour_code.h). A code of `bits` bits a dimension is, for each block of 64
    // dimensions, `bits` little-endian 64-bit words, least significant plane first; bit i of a word
    // belongs to dimension 64·block + i. It stands for u in [0, 2^bits − 1].

    // u_i = clamp(floor(r_i·inverse_step) + 2^(bits−1), 0, 2^bits − 1), written as planes;
    // with g_i = u_i − (2^bits − 1)/2: *dot = Σ g_i·r_i, *norm_squared = Σ g_i².
    void (*encode_planes)(const float *r, float inverse_step, unsigned bits, size_t n, uint8_t *out,
                          float *dot, float *norm_squared);

    // What two bits at each of kLimits steps would give, without writing them: sums[k] = Σ |r_i| and
    // counts[k] the number of those |r_i| that are at least limits[k].
    void (*sums_beyond)(const float *r, const float *limits, size_t n, float *sums, float *counts);

    // out[j] = Σ_i u_ji·t_i for `count` codes, `stride` bytes apart. 1 <= bits <= 4.
    void (*dot_planes)(const uint8_t *codes, size_t stride, size_t count, unsigned bits,
                       const int8_t *t, size_t n, int32_t *out);

    // ---- many codes against many: no sum over lanes, one lane a pair of codes

    // Bytes of a panel: kPanelCodes codes of n dimensions, in an order of the tier's own. A multiple of 64.
    size_t (*panel_bytes)(size_t n);

    // Packs `count` <= kPanelCodes codes into `out` (panel_bytes(n) bytes), and zero codes behind them.
    void (*pack_panel)(const int8_t *const *codes, size_t count, size_t n, void *out);

    // out[i·stride + kPanelCodes·p + j] = dot of code i of the panel `rows` and code j of panel p, for
    // `count` panels that stand one behind the other.
    void (*dot_panels)(const void *rows, const void *panels, size_t count, size_t n, int32_t *out,
                       size_t stride);

    // The squared distances of a tile of dots, 16 rows of 16, in a form that orders like them and has room for
    // a number: keys[16·i + j] = row_norms_i + column_norms_j − 2·row_steps_i·column_steps_j·dot, clamped to
    // [0, the largest float], the lowest kKeyBits bits of the float zero.
    void (*tile_keys)(const int32_t *dots, size_t stride, const float *row_norms,
                      const float *row_steps, const float *column_norms, const float *column_steps,
                      float *keys);

    // out[16·j + i] = in[16·i + j]; not in place
    void (*transpose_tile)(const float *in, float *out);

    // For each of 16 columns j the least `keep` of best[k·stride + j] and of the tile's keys of column j with
    // first + i in the lowest bits, rising with k. 1 <= keep <= kMaxKeep; first + 15 < 2^kKeyBits.
    void (*keep_least)(const float *keys, uint32_t first, size_t keep, float *best, size_t stride);

    // Bit i is set where to_i >= from_i, of 16 finite floats.
    uint32_t (*not_below)(const float *to, const float *from);

    // out[i] = Σ a·codes[i] for `count` codes, as dot_int8
    void (*dot_int8_many)(const int8_t *a, const int8_t *const *codes, size_t count, size_t n,
                          int32_t *out);

    // ---- 16-bit words

    // Position of the first of `count` words that is `wanted`, or count. May read up to the next multiple of 8.
    size_t (*find_word)(const uint16_t *words, size_t count, uint16_t wanted);

    // The largest of `count` words, a multiple of 8, 8 at least.
    uint16_t (*largest_word)(const uint16_t *words, size_t count);

    // ---- bit strings, of whole bytes

    // The number of bits that differ.
    uint64_t (*hamming)(const uint8_t *a, const uint8_t *b, size_t bytes);
    // The number of bits set in both, and in either.
    void (*jaccard_counts)(const uint8_t *a, const uint8_t *b, size_t bytes, uint64_t *both,
                           uint64_t *either);

    // One bit an element, set where it is greater than 0; the first one the top bit of the first byte, the last byte
    // filled up with zeros.
    void (*positive_bits)(const float *x, size_t n, uint8_t *out);
    void (*positive_bits_half)(const Half *x, size_t n, uint8_t *out);

    // ---- aggregates

    // sums[i] += x[i], double += float, n >= 0
    void (*accumulate)(double *sums, const float *x, size_t n);
    void (*accumulate_half)(double *sums, const Half *x, size_t n);
};

enum class Tier : int { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };
constexpr int kTierCount = 3;

// The tier's table, or null when this build or this CPU lacks it. kBaseline always exists.
const Kernels *KernelsOfTier(Tier tier);

// The widest tier that this CPU and operating system can run.
Tier BestTier();

// The table in use: the baseline until SelectKernels is called, which module start does with BestTier()
// and the GUC omendb.simd with the tier that it pins (both in pg/).
extern const Kernels *kernels;

// REQUIRES: KernelsOfTier(tier) is not null.
void SelectKernels(Tier tier);

} // namespace omendb
