// The tier with AVX-512 F, BW, VL, DQ, VNNI and VPOPCNTDQ (Ice Lake, Zen 4 and later). Built with
// -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx512vpopcntdq -mavx2 -mfma -mf16c
// -ffp-contract=fast (xsimd 8.1 writes FMA as a·b + c here); empty on other platforms.
#if defined(__x86_64__)

// GCC 12 warns of its own _mm512_undefined_ps(), inlined here (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <cfloat>
#include <cstring>
#include <xsimd/xsimd.hpp>

#include "tiers.h"

namespace omendb {

namespace {
using Arch = xsimd::avx512f; // all of what the body uses; newer xsimd want AVX512CD for more
#include "bits_avx512.inc"
#include "kernels_body.inc"
} // namespace

constexpr Kernels kAvx512Kernels = TableOf("avx512");

} // namespace omendb

#endif
