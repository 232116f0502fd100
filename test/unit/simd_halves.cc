// The kernels of half precision in each tier: conversions against base/half.h, bit for bit, for every half and
// around every tie; sums against plain loops in double, at every length and unaligned start.

#include <cmath>
#include <limits>

#include "simd_testing.h"

namespace omendb {
namespace {

class HalfKernels : public KernelsTest {
protected:
    void FillHalves(Tight<Half> &x, float scale = 1)
    {
        for (size_t i = 0; i < x.size(); ++i)
            x.set(i, FloatToHalf(scale * Uniform()));
    }
};
OMENDB_ALL_TIERS(HalfKernels);

uint32_t
BitsOf(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

TEST_P(HalfKernels, WidenEveryHalf)
{
    Tight<Half> x(65536);
    Tight<float> out(65536);
    for (size_t i = 0; i < 65536; ++i)
        x.set(i, Half(i));
    table_->widen(x.data(), 65536, out.data());
    for (size_t i = 0; i < 65536; ++i)
        ASSERT_EQ(BitsOf(out.get(i)), BitsOf(HalfToFloat(Half(i)))) << i;
}

// Every half, the ties between neighbours and the floats beside each, of both signs; NaNs and infinities are among them.
TEST_P(HalfKernels, NarrowAroundEveryHalfAndTie)
{
    std::vector<float> values;
    for (uint32_t half = 0; half < 65536; ++half) {
        uint32_t bits = BitsOf(HalfToFloat(Half(half)));
        for (uint32_t middle : {bits, bits + 0x1000})
            for (uint32_t near : {middle - 1, middle, middle + 1}) {
                float value;
                memcpy(&value, &near, sizeof(value));
                values.push_back(value);
            }
    }
    for (int power = -24; power >= -27; --power) // below the least half, and its tie
        for (float factor : {-1.5f, -1.f, -0.999999f, 0.999999f, 1.f, 1.0000001f, 1.5f})
            values.push_back(std::ldexp(factor, power));
    for (float value : {65504.f, 65519.996f, 65520.f, 65535.f, 65536.f, 1e30f, 1e-30f, 1e-45f})
        values.push_back(value);
    Tight<Half> out(values.size());
    table_->narrow(values.data(), values.size(), out.data());
    for (size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(uint16_t(out.get(i)), uint16_t(FloatToHalf(values[i]))) << values[i];
}

TEST_P(HalfKernels, ConvertEveryLength)
{
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 2, 6, 30}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<Half> x(n, shift), back(n, shift);
            Tight<float> floats(n, shift);
            FillHalves(x);
            table_->widen(x.data(), n, floats.data());
            table_->narrow(floats.data(), n, back.data());
            for (size_t i = 0; i < n; ++i) {
                ASSERT_EQ(floats.get(i), HalfToFloat(x.get(i))) << i;
                ASSERT_EQ(back.get(i), x.get(i)) << i;
            }
        }
}

TEST_P(HalfKernels, SumsMatchPlainLoops)
{
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 2, 6, 30}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<Half> a(n, shift), b(n, 32 - shift);
            FillHalves(a);
            FillHalves(b);
            double l2 = 0, dot = 0, l1 = 0, norms[2] = {0, 0}, dot_size = 0;
            for (size_t i = 0; i < n; ++i) {
                double x = HalfToFloat(a.get(i)), y = HalfToFloat(b.get(i));
                l2 += (x - y) * (x - y);
                dot += x * y;
                l1 += std::fabs(x - y);
                norms[0] += x * x;
                norms[1] += y * y;
                dot_size += std::fabs(x * y);
            }
            double relative = SumRoundings(n) * kRounding;
            EXPECT_NEAR(table_->l2_squared_half(a.data(), b.data(), n), l2, l2 * relative);
            EXPECT_NEAR(table_->inner_product_half(a.data(), b.data(), n), dot,
                        dot_size * relative);
            EXPECT_NEAR(table_->l1_half(a.data(), b.data(), n), l1, l1 * relative);
            float sums[3];
            table_->cosine_sums_half(a.data(), b.data(), n, &sums[0], &sums[1], &sums[2]);
            EXPECT_NEAR(sums[0], dot, dot_size * relative);
            EXPECT_NEAR(sums[1], norms[0], norms[0] * relative);
            EXPECT_NEAR(sums[2], norms[1], norms[1] * relative);
        }
}

