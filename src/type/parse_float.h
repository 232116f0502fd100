// Decimal text to float32, for COPY: some ten nanoseconds a number where strtof takes about eighty.
//
// std::from_chars is not used: libstdc++'s lives in libstdc++.so, which the library does not link.
//
// How it is exact: up to 18 significant digits give an integer m, and m·10^e is computed in float64
// with three roundings at most (m, the power, the product), so the result lies within 4 units in
// its last place of the true value; or within 1,000, where digits that weigh less than 1e-13 of the
// value were left out. Rounding it to float32 is therefore right unless a midpoint of two float32
// values lies that near, which the low 29 bits of the float64 tell: one number in 260,000, and
// ties. Those, subnormal and huge values, and all that is not plain decimal are refused, and the
// caller asks strtof.
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
    1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,
    1e1,   1e2,   1e3,   1e4,   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,
    1e14,  1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22,  1e23,  1e24,  1e25,  1e26,
    1e27,  1e28,  1e29,  1e30,  1e31,  1e32,  1e33,  1e34,  1e35,  1e36,  1e37,  1e38,  1e39,
    1e40,  1e41,  1e42,  1e43,  1e44,  1e45,  1e46,  1e47,  1e48,  1e49,  1e50,  1e51,  1e52,
    1e53,  1e54,  1e55,  1e56,  1e57,  1e58,  1e59,  1e60,  1e61,  1e62,  1e63,  1e64,
};

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OMENDB_EIGHT_DIGITS_AT_ONCE 1

// Eight characters with '0' taken off, so that a digit is 0 to 9 and all else is more; the first
// one lowest.
inline uint64_t
LoadDigits(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes ^ 0x3030303030303030;
}

// The top bit of each byte of LoadDigits' eight that is no digit, from the first such byte on
// exact: adding 0x76 carries from 10 on into a byte's top bit, and a carry out of a byte reaches
// later characters only.
inline uint64_t
MarkOthers(uint64_t digits)
{
    return ((digits + 0x7676767676767676) | digits) & 0x8080808080808080;
}

// The number that eight digits make, the first one highest: pairs, then fours, then all, by
// multiplication.
inline uint64_t
JoinDigits(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return (((digits & 0x000000FF000000FF) * 0x000F424000000064 +
             ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
            32) &
           0xFFFFFFFF;
}

// Reads up to sixteen digits at `at`, as if zeros followed up to the sixteenth, and returns how many
// there are. REQUIRES: 16 readable characters.
inline unsigned
ReadSixteen(const char *at, uint64_t *number)
{
    uint64_t first = LoadDigits(at), second = LoadDigits(at + 8);
    uint64_t others = MarkOthers(first);
    unsigned count = 0;
    if (others == 0) {
        others = MarkOthers(second);
        count = 8;
    }
    if (others == 0) {
        *number = JoinDigits(first) * 100000000 + JoinDigits(second);
        return 16;
    }
    count += static_cast<unsigned>(__builtin_ctzll(others)) / 8;
    uint64_t mask = (uint64_t{1} << (count % 8 * 8)) - 1;
    if (count < 8) {
        first &= mask;
        second = 0;
    } else {
        second &= mask;
    }
    *number = JoinDigits(first) * 100000000 + JoinDigits(second);
    return count;
}
#endif

// Reads digits onto *mantissa and returns the first character that is none. Digits after the 18th
// significant one are left out, as they weigh less than 1e-17 of the value; *dropped counts them.
inline const char *
ParseDigits(const char *at, const char *end, uint64_t *mantissa, int64_t *dropped)
{
    constexpr uint64_t kFull = 100000000000000000; // 1e17: 18 digits
#ifdef OMENDB_EIGHT_DIGITS_AT_ONCE
    while (end - at >= 8 && *mantissa < kFull / 10000000) {
        uint64_t eight = LoadDigits(at);
        if (MarkOthers(eight) != 0)
            break;
        *mantissa = *mantissa * 100000000 + JoinDigits(eight);
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

// Rounds mantissa·10^exponent; false when in doubt.
// REQUIRES: mantissa <= 1e18, |exponent| <= kMaxPowerOfTen.
inline bool
RoundToFloat(uint64_t mantissa, int64_t exponent, bool negative, float *value)
{
    // Signed: the unsigned conversion is several instructions.
    double magnitude = static_cast<double>(static_cast<int64_t>(mantissa)) *
                       kPowersOfTen[exponent + kMaxPowerOfTen];
    if (!(magnitude >= static_cast<double>(std::numeric_limits<float>::min()) &&
          magnitude <= static_cast<double>(std::numeric_limits<float>::max())))
        return false;
    constexpr uint64_t kMidpoint = uint64_t{1} << 28; // of the 29 bits that float32 has not
    constexpr uint64_t kError = 1024;
    uint64_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    uint64_t below = bits & (2 * kMidpoint - 1);
    if (below - (kMidpoint - kError) <= 2 * kError)
        return false;
    float rounded = static_cast<float>(magnitude);
    uint32_t rounded_bits;
    memcpy(&rounded_bits, &rounded, sizeof rounded_bits);
    // Signs are random, and a branch on one would cost more.
    rounded_bits |= static_cast<uint32_t>(negative) << 31;
    memcpy(value, &rounded_bits, sizeof rounded_bits);
    return true;
}

// Any decimal number; as ParseFloat.
[[gnu::noinline]] inline const char *
ParseDecimal(const char *at, const char *end, float *value)
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
    if (digits == 0 || *at == 'x' || *at == 'X') // 0x…: hexadecimal
        return nullptr;
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
    if (exponent < -kMaxPowerOfTen || exponent > kMaxPowerOfTen ||
        !RoundToFloat(mantissa, exponent, negative, value))
        return nullptr;
    return at;
}

// Parses the number at `at`, stores it and returns the character after it; null when in doubt,
// which says nothing about the text. What it accepts it reads as strtof does in the C locale.
// REQUIRES: *end is readable (the NUL).
[[gnu::always_inline]] inline const char *
ParseFloat(const char *at, const char *end, float *value)
{
#ifdef OMENDB_EIGHT_DIGITS_AT_ONCE
    // Nearly all numbers of embeddings are d.ddd… with a sign or without. The number of their
    // digits after the point has no pattern, and hardly a branch here depends on it. (The same with
    // SSE2, sixteen digits at once: 8.9 ns instead of 9.8, which COPY does not show.)
    constexpr int kRead = 1 + 2 + 16 + 8 + 1;
    if (end - at >= kRead) {
        bool negative = *at == '-';
        const char *number = at + negative;
        unsigned whole = static_cast<unsigned char>(*number) - static_cast<unsigned>('0');
        uint64_t mantissa;
        unsigned digits = ReadSixteen(number + 2, &mantissa);
        mantissa += whole * uint64_t{10000000000000000};
        const char *after = number + 2 + digits;
        if (digits == 16 && mantissa >= 10000000000000) {
            // Up to eight more weigh less than one of the mantissa's last place: left out.
            uint64_t others = MarkOthers(LoadDigits(after));
            after += others == 0 ? 8 : __builtin_ctzll(others) / 8;
        }
        if (whole <= 9 && number[1] == '.' && digits != 0 && (*after == ',' || *after == ']') &&
            RoundToFloat(mantissa, -16, negative, value))
            return after;
    }
#endif
    return ParseDecimal(at, end, value);
}

} // namespace omendb
