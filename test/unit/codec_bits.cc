// Index space of bits: bounds are never above the operator's value, close below it, and exact where only an integer fits.
#include <gtest/gtest.h>

#include "codec_data.h"

namespace omendb::test {
namespace {

constexpr Metric kBitMetrics[] = {Metric::kHamming, Metric::kJaccard};

// Each row has its own share of ones; the last are empty, full, and of one bit.
Rows
BitRows(size_t count, uint32_t dims, uint64_t seed)
{
    Rows rows = MakeRows(count + 3, dims);
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < count; i++) {
        uint64_t share = 1 + random() % 1000;
        for (uint32_t k = 0; k < dims; k++)
            rows.row(i)[k] = random() % 1000 < share;
    }
    std::fill_n(rows.row(count + 1), dims, 1.0f);
    rows.row(count + 2)[dims / 2] = 1;
    return rows;
}

TEST(CodecBits, BoundsAreNeverAboveTheValue)
{
    for (Metric metric : kBitMetrics)
        for (uint32_t dims : {1u, 2u, 7u, 64u, 100u, 512u, 1536u, 16000u}) {
            Rows rows = BitRows(dims > 10000 ? 6 : 60, dims, dims);
            Rows queries = BitRows(3, dims, dims + 1);
            queries.values.insert(queries.values.end(), rows.row(0), rows.row(2));
            Rows one = rows;
            one.values.resize(dims);
            for (const Rows &sample : {rows, one}) {
                Model model(metric, sample);
                ForEachTier([&](const Kernels &tier) {
                    std::vector<Coded> codes;
                    OwnFactors most = {};
                    for (size_t i = 0; i < rows.count(); i++) {
                        codes.push_back(EncodeRow(model.space, rows.row(i)));
                        const OwnFactors &factors = codes.back().factors;
                        most.error = std::max(most.error, factors.error);
                        most.norm_squared = std::max(most.norm_squared, factors.norm_squared);
                        most.mean_dot = std::max(most.mean_dot, factors.mean_dot);
                    }
                    std::vector<float> rotated(model.space.padded);
                    for (size_t j = 0; j < queries.count(); j++) {
                        Query query = QueryToSpace(model.space, queries.row(j), rotated.data());
                        for (size_t i = 0; i < rows.count(); i++) {
                            double value = BitsValue(metric, queries.row(j), rows.row(i), dims);
                            float distance = DistanceSquared(model.space, query, codes[i]);
                            double bound =
                                LowerBound(model.space, query, distance, codes[i].factors);
                            EXPECT_LE(bound, value) << MetricName(metric) << " dims " << dims << " "
                                                    << tier.name << " " << j << ", " << i;
                            // Beside others, even if they were nearer than they are.
                            EXPECT_LE(LowerBoundOfAll(model.space, query, distance, most), bound)
                                << MetricName(metric) << " dims " << dims;
                        }
                    }
                });
            }
        }
}

// Neighbours of few differing bits: there is no integer between bound and value.
TEST(CodecBits, BoundsOfNearRowsAreExact)
{
    for (Metric metric : kBitMetrics) {
        constexpr uint32_t dims = 256;
        Rows rows = BitRows(200, dims, 5);
        Model model(metric, rows);
        std::vector<float> rotated(model.space.padded);
        size_t exact = 0, pairs = 0;
        for (size_t i = 0; i < 200; i++) {
            Query query = QueryToSpace(model.space, rows.row(i), rotated.data());
            std::vector<float> near(rows.row(i), rows.row(i) + dims);
            for (uint32_t k = 0; k < 5; k++)
                near[(i * 31 + k * 47) % dims] = 1 - near[(i * 31 + k * 47) % dims];
            Coded coded = EncodeRow(model.space, near.data());
            double bound = LowerBound(model.space, query,
                                      DistanceSquared(model.space, query, coded), coded.factors);
            double value = BitsValue(metric, rows.row(i), near.data(), dims);
            EXPECT_LE(bound, value);
            exact += bound == value;
            pairs++;
        }
        EXPECT_GT(exact, pairs * 9 / 10) << MetricName(metric);
    }
}

// A query without ones has no angle; a row without ones is as far as can be from any query.
TEST(CodecBits, Zeros)
{
    Rows rows = BitRows(50, 40, 3);
    const float *empty = rows.row(50), *full = rows.row(51);
    Model model(Metric::kJaccard, rows);
    std::vector<float> rotated(model.space.padded);
    EXPECT_FALSE(QueryToSpace(model.space, empty, rotated.data()).navigable);
    Query query = QueryToSpace(model.space, full, rotated.data());
    Coded coded = EncodeRow(model.space, empty);
    EXPECT_EQ(coded.factors.mean_dot, 0);
    EXPECT_EQ(
        LowerBound(model.space, query, DistanceSquared(model.space, query, coded), coded.factors),
        1);
    // What a damaged page may hold.
    for (float ones : {-1.0f, 41.0f, std::numeric_limits<float>::quiet_NaN()}) {
        coded.factors.mean_dot = ones;
        EXPECT_EQ(LowerBound(model.space, query, 0, coded.factors), 0);
    }
    Model hamming(Metric::kHamming, rows);
    EXPECT_TRUE(QueryToSpace(hamming.space, empty, rotated.data()).navigable);
}

} // namespace
} // namespace omendb::test