// Small integers leave nothing to rounding: every element is counted, once.
TEST_P(HalfKernels, SumsOfIntegersAreExact)
{
    for (size_t n : FloatLengths()) {
        if (n > 3072)
            continue;
        SCOPED_TRACE(n);
        Tight<Half> a(n), b(n);
        float l2 = 0, dot = 0, l1 = 0;
        for (size_t i = 0; i < n; ++i) {
            float x = float(Code() / 16), y = float(Code() / 16);
            a.set(i, FloatToHalf(x));
            b.set(i, FloatToHalf(y));
            l2 += (x - y) * (x - y);
            dot += x * y;
            l1 += std::fabs(x - y);
        }
        EXPECT_EQ(table_->l2_squared_half(a.data(), b.data(), n), l2);
        EXPECT_EQ(table_->inner_product_half(a.data(), b.data(), n), dot);
        EXPECT_EQ(table_->l1_half(a.data(), b.data(), n), l1);
    }
}

TEST_P(HalfKernels, LargestValuesDoNotOverflow)
{
    Tight<Half> a(400), b(400);
    for (size_t i = 0; i < a.size(); ++i) {
        a.set(i, Half(0x7bff));
        b.set(i, Half(0xfbff));
    }
    double largest = double(kHalfMax) * kHalfMax * 400;
    EXPECT_NEAR(table_->l2_squared_half(a.data(), b.data(), 400), 4 * largest, largest * 1e-6);
    EXPECT_NEAR(table_->inner_product_half(a.data(), b.data(), 400), -largest, largest * 1e-6);
    EXPECT_EQ(table_->l1_half(a.data(), b.data(), 400), 800 * kHalfMax);
}

TEST_P(HalfKernels, AddRoundsAndSeesOverflow)
{
    for (size_t n : FloatLengths()) {
        SCOPED_TRACE(n);
        Tight<Half> a(n), b(n, 1), out(n, 3);
        Tight<float> x(n), y(n, 1), z(n, 3);
        FillHalves(a, 30000);
        FillHalves(b, 30000);
        FillFloats(x, 1e38f);
        FillFloats(y, 1e38f);
        EXPECT_TRUE(table_->add_half(a.data(), b.data(), n, out.data()));
        EXPECT_TRUE(table_->add(x.data(), y.data(), n, z.data()));
        for (size_t i = 0; i < n; ++i) {
            ASSERT_EQ(out.get(i), FloatToHalf(HalfToFloat(a.get(i)) + HalfToFloat(b.get(i)))) << i;
            ASSERT_EQ(z.get(i), x.get(i) + y.get(i)) << i;
        }
        if (n == 0)
            continue;
        size_t at = random_() % n;
        a.set(at, Half(0xfbff)); // −65504 − 16 rounds to infinity, −65504 − 15 does not
        b.set(at, FloatToHalf(-15));
        EXPECT_TRUE(table_->add_half(a.data(), b.data(), n, a.data()));
        EXPECT_EQ(a.get(at), Half(0xfbff));
        b.set(at, FloatToHalf(-16));
        EXPECT_FALSE(table_->add_half(a.data(), b.data(), n, a.data()));
        x.set(at, 3e38f);
        y.set(at, 3e38f);
        EXPECT_FALSE(table_->add(x.data(), y.data(), n, x.data()));
    }
}

TEST_P(HalfKernels, AccumulateAddsInDouble)
{
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 2, 8}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<Half> x(n, shift);
            Tight<double> sums(n, shift);
            std::vector<double> want(n);
            FillHalves(x, 60000);
            for (size_t i = 0; i < n; ++i) {
                sums.set(i, double(Uniform()) / 3);
                want[i] = sums.get(i) + double(HalfToFloat(x.get(i)));
            }
            table_->accumulate_half(sums.data(), x.data(), n);
            for (size_t i = 0; i < n; ++i)
                ASSERT_EQ(sums.get(i), want[i]) << i;
        }
}

} // namespace
} // namespace omendb
