// The fast parser of vector text agrees with strtof, bit for bit and on where a number ends, whenever it answers at all;
// and it does answer for the numbers that clients send.
#include "type/parse_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace omendb::test {
namespace {

// What follows a number decides which road the parser takes: alone, it is too short for the one without branches.
const char *const kAfter[] = {"", "]", ",0.25,0.123456789012345]", " ,1.5,0.25,0.1234567890123456]",
                              "e,1.5,0.25,0.1234567890123456]"};

// Parses `number`, compares with strtof, and returns whether the parser answered.
bool
Agrees(const std::string &number, const char *after = kAfter[2])
{
    std::string text = number + after;
    const char *end = text.c_str() + text.size();
    float value = 42;
    const char *stop = ParseFloat(text.c_str(), end, &value);
    if (stop == nullptr)
        return false;
    char *expected_stop;
    float expected = strtof(text.c_str(), &expected_stop);
    uint32_t bits, expected_bits;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&expected_bits, &expected, sizeof expected_bits);
    EXPECT_EQ(bits, expected_bits) << text << ": " << value << ", strtof " << expected;
    EXPECT_EQ(stop - text.c_str(), expected_stop - text.c_str()) << text;
    return true;
}

std::string
Print(const char *format, int digits, double value)
{
    char text[512];
    snprintf(text, sizeof text, format, digits, value);
    return text;
}

float
FloatOfBits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

TEST(TypeParseFloat, AnswersForWhatClientsSend)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.05F);
    for (int i = 0; i < 100000; i++) {
        float value = normal(random);
        if (std::fabs(value) < 1e-30F)
            continue;
        EXPECT_TRUE(Agrees(Print("%.*g", 9, value)));
        EXPECT_TRUE(Agrees(Print("%.*g", 17, value)));
        EXPECT_TRUE(Agrees(Print("%.*f", 6, value)));
        EXPECT_TRUE(Agrees(Print("%.*e", 8, value), "]"));
    }
    for (const char *number :
         {"0", "-0", "1", "+1", "1.", ".5", "0.0", "1e3", "1E-3", "255", "0.10000000149011612"})
        EXPECT_TRUE(Agrees(number)) << number;
}

TEST(TypeParseFloat, AgreesOnEveryExponentAndNearMidpoints)
{
    std::mt19937 random(2);
    for (uint32_t exponent = 0; exponent < 255; exponent++) {
        for (int i = 0; i < 100; i++) {
            uint32_t mantissa = i == 0 ? 0 : i == 1 ? 0x7FFFFF : random() & 0x7FFFFF;
            float value = FloatOfBits(exponent << 23 | mantissa);
            if (value > 3.4e38F)
                continue;
            double above = std::nextafter(value, INFINITY);
            double midpoint = (static_cast<double>(value) + above) / 2;
            for (double number :
                 {static_cast<double>(value), midpoint, std::nextafter(midpoint, 0.0),
                  std::nextafter(midpoint, 1e300), -midpoint})
                for (int digits : {6, 9, 15, 16, 17, 18, 19, 25}) {
                    Agrees(Print("%.*g", digits, number));
                    Agrees(Print("%.*e", digits, number));
                }
            Agrees(Print("%.*f", 60, midpoint));
            Agrees(Print("%.*f", 160, midpoint));
        }
    }
}

TEST(TypeParseFloat, AgreesOnDigitsOfEveryNumberAndPlace)
{
    std::mt19937 random(3);
    for (int whole = 0; whole <= 25; whole++)
        for (int fraction = 0; fraction <= 25; fraction++)
            for (int round = 0; round < 100; round++) {
                std::string number = random() % 2 == 0 ? "-" : "";
                for (int i = 0; i < whole; i++)
                    number += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
                number += '.';
                for (int i = 0; i < fraction; i++)
                    number += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
                if (random() % 3 == 0)
                    number += "e" + std::to_string(static_cast<int>(random() % 90) - 45);
                for (const char *after : kAfter)
                    Agrees(number, after);
            }
}

TEST(TypeParseFloat, AgreesOnTextThatIsHardlyANumber)
{
    const std::string alphabet = "0123456789..ee+-xXpnainf ,]E";
    std::mt19937 random(4);
    int answered = 0;
    for (int i = 0; i < 500000; i++) {
        std::string text;
        for (unsigned length = 1 + random() % 14; length > 0; length--)
            text +=
                random() % 3 != 0 ? alphabet[random() % 12] : alphabet[random() % alphabet.size()];
        answered += Agrees(text, kAfter[static_cast<size_t>(i) % 5]);
    }
    EXPECT_GT(answered, 100000);
}

TEST(TypeParseFloat, RefusesWhatItCannotKnow)
{
    for (const char *number :
         {"",   "-",   "+",     ".",        "-.",   "e5",    "nan",   "inf",   "-Infinity", "0x10",
          "1e", "1e+", "hello", "16777217", "1e39", "1e-46", "1e-40", "1e400", "--1",       " 1"})
        EXPECT_FALSE(Agrees(number)) << number;
}

// Exactly as long as the text: a read beyond it is found by the address sanitizer.
TEST(TypeParseFloat, ReadsNoFurtherThanTheText)
{
    std::string number = "-0.123456789012345678901234567890";
    for (size_t length = 1; length <= number.size(); length++) {
        std::string start = number.substr(0, length);
        auto *text = static_cast<char *>(malloc(length + 1));
        memcpy(text, start.c_str(), length + 1);
        float value;
        const char *stop = ParseFloat(text, text + length, &value);
        EXPECT_EQ(stop != nullptr, length > 1);
        if (stop != nullptr) {
            EXPECT_EQ(value, strtof(text, nullptr));
            EXPECT_EQ(stop, text + length);
        }
        free(text);
    }
}

} // namespace
} // namespace omendb::test
