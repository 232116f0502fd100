// The tier that every CPU of the platform runs: SSE2 on x86-64, NEON on aarch64.
// Built without flags of its own.

#include <cfloat>
#include <cstring>
#include <xsimd/xsimd.hpp>

#include "tiers.h"

namespace omendb {

namespace {
#if defined(__x86_64__)
using Arch = xsimd::sse2;
#include "bits_baseline_sse2.inc"
#elif defined(__aarch64__)
using Arch = xsimd::neon64;
#include "bits_baseline_neon.inc"
#else
#error "no kernels for this platform: add bits_baseline_<platform>.inc"
#endif
#include "kernels_body.inc"
} // namespace

constexpr Kernels kBaselineKernels = TableOf("baseline");

} // namespace omendb
