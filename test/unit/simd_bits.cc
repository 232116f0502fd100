// The kernels that count bits and make them, in each tier, against plain loops: every length, unaligned.

#include <limits>

#include "simd_testing.h"

namespace omendb {
namespace {

class BitKernels : public KernelsTest {};
OMENDB_ALL_TIERS(BitKernels);

std::vector<size_t>
ByteLengths()
{
    std::vector<size_t> lengths;
    for (size_t n = 0; n <= 2 * 64 + 3; ++n)
        lengths.push_back(n);
    for (size_t n : {192, 384, 2000, 8000})
        lengths.push_back(n);
    return lengths;
}

TEST_P(BitKernels, CountsMatchPlainLoops)
{
    for (size_t n : ByteLengths())
        for (size_t shift : {0, 1, 3, 8, 63}) {
            SCOPED_TRACE(testing::Message() << "bytes " << n << " shift " << shift);
            Tight<uint8_t> a(n, shift), b(n, 64 - shift);
            uint64_t different = 0, in_both = 0, in_either = 0;
            for (size_t i = 0; i < n; ++i) {
                uint8_t x = uint8_t(random_()), y = uint8_t(random_());
                a.set(i, x);
                b.set(i, y);
                different += uint64_t(__builtin_popcount(x ^ y));
                in_both += uint64_t(__builtin_popcount(x & y));
                in_either += uint64_t(__builtin_popcount(x | y));
            }
            uint64_t both = 1, either = 1;
            table_->jaccard_counts(a.data(), b.data(), n, &both, &either);
            EXPECT_EQ(both, in_both);
            EXPECT_EQ(either, in_either);
            EXPECT_EQ(table_->hamming(a.data(), b.data(), n), different);
        }
}

// Nothing saturates where every bit counts.
TEST_P(BitKernels, AllOnes)
{
    for (size_t n : {1, 16, 31, 64, 129, 8000, 100000}) {
        Tight<uint8_t> a(n), b(n);
        for (size_t i = 0; i < n; ++i)
            a.set(i, 255);
        EXPECT_EQ(table_->hamming(a.data(), b.data(), n), 8 * n);
        uint64_t both, either;
        table_->jaccard_counts(a.data(), a.data(), n, &both, &either);
        EXPECT_EQ(both, 8 * n);
        EXPECT_EQ(either, 8 * n);
    }
}

TEST_P(BitKernels, PositiveBits)
{
    const float values[] = {0.f,     -0.f,     1e-45f, -1e-45f, 1.f,   -1.f,
                            65504.f, -65504.f, 6e-8f,  -6e-8f,  3e38f, -3e38f};
    for (size_t n : FloatLengths())
        for (size_t shift : {0, 1, 2, 7}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " shift " << shift);
            Tight<float> x(n, shift);
            Tight<Half> half(n, shift);
            Tight<uint8_t> out((n + 7) / 8, shift), out_half((n + 7) / 8, shift);
            std::vector<uint8_t> want((n + 7) / 8), want_half((n + 7) / 8);
            for (size_t i = 0; i < n; ++i) {
                x.set(i, values[random_() % 12]);
                half.set(i, FloatToHalf(values[random_() % 10]));
                want[i / 8] |= uint8_t((x.get(i) > 0) << (7 - i % 8));
                want_half[i / 8] |= uint8_t((HalfToFloat(half.get(i)) > 0) << (7 - i % 8));
            }
            table_->positive_bits(x.data(), n, out.data());
            table_->positive_bits_half(half.data(), n, out_half.data());
            for (size_t i = 0; i < want.size(); ++i) {
                ASSERT_EQ(out.get(i), want[i]) << i;
                ASSERT_EQ(out_half.get(i), want_half[i]) << i;
            }
        }
}

} // namespace
} // namespace omendb
