// Half precision (IEEE 754 binary16) as a type of its own, so that its bits are never taken for a number.
//
// The conversions give the bits that F16C and NEON give, NaN included: a signalling one becomes quiet and
// keeps its upper payload. Arrays are converted by the kernels (simd/kernels.h).
#pragma once

#include <cstdint>
#include <cstring>

namespace omendb {

enum class Half : uint16_t {}; // 1 bit sign, 5 exponent (bias 15), 10 mantissa

constexpr float kHalfMax = 65504;
constexpr float kHalfOverflow = 65520; // the least float that rounds to infinity

constexpr bool
IsFinite(Half x)
{
    return (static_cast<uint16_t>(x) & 0x7c00) != 0x7c00;
}

constexpr bool
IsNan(Half x)
{
    return (static_cast<uint16_t>(x) & 0x7fff) > 0x7c00;
}

constexpr bool
IsZero(Half x)
{
    return (static_cast<uint16_t>(x) & 0x7fff) == 0;
}

// Exact.
inline float
HalfToFloat(Half x)
{
    constexpr uint32_t kExponents = 112u << 23; // between the biases, 127 and 15
    uint32_t magnitude = (static_cast<uint32_t>(x) & 0x7fff) << 13;
    uint32_t sign = (static_cast<uint32_t>(x) & 0x8000) << 16;
    uint32_t bits;
    if (magnitude >= 1u << 23) {
        bits = magnitude + kExponents;
        if (magnitude >= 0x7c00u << 13) // infinity or NaN: the exponent above all others
            bits += kExponents;
        if (magnitude > 0x7c00u << 13)
            bits |= 0x400000;
    } else { // subnormal: m·2^-24 = (2^-14 + m·2^-24) − 2^-14
        uint32_t shifted = magnitude + (113u << 23);
        float value;
        memcpy(&value, &shifted, sizeof value);
        value -= 0x1p-14F;
        memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// The nearest half, of two equally near the even one; infinity from kHalfOverflow on.
inline Half
FloatToHalf(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t magnitude = bits & 0x7fffffff;
    uint32_t half;
    if (magnitude > 0x7f800000) {
        half = 0x7e00 | (magnitude >> 13 & 0x3ff);
    } else if (magnitude >= 143u << 23) { // 65,536 and more
        half = 0x7c00;
    } else if (magnitude < 113u << 23) { // subnormal: the last place of 0.5 is that of the half
        float value;
        memcpy(&value, &magnitude, sizeof value);
        value += 0.5F;
        memcpy(&half, &value, sizeof half);
        half -= 126u << 23;
    } else {
        half = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
    }
    return static_cast<Half>(half | (bits >> 16 & 0x8000));
}

} // namespace omendb
