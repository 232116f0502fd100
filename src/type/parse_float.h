// Decimal text to float32, for COPY: some ten nanoseconds a number where strtof takes about eighty.
//
// std::from_chars is not used: libstdc++'s lives in libstdc++.so, which the library does not link.
//
// How it is exact: up to 18 significant digits give an integer m, and m·10^e is computed in float64 with three
// roundings at most (m, the power, the product), so the result lies within 4 units in its last place of the true
// value. Rounding it to float32 is therefore right unless a midpoint of two float32 values lies that near, which
// the low 29 bits of the float64 tell: one number in 60 million, and ties. Those, subnormal and huge values, and
// all that is not plain decimal are refused, and the caller asks strtof.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace omendb {

constexpr int kMaxPowerOfTen = 64;

// 10^(i − 64), each the nearest float64.
inline constexpr double kPowersOfTen[2 * kMaxPowerOfTen + 1] = {
    1e-64, 1e-63, 1e-62, 1e-61, 1e-60, 1e-59, 1e-58, 1e-57, 1e-56, 1e-55, 1e-54, 1e-53, 1e-52,
    1e-51, 1e-50, 1e-49, 1e-48, 1e-47, 1e-46, 1e-45, 1e-44, 1e-43, 1e-42, 1e-41, 1e-40, 1e-39,
    1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33, 1e-32, 1e-31, 1e-30, 1e-29, 1e-28, 1e-27, 1e-26,
    1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13,
    1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2,
    1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33,
    1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48,
    1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60, 1e61, 1e62, 1e63,
    1e64,
};

// True when all 8 bytes are digits; `bytes` loaded from text on a little-endian machine.
inline bool
AreEightDigits(uint64_t bytes)
{
    return ((bytes & 0xF0F0F0F0F0F0F0F0) | (((bytes + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) ==
           0x3333333333333333;
}

// REQUIRES: AreEightDigits(bytes). Pairs, then fours, then eight digits, by multiplication.
inline uint64_t
ParseEightDigits(uint64_t bytes)
{
    bytes -= 0x3030303030303030;
    bytes = bytes * 10 + (bytes >> 8);
    return (((bytes & 0x000000FF000000FF) * 0x000F424000000064 +
             ((bytes >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
            32) &
           0xFFFFFFFF;
}

// Reads digits onto *mantissa and returns the first character that is none. Digits after the 18th significant one
// are left out, as they weigh less than 1e-17 of the value; *dropped counts them.
inline const char *
ParseDigits(const char *at, const char *end, uint64_t *mantissa, int64_t *dropped)
{
    constexpr uint64_t kFull = 100000000000000000; // 1e17: 18 digits
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8 && *mantissa < kFull / 10000000) {
        uint64_t bytes;
        memcpy(&bytes, at, sizeof bytes);
        if (!AreEightDigits(bytes))
            break;
        *mantissa = *mantissa * 100000000 + ParseEightDigits(bytes);
        at += 8;
    }
#endif
    for (; at < end; at++) {
        unsigned digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0');
        if (digit > 9)
            break;
        if (*mantissa < kFull)
            *mantissa = *mantissa * 10 + digit;
        else
            ++*dropped;
    }
    return at;
}

// Parses the number at `at`, stores it and returns the character after it; null when in doubt, which says nothing
// about the text. What it accepts it reads as strtof does in the C locale. REQUIRES: *end is readable (the NUL).
inline const char *
ParseFloat(const char *at, const char *end, float *value)
{
    bool negative = *at == '-';
    if (negative || *at == '+')
        at++;

    uint64_t mantissa = 0;
    int64_t dropped = 0;
    const char *first = at;
    at = ParseDigits(at, end, &mantissa, &dropped);
    int64_t digits = at - first;
    int64_t exponent = 0;
    if (*at == '.') {
        first = ++at;
        at = ParseDigits(at, end, &mantissa, &dropped);
        digits += at - first;
        exponent = first - at;
    }
    exponent += dropped;
    if (digits == 0)
        return nullptr;
    if (*at == 'x' || *at == 'X')
        return nullptr; // 0x…: hexadecimal
    if (*at == 'e' || *at == 'E') {
        at++;
        bool negative_exponent = *at == '-';
        if (negative_exponent || *at == '+')
            at++;
        int written = 0;
        first = at;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            if (written < 10000)
                written = written * 10 + (*at - '0');
        if (at == first)
            return nullptr; // not an exponent after all
        exponent += negative_exponent ? -written : written;
    }

    if (mantissa == 0) {
        *value = negative ? -0.0F : 0.0F;
        return at;
    }
    if (exponent < -kMaxPowerOfTen || exponent > kMaxPowerOfTen)
        return nullptr;
    double magnitude =
        static_cast<double>(static_cast<int64_t>(mantissa)) * kPowersOfTen[exponent + kMaxPowerOfTen];
    if (!(magnitude >= static_cast<double>(std::numeric_limits<float>::min()) &&
          magnitude <= static_cast<double>(std::numeric_limits<float>::max())))
        return nullptr;

    constexpr uint64_t kMidpoint = uint64_t{1} << 28; // of the 29 bits that float32 has not
    constexpr uint64_t kError = 4;
    uint64_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    uint64_t below = bits & (2 * kMidpoint - 1);
    if (below - (kMidpoint - kError) <= 2 * kError)
        return nullptr;
    *value = static_cast<float>(negative ? -magnitude : magnitude);
    return at;
}

} // namespace omendb
