// FFHT-Kac rotation: four rounds of random signs and a fast Hadamard transform over the largest power of
// two; where n is no power of two, alternately the first and the last such block, with a 45° mix of the
// two halves after each pair of rounds. Orthogonal: lengths and angles stay. The signs come from a fixed
// seed, so nothing is stored. O(n log n), no matrix. DESIGN.md section 2.
//
// Differs from the paper's code (and DESIGN.md), which mix after every round: src/codec/README.md.
#pragma once

#include <cstddef>

namespace omendb {

// In place. REQUIRES: n a multiple of 64, n <= 16,448.
void Rotate(float *x, size_t n);

} // namespace omendb
