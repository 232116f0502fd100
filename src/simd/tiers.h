// The tables that the kernels_<tier>.cc define: one exported symbol each. Look them up with
// KernelsOfTier, which knows what this CPU can run.
#pragma once

#include "omendb/simd/kernels.h"

namespace omendb {

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

} // namespace omendb
