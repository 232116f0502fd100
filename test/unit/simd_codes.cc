// The code kernels of each tier against plain loops: integers exactly, floats within their roundings.

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd_testing.h"

namespace omendb {
namespace {

class CodeKernels : public KernelsTest {
protected:
    void CheckEncode(size_t n, unsigned bits, size_t shift, float inverse_step);
    void CheckDots(size_t n, unsigned bits, size_t count, size_t gap);
};
OMENDB_ALL_TIERS(CodeKernels);

TEST_P(CodeKernels, DotInt8)
{
    for (size_t n : CodeLengths())
        for (size_t shift : {0, 1, 7, 33}) {
            Tight<int8_t> a(n, shift), b(n, 2 * shift);
            FillCodes(a);
            FillCodes(b);
            int32_t want = 0;
            for (size_t i = 0; i < n; ++i)
                want += a.get(i) * b.get(i);
            ASSERT_EQ(table_->dot_int8(a.data(), b.data(), n), want) << n << " shift " << shift;
        }
    EXPECT_EQ(table_->dot_int8(nullptr, nullptr, 0), 0);
}

TEST_P(CodeKernels, DotInt8Extremes)
{
    for (size_t n : {64, 16384, 16448})
        for (int sign_a : {-1, 1})
            for (int sign_b : {-1, 1}) {
                Tight<int8_t> a(n), b(n);
                for (size_t i = 0; i < size_t(n); ++i) {
                    a.set(i, int8_t(127 * sign_a));
                    b.set(i, int8_t(127 * sign_b));
                }
                EXPECT_EQ(table_->dot_int8(a.data(), b.data(), n),
                          127 * 127 * sign_a * sign_b * int32_t(n));
            }
}

TEST_P(CodeKernels, Residual)
{
    for (size_t n : CodeLengths())
        for (size_t shift : {0, 1, 4, 20}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> q(n, shift), t(n, shift / 2);
            Tight<int8_t> code(n, shift + 1);
            FillFloats(q);
            FillCodes(code);
            const float step = 1.0f / 127;
            float most = -1;
            float sum = table_->residual(q.data(), code.data(), step, n, t.data(), &most);
            double want_sum = 0;
            float want_most = 0;
            for (size_t i = 0; i < n; ++i) {
                double product = double(step) * code.get(i);
                double want = q.get(i) - product;
                // One rounding of the product (none with FMA), one of the difference.
                ASSERT_NEAR(t.get(i), want, (std::fabs(product) + std::fabs(want)) * kRounding)
                    << i;
                want_sum += double(t.get(i)) * t.get(i);
                want_most = std::max(want_most, std::fabs(t.get(i)));
            }
            EXPECT_NEAR(sum, want_sum, want_sum * SumRoundings(n) * kRounding);
            EXPECT_EQ(most, want_most);
        }
}

TEST_P(CodeKernels, ResidualFindsTheLargestAnywhere)
{
    for (size_t at = 0; at < 128; ++at) {
        Tight<float> q(128), t(128);
        Tight<int8_t> code(128);
        q.set(at, -3);
        float most = -1;
        EXPECT_EQ(table_->residual(q.data(), code.data(), 1, 128, t.data(), &most), 9);
        EXPECT_EQ(most, 3) << at;
    }
}

TEST_P(CodeKernels, QuantizeInt8)
{
    for (size_t n : CodeLengths())
        for (size_t shift : {0, 1, 4, 20}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> t(n, shift);
            Tight<int8_t> out(n, shift + 3);
            FillFloats(t, 1.2f); // some beyond the ends
            const float inverse_step = 127;
            int32_t sum = table_->quantize_int8(t.data(), inverse_step, n, out.data());
            int32_t want_sum = 0;
            for (size_t i = 0; i < n; ++i) {
                float want = std::nearbyint(t.get(i) * inverse_step);
                ASSERT_EQ(out.get(i), int(std::clamp(want, -127.0f, 127.0f))) << i;
                want_sum += out.get(i);
            }
            EXPECT_EQ(sum, want_sum);
        }
}

TEST_P(CodeKernels, QuantizeInt8Clamps)
{
    const float kHuge[] = {3e38f,
                           -3e38f,
                           1e10f,
                           -1e10f,
                           std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(),
                           127.6f,
                           -128.9f};
    Tight<float> t(64);
    Tight<int8_t> out(64);
    for (size_t i = 0; i < 64; ++i)
        t.set(i, kHuge[i % 8]);
    EXPECT_EQ(table_->quantize_int8(t.data(), 1, 64, out.data()), 0);
    for (size_t i = 0; i < 64; ++i)
        EXPECT_EQ(out.get(i), i % 2 == 0 ? 127 : -127) << i;
    // No meaning, but still a code.
    for (size_t i = 0; i < 64; ++i)
        t.set(i, std::numeric_limits<float>::quiet_NaN());
    table_->quantize_int8(t.data(), 1, 64, out.data());
    for (size_t i = 0; i < 64; ++i)
        EXPECT_GE(out.get(i), -127);
}

TEST_P(CodeKernels, CodeDifference)
{
    for (size_t n : CodeLengths())
        for (size_t shift : {0, 1, 4, 20}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<int8_t> a(n, shift), b(n, shift + 1);
            Tight<float> r(n, shift);
            FillCodes(a);
            FillCodes(b);
            const float step_a = 0.011f, step_b = 0.0093f;
            float sum_abs = -1;
            float sum =
                table_->code_difference(a.data(), step_a, b.data(), step_b, n, r.data(), &sum_abs);
            double want_sum = 0, want_abs = 0;
            for (size_t i = 0; i < n; ++i) {
                double x = double(step_a) * a.get(i), y = double(step_b) * b.get(i);
                double tolerance = (std::fabs(x) + std::fabs(y) + std::fabs(x - y)) * kRounding;
                ASSERT_NEAR(r.get(i), x - y, tolerance) << i;
                want_sum += double(r.get(i)) * r.get(i);
                want_abs += std::fabs(double(r.get(i)));
            }
            EXPECT_NEAR(sum, want_sum, want_sum * SumRoundings(n) * kRounding);
            EXPECT_NEAR(sum_abs, want_abs, want_abs * SumRoundings(n) * kRounding);
        }
}

// u of dimension i, read from the planes as kernels.h lays them out.
int
Decode(const Tight<uint8_t> &code, size_t code_begin, unsigned bits, size_t i)
{
    int u = 0;
    for (unsigned plane = 0; plane < bits; ++plane) {
        uint8_t byte = code.get(code_begin + 8 * (i / 64 * bits + plane) + i % 64 / 8);
        u |= (byte >> (i % 8) & 1) << plane;
    }
    return u;
}

void
CodeKernels::CheckEncode(size_t n, unsigned bits, size_t shift, float inverse_step)
{
    SCOPED_TRACE(testing::Message() << "n " << n << " bits " << bits << " shift " << shift);
    Tight<float> r(n, shift);
    Tight<uint8_t> out(n / 8 * bits, shift + 1);
    FillFloats(r);
    r.set(0, 0.0f);
    r.set(1, -0.0f);
    r.set(2, -1e-30f);
    r.set(3, 1e30f);
    r.set(4, -1e30f);
    r.set(5, 1 / inverse_step); // on an edge
    r.set(6, -1 / inverse_step);
    float dot = -1, norm_squared = -1;
    table_->encode_planes(r.data(), inverse_step, bits, n, out.data(), &dot, &norm_squared);
    double want_dot = 0, dot_size = 0, want_norm = 0;
    const float half = float(1 << (bits - 1));
    const int top = (1 << bits) - 1;
    for (size_t i = 0; i < n; ++i) {
        float cell = std::floor(r.get(i) * inverse_step) + half;
        int want = int(std::clamp(cell, 0.0f, float(top)));
        ASSERT_EQ(Decode(out, 0, bits, i), want) << i;
        double g = want - top / 2.0;
        want_dot += g * r.get(i);
        dot_size += std::fabs(g * r.get(i));
        want_norm += g * g;
    }
    EXPECT_NEAR(dot, want_dot, dot_size * SumRoundings(n) * kRounding);
    EXPECT_NEAR(norm_squared, want_norm, want_norm * SumRoundings(n) * kRounding);
}

TEST_P(CodeKernels, EncodePlanes)
{
    for (size_t n : CodeLengths())
        for (unsigned bits = 1; bits <= 4; ++bits)
            for (size_t shift : {0, 1, 4, 20})
                CheckEncode(n, bits, shift, float(1 << (bits - 1)));
}

TEST_P(CodeKernels, SumsBeyond)
{
    for (size_t n : CodeLengths())
        for (size_t shift : {0, 1, 4, 20}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> r(n, shift);
            FillFloats(r);
            float limits[kLimits] = {0.9f, 0.3f, 2.f}, sums[kLimits], counts[kLimits];
            if (n > 0)
                limits[0] = std::fabs(r.get(n / 2)); // one lies at the limit: it counts
            table_->sums_beyond(r.data(), limits, n, sums, counts);
            for (size_t k = 0; k < kLimits; ++k) {
                double want = 0;
                size_t count = 0;
                for (size_t i = 0; i < n; ++i)
                    if (std::fabs(r.get(i)) >= limits[k]) {
                        want += std::fabs(r.get(i));
                        ++count;
                    }
                EXPECT_EQ(counts[k], float(count)) << k;
                EXPECT_NEAR(sums[k], want, want * double(n) * kRounding) << k;
            }
        }
}

void
CodeKernels::CheckDots(size_t n, unsigned bits, size_t count, size_t gap)
{
    SCOPED_TRACE(testing::Message()
                 << "n " << n << " bits " << bits << " count " << count << " gap " << gap);
    const size_t bytes = n / 8 * bits;
    const size_t stride = bytes + gap;
    Tight<uint8_t> codes(count == 0 ? 0 : (count - 1) * stride + bytes, gap);
    Tight<int8_t> t(n, gap + 1);
    Tight<int32_t> out(count, 4);
    for (size_t i = 0; i < codes.size(); ++i)
        codes.set(i, uint8_t(random_()));
    FillCodes(t);
    table_->dot_planes(codes.data(), stride, count, bits, t.data(), n, out.data());
    for (size_t j = 0; j < count; ++j) {
        int32_t want = 0;
        for (size_t i = 0; i < n; ++i)
            want += Decode(codes, j * stride, bits, i) * t.get(i);
        ASSERT_EQ(out.get(j), want) << "code " << j;
    }
}

TEST_P(CodeKernels, DotPlanes)
{
    for (size_t n : CodeLengths())
        for (unsigned bits = 1; bits <= 4; ++bits)
            for (size_t count : {0, 1, 2, 3, 5, 8})
                if (n <= 1088 || count == 3)
                    CheckDots(n, bits, count, count % 3);
}

TEST_P(CodeKernels, DotPlanesOfManyCodes)
{
    for (size_t count = 9; count <= 40; ++count) {
        CheckDots(512, 1, count, 20);
        CheckDots(128, 2, count, 13);
        CheckDots(832, 1, count, 0);
    }
}

TEST_P(CodeKernels, DotPlanesExtremes)
{
    for (size_t n : {64, 512, 6144, 6208, 16384, 16448})
        for (unsigned bits = 1; bits <= 4; ++bits)
            for (int sign : {-1, 1}) {
                const size_t bytes = size_t(n) / 8 * bits;
                Tight<uint8_t> codes(3 * bytes);
                Tight<int8_t> t(n);
                for (size_t i = 0; i < codes.size(); ++i)
                    codes.set(i, i / bytes == 1 ? 0 : 0xff);
                for (size_t i = 0; i < size_t(n); ++i)
                    t.set(i, int8_t(127 * sign));
                int32_t out[3] = {-1, -1, -1};
                table_->dot_planes(codes.data(), bytes, 3, bits, t.data(), n, out);
                int32_t full = int32_t(n) * ((1 << bits) - 1) * 127 * sign;
                EXPECT_EQ(out[0], full) << n << ", " << bits;
                EXPECT_EQ(out[1], 0) << n << ", " << bits;
                EXPECT_EQ(out[2], full) << n << ", " << bits;
            }
}

// Each bit, alone, meets its own dimension with its own weight.
TEST_P(CodeKernels, DotPlanesBitByBit)
{
    for (unsigned bits = 1; bits <= 4; ++bits)
        for (size_t n : {64, 320, 512}) {
            const size_t bytes = size_t(n) / 8 * bits;
            Tight<int8_t> t(n);
            for (size_t i = 0; i < size_t(n); ++i)
                t.set(i, int8_t(int(i % 255) - 127));
            for (size_t i = 0; i < size_t(n); ++i)
                for (unsigned plane = 0; plane < bits; ++plane) {
                    Tight<uint8_t> code(bytes);
                    code.set(8 * (i / 64 * bits + plane) + i % 64 / 8, uint8_t(1u << (i % 8)));
                    int32_t out = 0;
                    table_->dot_planes(code.data(), bytes, 1, bits, t.data(), n, &out);
                    ASSERT_EQ(out, t.get(i) * (1 << plane)) << n << ": " << i << ", " << plane;
                }
        }
}

} // namespace
} // namespace omendb
