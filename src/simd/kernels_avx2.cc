// The tier with AVX2, FMA and F16C. Built with -mavx2 -mfma -mf16c; empty on other platforms.
#if defined(__x86_64__)

#include <cfloat>
#include <cstring>
#include <xsimd/xsimd.hpp>

#include "tiers.h"

namespace omendb {

namespace {
using Arch = xsimd::fma3<xsimd::avx2>;
#include "bits_avx2.inc"
#include "kernels_body.inc"
} // namespace

constexpr Kernels kAvx2Kernels = TableOf("avx2");

} // namespace omendb

#endif
