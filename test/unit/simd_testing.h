// What the kernel tests share: the tiers that this machine runs, and inputs that end where their
// allocation ends, so that a sanitizer sees any read or write beyond them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "omendb/simd/kernels.h"

namespace omendb {

// `count` items that end at the end of a malloc'd block and start `shift` bytes off any alignment.
template <class T>
class Tight {
public:
    explicit Tight(size_t count, size_t shift = 0)
        : block_(static_cast<char *>(malloc(shift + count * sizeof(T) + (shift + count == 0)))),
          data_(reinterpret_cast<T *>(block_ + shift)), count_(count)
    {
        memset(block_, 0, shift + count * sizeof(T));
    }
    Tight(const Tight &) = delete;
    Tight &operator=(const Tight &) = delete;
    ~Tight() { free(block_); }

    // Unaligned items are only touched bytewise.
    T get(size_t i) const
    {
        T item;
        memcpy(&item, block_ + offset() + i * sizeof(T), sizeof(T));
        return item;
    }
    void set(size_t i, T item) { memcpy(block_ + offset() + i * sizeof(T), &item, sizeof(T)); }
    T *data() { return data_; }
    size_t size() const { return count_; }

private:
    size_t offset() const { return size_t(reinterpret_cast<char *>(data_) - block_); }

    char *block_;
    T *data_;
    size_t count_;
};

class KernelsTest : public testing::TestWithParam<Tier> {
protected:
    void SetUp() override
    {
        table_ = KernelsOfTier(GetParam());
        if (table_ == nullptr)
            GTEST_SKIP() << "not on this machine";
    }

    float Uniform() { return std::uniform_real_distribution<float>(-1, 1)(random_); }
    int8_t Code() { return int8_t(std::uniform_int_distribution<int>(-127, 127)(random_)); }

    void FillFloats(Tight<float> &x, float scale = 1)
    {
        for (size_t i = 0; i < x.size(); ++i)
            x.set(i, scale * Uniform());
    }
    void FillCodes(Tight<int8_t> &x)
    {
        for (size_t i = 0; i < x.size(); ++i)
            x.set(i, Code());
    }

    const Kernels *table_ = nullptr;
    std::mt19937 random_{20260101};
};

inline std::string
TierName(const testing::TestParamInfo<Tier> &info)
{
    constexpr const char *kNames[] = {"baseline", "avx2", "avx512"};
    return kNames[int(info.param)];
}

#define OMENDB_ALL_TIERS(Suite)                                                                    \
    INSTANTIATE_TEST_SUITE_P(                                                                      \
        Tiers, Suite, testing::Values(Tier::kBaseline, Tier::kAvx2, Tier::kAvx512), TierName)

// 2^-24: the largest relative error of one rounding to float.
constexpr double kRounding = 1.0 / (1 << 24);

// The roundings on the way of one term into a sum of n: its own few, one a term of its lane, and the
// lanes' sum (kernels.h).
inline double
SumRoundings(size_t n)
{
    return double(n) / 16 + 4 + 6 + 3;
}

// Lengths that meet every tail of every tier: 0 … twice the widest unrolled batch + 3, and real ones.
inline std::vector<size_t>
FloatLengths()
{
    std::vector<size_t> lengths;
    for (size_t n = 0; n <= 2 * 64 + 3; ++n)
        lengths.push_back(n);
    for (size_t n : {384, 768, 784, 1536, 3072, 15999, 16000})
        lengths.push_back(n);
    return lengths;
}

// Padded dimensions.
inline std::vector<size_t>
CodeLengths()
{
    std::vector<size_t> lengths;
    for (size_t n = kCodeBlock; n <= 1088; n += kCodeBlock)
        lengths.push_back(n);
    lengths.push_back(16384);
    return lengths;
}

} // namespace omendb
