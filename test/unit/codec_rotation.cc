// The rotation keeps lengths and angles, spreads what is concentrated, and is the same in every tier.
#include "omendb/codec/rotation.h"

#include <gtest/gtest.h>

#include "codec_data.h"

namespace omendb::test {
namespace {

double
Dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

std::vector<size_t>
Lengths()
{
    std::vector<size_t> lengths;
    for (size_t n = 64; n <= 2048; n += 64)
        lengths.push_back(n);
    lengths.insert(lengths.end(), {4096, 8256, 16000, 16384, 16448});
    return lengths;
}

TEST(CodecRotation, KeepsNormsAndDots)
{
    ForEachTier([](const Kernels &tier) {
        for (size_t n : Lengths()) {
            constexpr size_t kCount = 5;
            Rows before = GaussianRows(kCount, static_cast<uint32_t>(n), n);
            Rows after = before;
            for (size_t i = 0; i < kCount; i++)
                Rotate(after.row(i), n);
            for (size_t i = 0; i < kCount; i++)
                for (size_t j = 0; j <= i; j++) {
                    double expected = Dot(before.row(i), before.row(j), n);
                    double got = Dot(after.row(i), after.row(j), n);
                    EXPECT_NEAR(got, expected, 3e-6 * static_cast<double>(n))
                        << tier.name << " n " << n;
                }
        }
    });
}

// The columns of the matrix, all of them, for lengths with and without a second block.
TEST(CodecRotation, UnitVectorsBecomeAnOrthonormalBasis)
{
    for (size_t n : {size_t{64}, size_t{192}, size_t{256}, size_t{320}, size_t{832}}) {
        Rows basis = MakeRows(n, static_cast<uint32_t>(n));
        for (size_t i = 0; i < n; i++) {
            basis.row(i)[i] = 1;
            Rotate(basis.row(i), n);
        }
        double worst = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                worst = std::max(worst,
                                 std::fabs(Dot(basis.row(i), basis.row(j), n) - (i == j ? 1 : 0)));
        EXPECT_LT(worst, 2e-6) << "n " << n;
    }
}

// A code's step is its largest value over 127, so no coordinate may keep much of a unit vector. Gaussian
// coordinates would reach about sqrt(2 ln n / n).
TEST(CodecRotation, SpreadsUnitVectors)
{
    for (size_t n : {size_t{64}, size_t{128}, size_t{192}, size_t{512}, size_t{832}, size_t{960},
                     size_t{1536}}) {
        double worst = 0, fourth = 0;
        for (size_t axis = 0; axis < n; axis++) {
            std::vector<float> x(n);
            x[axis] = 1;
            Rotate(x.data(), n);
            for (float value : x) {
                worst = std::max(worst, std::fabs(static_cast<double>(value)));
                fourth += std::pow(static_cast<double>(value), 4);
            }
        }
        double size = static_cast<double>(n);
        EXPECT_LT(worst, std::sqrt(2 * std::log(size * size) / size) * 1.25) << "n " << n;
        EXPECT_NEAR(fourth, 3, 0.2) << "n " << n; // the kurtosis: 3 is Gaussian
    }
}

// Rounding differs, but an index built on one CPU must serve another. The bound's slack for a rotation is
// 4·(log2 n + 4) roundings; two tiers may differ by twice that.
TEST(CodecRotation, TiersAgree)
{
    for (size_t n : Lengths()) {
        Rows input = GaussianRows(1, static_cast<uint32_t>(n), 7 * n, 1, 3);
        std::vector<float> first;
        ForEachTier([&](const Kernels &tier) {
            std::vector<float> x = input.values;
            Rotate(x.data(), n);
            if (first.empty())
                first = x;
            double squared = 0;
            for (size_t i = 0; i < n; i++)
                squared += std::pow(static_cast<double>(x[i]) - first[i], 2);
            double slack = 8 * (std::ceil(std::log2(static_cast<double>(n))) + 4) * 0x1p-24;
            EXPECT_LE(std::sqrt(squared), slack * Model::Norm(input.row(0), n))
                << tier.name << " n " << n;
        });
    }
}

// Indexes on disk depend on the signs: these values may change only with the page format's version.
TEST(CodecRotation, IsFrozen)
{
    constexpr float kLastOf64[8] = {-0.406250f, -1.031250f, 1.718750f,  0.468750f,
                                    0.156250f,  -0.218750f, -1.218750f, 1.031250f};
    constexpr float kLastOf192[8] = {-0.406710f, -0.413832f, -0.733455f, -0.142386f,
                                     0.687960f,  -0.695083f, 0.010263f,  0.934359f};
    std::vector<float> x(64), y(192);
    x[0] = 8;
    y[100] = 8;
    Rotate(x.data(), x.size());
    Rotate(y.data(), y.size());
    for (size_t i = 0; i < 8; i++) {
        EXPECT_NEAR(x[56 + i], kLastOf64[i], 1e-5) << i;
        EXPECT_NEAR(y[184 + i], kLastOf192[i], 1e-5) << i;
    }
}

} // namespace
} // namespace omendb::test
