// The projection of sparse vectors: few dimensions stay as they are, products are kept in the mean, and the same value
// is projected alike for ever.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "omendb/codec/projection.h"

namespace omendb::test {
namespace {

struct Sparse {
    std::vector<int32_t> indices;
    std::vector<float> values;
};

std::vector<float>
Projected(const Sparse &vector, uint32_t dims)
{
    std::vector<float> out(ProjectedDims(dims), 77.0f);
    Project(vector.indices.data(), vector.values.data(), vector.indices.size(), dims, out.data());
    return out;
}

double
Dot(const std::vector<float> &a, const std::vector<float> &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

TEST(CodecProjection, FewDimensionsStay)
{
    EXPECT_EQ(ProjectedDims(1), 1u);
    EXPECT_EQ(ProjectedDims(512), 512u);
    EXPECT_EQ(ProjectedDims(1000000000), 512u);
    std::vector<float> out = Projected({{0, 3, 511}, {1.5f, -2, 3}}, 512);
    for (size_t i = 0; i < 512; i++)
        EXPECT_EQ(out[i], i == 0 ? 1.5f : i == 3 ? -2 : i == 511 ? 3 : 0);
    for (float value : Projected({}, 100000))
        EXPECT_EQ(value, 0);
}

// A hundred of a million dimensions, a third of them shared.
TEST(CodecProjection, ProductsAreKept)
{
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    double error = 0, squared = 0, norms = 0;
    constexpr int kPairs = 400;
    for (int pair = 0; pair < kPairs; pair++) {
        Sparse a, b;
        double product = 0;
        for (int i = 0; i < 100; i++) {
            auto index = static_cast<int32_t>(random() % 10000 + static_cast<uint64_t>(i) * 10000);
            a.indices.push_back(index);
            a.values.push_back(normal(random) / 10);
            b.indices.push_back(i % 3 == 0 ? index : index / 2);
            b.values.push_back(normal(random) / 10);
            if (i % 3 == 0)
                product += static_cast<double>(a.values.back()) * b.values.back();
        }
        std::vector<float> pa = Projected(a, 1000000), pb = Projected(b, 1000000);
        double off = Dot(pa, pb) - product;
        error += off / kPairs;
        squared += off * off / kPairs;
        norms += Dot(pa, pa) / kPairs;
    }
    EXPECT_NEAR(error, 0, 0.01);
    EXPECT_LT(std::sqrt(squared), 0.06); // 1/√512 = .044
    EXPECT_NEAR(norms, 1, 0.03);
}

// Indexes on disk hold codes of these.
TEST(CodecProjection, Frozen)
{
    uint64_t places = 0;
    for (int32_t index : {0, 1, 2, 999, 123456789, 999999999}) {
        std::vector<float> out = Projected({{index}, {2}}, 1000000000);
        int entries = 0;
        for (size_t i = 0; i < out.size(); i++)
            if (out[i] != 0) {
                EXPECT_EQ(std::fabs(out[i]), 1);
                places = places * 1000003 + i * 2 + (out[i] < 0);
                entries++;
            }
        EXPECT_EQ(entries, 4);
    }
    EXPECT_EQ(places, 16580123149729491909u);
}

} // namespace
} // namespace omendb::test
