// Which tiers this CPU can run, and the table in use.
//
// __builtin_cpu_supports asks the operating system too (it checks that the wide registers are saved).
// It knows no f16c under clang; every CPU with AVX2 and FMA has it.

#include "tiers.h"

namespace omendb {

const Kernels *kernels = &kBaselineKernels;

const Kernels *
KernelsOfTier(Tier tier)
{
    switch (tier) {
    case Tier::kBaseline:
        return &kBaselineKernels;
#if defined(__x86_64__)
    case Tier::kAvx2:
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            return &kAvx2Kernels;
        break;
    case Tier::kAvx512:
        if (KernelsOfTier(Tier::kAvx2) != nullptr && __builtin_cpu_supports("avx512f") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") &&
            __builtin_cpu_supports("avx512vpopcntdq"))
            return &kAvx512Kernels;
        break;
#endif
    default:
        break;
    }
    return nullptr;
}

Tier
BestTier()
{
    if (KernelsOfTier(Tier::kAvx512) != nullptr)
        return Tier::kAvx512;
    return KernelsOfTier(Tier::kAvx2) != nullptr ? Tier::kAvx2 : Tier::kBaseline;
}

void
SelectKernels(Tier tier)
{
    kernels = KernelsOfTier(tier);
}

} // namespace omendb
