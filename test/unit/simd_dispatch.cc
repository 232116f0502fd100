// The choice of a tier.

#include "simd_testing.h"

namespace omendb {
namespace {

TEST(Dispatch, BaselineAlwaysExists)
{
    ASSERT_NE(KernelsOfTier(Tier::kBaseline), nullptr);
    EXPECT_STREQ(KernelsOfTier(Tier::kBaseline)->name, "baseline");
}

TEST(Dispatch, TablesAreNamedAndComplete)
{
    constexpr const char *kNames[kTierCount] = {"baseline", "avx2", "avx512"};
    for (int tier = 0; tier < kTierCount; ++tier) {
        const Kernels *table = KernelsOfTier(Tier(tier));
        if (table == nullptr)
            continue;
        EXPECT_STREQ(table->name, kNames[tier]);
        void *fields[sizeof(Kernels) / sizeof(void *)];
        memcpy(fields, table, sizeof(Kernels));
        for (void *field : fields)
            EXPECT_NE(field, nullptr);
    }
}

TEST(Dispatch, BestTierRunsAndNoneAboveItDoes)
{
    Tier best = BestTier();
    EXPECT_NE(KernelsOfTier(best), nullptr);
    for (int tier = int(best) + 1; tier < kTierCount; ++tier)
        EXPECT_EQ(KernelsOfTier(Tier(tier)), nullptr);
}

TEST(Dispatch, SelectPinsATier)
{
    const Kernels *before = kernels;
    for (int tier = 0; tier < kTierCount; ++tier) {
        if (KernelsOfTier(Tier(tier)) == nullptr)
            continue;
        SelectKernels(Tier(tier));
        EXPECT_EQ(kernels, KernelsOfTier(Tier(tier)));
    }
    kernels = before;
}

} // namespace
} // namespace omendb
