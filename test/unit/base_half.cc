// The scalar conversions of half precision against the definition, in double arithmetic.
#include "omendb/base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace omendb::test {
namespace {

uint32_t
BitsOf(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

float
FloatOf(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// The value that the bits stand for, by the definition. REQUIRES: not a NaN.
double
ValueOf(uint16_t half)
{
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double size = exponent == 31  ? std::numeric_limits<double>::infinity()
                  : exponent == 0 ? std::ldexp(mantissa, -24)
                                  : std::ldexp(1024 + mantissa, exponent - 25);
    return half & 0x8000 ? -size : size;
}

// The nearest half of any number by rounding to a multiple of its last place, ties to even.
uint16_t
Nearest(double x)
{
    uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    double size = std::fabs(x);
    if (size >= 65520)
        return sign | 0x7c00;
    int exponent = size < 0x1p-14 ? -14 : std::ilogb(size);
    double units = std::nearbyint(std::ldexp(size, 10 - exponent)); // carries into the exponent
    return sign | uint16_t((exponent + 14) * 1024 + int(units));
}

TEST(Half, EveryHalfWidensToItsValue)
{
    for (uint32_t half = 0; half < 65536; half++) {
        float x = HalfToFloat(Half(half));
        EXPECT_EQ(IsNan(Half(half)), (half & 0x7fff) > 0x7c00);
        EXPECT_EQ(IsFinite(Half(half)), (half & 0x7c00) != 0x7c00);
        EXPECT_EQ(IsZero(Half(half)), half == 0 || half == 0x8000);
        if ((half & 0x7fff) > 0x7c00)
            EXPECT_EQ(BitsOf(x), (half & 0x8000) << 16 | 0x7fc00000 | (half & 1023) << 13) << half;
        else
            EXPECT_EQ(BitsOf(x), BitsOf(float(ValueOf(uint16_t(half))))) << half;
    }
}

TEST(Half, EveryHalfComesBack)
{
    for (uint32_t half = 0; half < 65536; half++) {
        uint32_t quiet = IsNan(Half(half)) ? 0x200 : 0;
        EXPECT_EQ(uint16_t(FloatToHalf(HalfToFloat(Half(half)))), half | quiet);
    }
}

// Between each two neighbours: half way, and the floats on both sides of that.
TEST(Half, TiesGoToEven)
{
    for (uint32_t half = 0; half < 0x7c00; half++) {
        double above = half == 0x7bff ? 65536 : ValueOf(uint16_t(half + 1));
        float middle = float((ValueOf(uint16_t(half)) + above) / 2);
        ASSERT_EQ(double(middle) * 2, ValueOf(uint16_t(half)) + above);
        uint32_t even = half + (half & 1);
        for (uint32_t sign : {0u, 0x8000u}) {
            uint32_t bits = BitsOf(middle) | sign << 16;
            EXPECT_EQ(uint16_t(FloatToHalf(FloatOf(bits))), even | sign) << half;
            EXPECT_EQ(uint16_t(FloatToHalf(FloatOf(bits - 1))), half | sign) << half;
            EXPECT_EQ(uint16_t(FloatToHalf(FloatOf(bits + 1))), (half + 1) | sign) << half;
        }
    }
}

TEST(Half, AnyFloatNarrowsToTheNearest)
{
    std::mt19937 random(1);
    for (int i = 0; i < 2000000; i++) {
        uint32_t bits = random();
        float x = FloatOf(bits);
        if (std::isnan(x))
            EXPECT_EQ(uint16_t(FloatToHalf(x)),
                      (bits >> 16 & 0x8000) | 0x7e00 | (bits >> 13 & 0x3ff));
        else
            EXPECT_EQ(uint16_t(FloatToHalf(x)), Nearest(x)) << x;
    }
    EXPECT_EQ(uint16_t(FloatToHalf(std::numeric_limits<float>::infinity())), 0x7c00);
    EXPECT_EQ(uint16_t(FloatToHalf(kHalfOverflow)), 0x7c00);
    EXPECT_EQ(uint16_t(FloatToHalf(std::nextafter(kHalfOverflow, 0.0F))), 0x7bff);
    EXPECT_EQ(HalfToFloat(Half(0x7bff)), kHalfMax);
}

} // namespace
} // namespace omendb::test
