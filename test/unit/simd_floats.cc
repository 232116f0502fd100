// The float kernels of each tier against plain loops in double, at every length and unaligned start.

#include <cmath>
#include <limits>

#include "simd_testing.h"

namespace omendb {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class FloatKernels : public KernelsTest {};
OMENDB_ALL_TIERS(FloatKernels);

struct Sums {
    double l2 = 0, dot = 0, l1 = 0, norm_a = 0, norm_b = 0;
    double dot_size = 0; // Σ |a_i·b_i|
};

Sums
PlainSums(const Tight<float> &a, const Tight<float> &b)
{
    Sums sums;
    for (size_t i = 0; i < a.size(); ++i) {
        double x = a.get(i), y = b.get(i);
        sums.l2 += (x - y) * (x - y);
        sums.dot += x * y;
        sums.l1 += std::fabs(x - y);
        sums.norm_a += x * x;
        sums.norm_b += y * y;
        sums.dot_size += std::fabs(x * y);
    }
    return sums;
}

TEST_P(FloatKernels, SumsMatchPlainLoops)
{
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 4, 12, 60}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> a(n, shift), b(n, 64 - shift);
            FillFloats(a);
            FillFloats(b);
            Sums want = PlainSums(a, b);
            double relative = SumRoundings(n) * kRounding;
            EXPECT_NEAR(table_->l2_squared(a.data(), b.data(), n), want.l2, want.l2 * relative);
            EXPECT_NEAR(table_->inner_product(a.data(), b.data(), n), want.dot,
                        want.dot_size * relative);
            EXPECT_NEAR(table_->l1(a.data(), b.data(), n), want.l1, want.l1 * relative);
            float dot = -1, norm_a = -1, norm_b = -1;
            table_->cosine_sums(a.data(), b.data(), n, &dot, &norm_a, &norm_b);
            EXPECT_NEAR(dot, want.dot, want.dot_size * relative);
            EXPECT_NEAR(norm_a, want.norm_a, want.norm_a * relative);
            EXPECT_NEAR(norm_b, want.norm_b, want.norm_b * relative);
        }
}

// Small integers leave nothing to rounding: every element is counted, once.
TEST_P(FloatKernels, SumsOfIntegersAreExact)
{
    for (size_t n : FloatLengths()) {
        if (n > 3072)
            continue;
        SCOPED_TRACE(n);
        Tight<float> a(n), b(n);
        for (size_t i = 0; i < n; ++i) {
            a.set(i, float(Code() / 16));
            b.set(i, float(Code() / 16));
        }
        Sums want = PlainSums(a, b);
        EXPECT_EQ(table_->l2_squared(a.data(), b.data(), n), want.l2);
        EXPECT_EQ(table_->inner_product(a.data(), b.data(), n), want.dot);
        EXPECT_EQ(table_->l1(a.data(), b.data(), n), want.l1);
        float dot, norm_a, norm_b;
        table_->cosine_sums(a.data(), b.data(), n, &dot, &norm_a, &norm_b);
        EXPECT_EQ(dot, want.dot);
        EXPECT_EQ(norm_a, want.norm_a);
        EXPECT_EQ(norm_b, want.norm_b);
    }
}

// The error bound of kernels.h, where it is tight: one large term, anywhere in the first batch, and ones
// too small to count beside it. A lane that added more than n/16 + 4 terms would lose more than these.
TEST_P(FloatKernels, LanesAreShort)
{
    for (size_t n : {64, 1536, 16000})
        for (size_t at = 0; at < 64; ++at) {
            SCOPED_TRACE(testing::Message() << "n " << n << " at " << at);
            Tight<float> a(n), b(n);
            for (size_t i = 0; i < n; ++i) {
                a.set(i, 1);
                b.set(i, 1);
            }
            a.set(at, 1 << 24);
            double want = (1 << 24) + double(n) - 1;
            double lost = want - table_->inner_product(a.data(), b.data(), n);
            EXPECT_LE(std::fabs(lost), double(n) / 16 + 4 + 6);
        }
}

