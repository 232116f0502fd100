// The kernels over 16-bit words, and the one that makes such a word.
#include <algorithm>

#include "simd_testing.h"

namespace omendb {
namespace {

class WordKernels : public KernelsTest {};
OMENDB_ALL_TIERS(WordKernels);

// Every position of every length, the word beside it differing in one bit; twice the same: the first counts.
TEST_P(WordKernels, FindWord)
{
    for (size_t count = 0; count <= 72; ++count)
        for (uint16_t wanted : {uint16_t{0}, uint16_t{0x8000}, uint16_t{0xFFFF}}) {
            Tight<uint16_t> words((count + 7) / 8 * 8, 2);
            for (size_t i = 0; i < words.size(); ++i)
                words.set(i, i < count ? uint16_t(wanted ^ (1u << i % 16)) : wanted);
            ASSERT_EQ(table_->find_word(words.data(), count, wanted), count);
            for (size_t at = count; at-- > 0;) {
                words.set(at, wanted);
                ASSERT_EQ(table_->find_word(words.data(), count, wanted), at) << count;
            }
        }
}

TEST_P(WordKernels, LargestWord)
{
    for (size_t count = 8; count <= 72; count += 8)
        for (int round = 0; round < 50; ++round) {
            Tight<uint16_t> words(count, 2);
            uint16_t want = 0;
            for (size_t i = 0; i < count; ++i) {
                // All sizes, signs of both kinds among them.
                auto word = uint16_t(uint16_t(Code()) * 257u >> round % 16);
                words.set(i, word);
                want = std::max(want, word);
            }
            ASSERT_EQ(table_->largest_word(words.data(), count), want) << count;
        }
}

TEST_P(WordKernels, NotBelow)
{
    for (int round = 0; round < 1000; ++round) {
        Tight<float> to(16, 4), from(16, 8);
        uint32_t want = 0;
        for (size_t i = 0; i < 16; ++i) {
            to.set(i, round % 2 == 0 ? float(Code() % 3)
                                     : Uniform()); // many are equal, of either sign of 0
            from.set(i, round % 2 == 0 ? -float(Code() % 3) : Uniform());
            want |= uint32_t(to.get(i) >= from.get(i)) << i;
        }
        ASSERT_EQ(table_->not_below(to.data(), from.data()), want);
    }
}

} // namespace
} // namespace omendb