TEST_P(FloatKernels, NanAndInfinityPropagate)
{
    for (size_t n : {1, 3, 7, 16, 31, 64, 131, 400})
        for (size_t at = 0; at < size_t(n); ++at) {
            SCOPED_TRACE(testing::Message() << "n " << n << " at " << at);
            Tight<float> a(n), b(n);
            FillFloats(a);
            FillFloats(b);
            b.set(at, 0.5f);
            float dot, norm_a, norm_b;

            a.set(at, kNan);
            EXPECT_TRUE(std::isnan(table_->l2_squared(a.data(), b.data(), n)));
            EXPECT_TRUE(std::isnan(table_->inner_product(a.data(), b.data(), n)));
            EXPECT_TRUE(std::isnan(table_->l1(a.data(), b.data(), n)));
            table_->cosine_sums(a.data(), b.data(), n, &dot, &norm_a, &norm_b);
            EXPECT_TRUE(std::isnan(dot));
            EXPECT_TRUE(std::isnan(norm_a));
            EXPECT_TRUE(std::isfinite(norm_b));

            a.set(at, -kInfinity);
            EXPECT_EQ(table_->l2_squared(a.data(), b.data(), n), kInfinity);
            EXPECT_EQ(table_->inner_product(a.data(), b.data(), n), -kInfinity);
            EXPECT_EQ(table_->l1(a.data(), b.data(), n), kInfinity);
            table_->cosine_sums(a.data(), b.data(), n, &dot, &norm_a, &norm_b);
            EXPECT_EQ(dot, -kInfinity);
            EXPECT_EQ(norm_a, kInfinity);
            EXPECT_TRUE(std::isfinite(norm_b));
        }
}

TEST_P(FloatKernels, LargeValuesOverflowToInfinity)
{
    Tight<float> a(33), b(33);
    for (size_t i = 0; i < a.size(); ++i) {
        a.set(i, 3e38f);
        b.set(i, -3e38f);
    }
    EXPECT_EQ(table_->l2_squared(a.data(), b.data(), 33), kInfinity);
    EXPECT_EQ(table_->inner_product(a.data(), b.data(), 33), -kInfinity);
    EXPECT_EQ(table_->l1(a.data(), b.data(), 33), kInfinity);
}

TEST_P(FloatKernels, HadamardMatchesItsDefinition)
{
    for (size_t n = 1; n <= 4096; n *= 2)
        for (size_t shift : {0, 1, 4, 28}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> x(n, shift);
            FillFloats(x);
            std::vector<double> want(n);
            double size = 0;
            for (size_t i = 0; i < n; ++i) {
                want[i] = x.get(i);
                size += std::fabs(want[i]);
            }
            for (size_t h = 1; h < n; h *= 2)
                for (size_t i = 0; i < n; ++i)
                    if ((i & h) == 0) {
                        double sum = want[i] + want[i + h];
                        want[i + h] = want[i] - want[i + h];
                        want[i] = sum;
                    }
            table_->hadamard(x.data(), n);
            double tolerance = size * kRounding * std::log2(double(n));
            for (size_t i = 0; i < n; ++i)
                ASSERT_NEAR(x.get(i), want[i], tolerance) << i;
        }
}

// Row j of the matrix is (−1)^popcount(i & j): a unit vector shows a column.
TEST_P(FloatKernels, HadamardOfUnitVectors)
{
    for (size_t n = 1; n <= 256; n *= 2)
        for (size_t j = 0; j < n; ++j) {
            Tight<float> x(n);
            x.set(j, 1);
            table_->hadamard(x.data(), n);
            for (size_t i = 0; i < n; ++i)
                ASSERT_EQ(x.get(i), __builtin_popcountll(i & j) % 2 == 0 ? 1 : -1)
                    << n << ": " << i << ", " << j;
        }
}

TEST_P(FloatKernels, HadamardTwiceIsTheIdentity)
{
    for (size_t n = 1; n <= 16384; n *= 2) {
        Tight<float> x(n);
        std::vector<float> want(n);
        for (size_t i = 0; i < n; ++i)
            x.set(i, want[i] = float(Code() / 16));
        table_->hadamard(x.data(), n);
        table_->hadamard(x.data(), n);
        for (size_t i = 0; i < n; ++i)
            ASSERT_EQ(x.get(i), float(n) * want[i]) << n << ": " << i;
    }
}

TEST_P(FloatKernels, AccumulateAddsInDouble)
{
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 4, 8}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> x(n, shift);
            Tight<double> sums(n, shift);
            std::vector<double> want(n);
            FillFloats(x, 1e30f);
            for (size_t i = 0; i < n; ++i) {
                sums.set(i, double(Uniform()) / 3);
                want[i] = sums.get(i) + double(x.get(i));
            }
            table_->accumulate(sums.data(), x.data(), n);
            for (size_t i = 0; i < n; ++i)
                ASSERT_EQ(sums.get(i), want[i]) << i;
        }
}

} // namespace
} // namespace omendb
