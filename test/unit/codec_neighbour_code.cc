// Neighbour codes: estimates are unbiased, as exact as theory says, rank well, and never NaN.
#include "omendb/codec/neighbour_code.h"

#include <gtest/gtest.h>

#include "codec_lists.h"

namespace omendb::test {
namespace {

// ---- bfloat16

TEST(CodecBfloat16, RoundTrip)
{
    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        uint16_t value = static_cast<uint16_t>(bits);
        float wide = Bfloat16ToFloat(value);
        if (std::isnan(wide))
            EXPECT_TRUE(std::isnan(Bfloat16ToFloat(FloatToBfloat16(wide))));
        else
            EXPECT_EQ(FloatToBfloat16(wide), value);
    }
}

TEST(CodecBfloat16, RoundsToNearest)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 100000; i++) {
        uint32_t bits = static_cast<uint32_t>(random());
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (!std::isfinite(value) || std::fabs(value) > 3e38f)
            continue;
        uint16_t down = static_cast<uint16_t>(bits >> 16), up = static_cast<uint16_t>(down + 1);
        double below = std::fabs(static_cast<double>(Bfloat16ToFloat(down)) - value);
        double above = std::fabs(static_cast<double>(Bfloat16ToFloat(up)) - value);
        double got =
            std::fabs(static_cast<double>(Bfloat16ToFloat(FloatToBfloat16(value))) - value);
        EXPECT_EQ(got, std::min(below, above)) << value;
    }
    EXPECT_EQ(Bfloat16ToFloat(FloatToBfloat16(1 + 0x1p-8f)), 1); // ties to even
    EXPECT_EQ(Bfloat16ToFloat(FloatToBfloat16(1 + 3 * 0x1p-8f)), 1 + 2 * 0x1p-7f);
    float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(Bfloat16ToFloat(FloatToBfloat16(infinity)), infinity);
}

// ---- codes

TEST(CodecNeighbour, CodeBytes)
{
    EXPECT_EQ(NeighbourCodeBytes(512, 1), 64u);
    EXPECT_EQ(NeighbourCodeBytes(128, 2), 32u);
}

// Cosine between g and r: what the best uniform quantizer of a Gaussian reaches (1 − its distortion, Max
// 1960), and never less than any step near it.
TEST(CodecNeighbour, CodesPointAlongTheResidual)
{
    constexpr double kDistortion[] = {1, 0.3634, 0.1188, 0.03744, 0.01154};
    constexpr float kGaussianStep[] = {0, 1.596f, 0.9957f, 0.586f, 0.3352f};
    for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++)
        for (uint32_t dims : {64u, 128u, 512u, 1536u}) {
            Rows values = GaussianRows(60, dims, dims);
            Model model(Metric::kL2, values);
            CodedRows rows(model.space, values);
            std::vector<float> r(dims), scratch(dims);
            std::vector<uint8_t> code(NeighbourCodeBytes(dims, bits)), tried(code.size());
            double sum = 0;
            for (size_t i = 0; i + 1 < 60; i++) {
                const Coded &p = rows.codes[i], &x = rows.codes[i + 1];
                double squared = 0;
                for (size_t k = 0; k < dims; k++) {
                    r[k] = x.factors.step * x.code[k] - p.factors.step * p.code[k];
                    squared += static_cast<double>(r[k]) * r[k];
                }
                NeighbourFactors factors =
                    EncodeNeighbour(p.code.data(), p.factors.step, x.code.data(), x.factors.step,
                                    dims, bits, scratch.data(), code.data());
                double dot = 0, norm_squared = 0;
                for (size_t k = 0; k < dims; k++) {
                    int u = 0;
                    for (unsigned plane = 0; plane < bits; plane++)
                        u |= (code[(k / 64 * bits + plane) * 8 + k % 64 / 8] >> (k % 8) & 1)
                             << plane;
                    double g = u - ((1 << bits) - 1) / 2.0;
                    dot += g * r[k];
                    norm_squared += g * g;
                }
                double cosine = dot / std::sqrt(norm_squared * squared);
                float rms = static_cast<float>(std::sqrt(squared / dims));
                for (float relative : {0.8f, 1.2f, 0.9f, 1.1f, 1.f}) {
                    if (bits < 3 && std::fabs(relative - 1) > 0.15f)
                        continue; // only tried where it gains
                    float step = rms * kGaussianStep[bits] * relative, tried_dot, tried_norm;
                    kernels->encode_planes(r.data(), 1 / step, bits, dims, tried.data(), &tried_dot,
                                           &tried_norm);
                    EXPECT_GE(cosine, tried_dot / std::sqrt(tried_norm * squared) - 1e-6);
                }
                EXPECT_NEAR(Bfloat16ToFloat(factors.f_add), squared, 0.004 * squared);
                EXPECT_NEAR(Bfloat16ToFloat(factors.f_mul), 2 * squared / dot,
                            0.004 * squared / dot * 2);
                sum += cosine;
            }
            double expected = std::sqrt(1 - kDistortion[bits]);
            EXPECT_NEAR(sum / 59, expected, 0.3 * (1 - expected))
                << "bits " << bits << " dims " << dims;
        }
}

// With t in any direction, the error is Gaussian around 0 with deviation
// 2·‖r‖·‖t‖·sqrt((1/cos² − 1)·sin²(r, t)/(n − 1)).
TEST(CodecNeighbour, EstimatesAreUnbiasedAndAsExactAsExpected)
{
    constexpr double kDistortion[] = {1, 0.3634, 0.1188, 0.03744, 0.01154};
    ForEachTier([&](const Kernels &tier) {
        for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++)
            for (uint32_t dims : {64u, 128u, 512u, 1536u}) {
                Rows values = GaussianRows(80, dims, dims), queries = GaussianRows(40, dims, 3);
                Model model(Metric::kL2, values);
                CodedRows rows(model.space, values);
                std::vector<float> rotated(dims);
                double sum = 0, squares = 0, relative = 0;
                size_t count = 0;
                for (size_t j = 0; j < queries.count(); j++) {
                    QueryToSpace(model.space, queries.row(j), rotated.data());
                    size_t parent = j;
                    std::vector<size_t> children(40);
                    for (size_t k = 0; k < 40; k++)
                        children[k] = 40 + k;
                    List list(rows, parent, children, dims, bits);
                    std::vector<float> estimates =
                        list.Estimate(rows, parent, rotated.data(), dims, bits);
                    for (size_t k = 0; k < 40; k++) {
                        double r = SquaredDistance(rows.y[parent], rows.y[children[k]]);
                        double t = SquaredDistance(rows.y[parent], rotated);
                        double truth = SquaredDistance(rows.y[children[k]], rotated);
                        double cosine = (r + t - truth) / (2 * std::sqrt(r * t));
                        double deviation = 2 * std::sqrt(r * t * (1 - cosine * cosine) *
                                                         (1 / (1 - kDistortion[bits]) - 1) / dims);
                        double z = (estimates[k] - truth) / deviation;
                        sum += z;
                        squares += z * z;
                        relative += estimates[k] / truth - 1;
                        count++;
                    }
                }
                double n = static_cast<double>(count);
                // 1,600 estimates, not independent: some deviations of their mean, and what is systematic
                // in own codes and bfloat16 factors (3e-4 of the distance).
                double systematic = 3e-4 / std::sqrt((1 / (1 - kDistortion[bits]) - 1) / dims);
                EXPECT_LT(std::fabs(sum / n), 0.12 + systematic)
                    << tier.name << " bits " << bits << " dims " << dims;
                EXPECT_LT(std::fabs(relative / n), 0.15 / std::sqrt(dims) / bits)
                    << tier.name << " bits " << bits << " dims " << dims;
                // Own codes and bfloat16 add to what the bits cause; a step chosen for each code gains
                // where dimensions are few.
                double rms = std::sqrt(squares / n), worst = bits < 3    ? 1.1
                                                             : bits == 3 ? 1.15
                                                                         : 1.4;
                EXPECT_GT(rms, 0.8) << tier.name << " bits " << bits << " dims " << dims;
                EXPECT_LT(rms, worst) << tier.name << " bits " << bits << " dims " << dims;
            }
    });
}

// More bits, smaller errors; and what README.md reports.
TEST(CodecNeighbour, ErrorsOnDataThatClusters)
{
    size_t printed = 0;
    for (const char *set : {"made", "words", "sentences"}) {
        bool made = std::string(set) == "made";
        Rows values = made ? ClusteredRows(3000, 256, 1) : RealRows(set, 3000);
        if (values.count() == 0)
            continue;
        // The last rows are queries.
        constexpr size_t kQueries = 40;
        Rows queries = MakeRows(kQueries, values.dims);
        std::mt19937_64 random(11);
        for (size_t j = 0; j < kQueries; j++) {
            size_t taken = random() % values.count(), last = values.count() - 1;
            std::swap_ranges(values.row(taken), values.row(taken) + values.dims, values.row(last));
            std::copy_n(values.row(last), values.dims, queries.row(j));
            values.values.resize(last * values.dims);
        }
        Model model(Metric::kCosine, values);
        CodedRows rows(model.space, values);
        Hops hops(rows, queries);
        double before = 1;
        for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++) {
            Errors errors = MeasureErrors(rows, hops, bits);
            std::printf(
                "%-9s %4u dimensions, %u bits: squared distance off by %+.2f %% in the mean, "
                "%.2f %% rms (%zu estimates)\n",
                set, values.dims, bits, 100 * errors.mean(), 100 * errors.rms(), errors.count);
            printed++;
            EXPECT_LT(errors.rms(), before * (bits == 4 ? 0.8 : 0.7)) << set << " bits " << bits;
            EXPECT_LT(std::fabs(errors.mean()), 0.01) << set << " bits " << bits;
            before = errors.rms();
        }
        EXPECT_LT(before, 0.03) << set;
    }
    EXPECT_GE(printed, kMaxNeighbourBits);
}

// A cluster far from the origin, of a radius of a thousandth of the distance: the mean is subtracted before
// values are rounded, so its shape stays.
TEST(CodecNeighbour, TightClusterFarFromTheOrigin)
{
    for (Metric metric : {Metric::kL2, Metric::kCosine}) {
        constexpr uint32_t kDims = 256;
        constexpr size_t kRows = 1000, kQueries = 20;
        Rows centre = GaussianRows(1, kDims, 1);
        Rows values = GaussianRows(kRows, kDims, 2, 1e-3f),
             queries = GaussianRows(kQueries, kDims, 3, 1e-3f);
        for (Rows *rows : {&values, &queries})
            for (size_t i = 0; i < rows->count(); i++)
                for (uint32_t k = 0; k < kDims; k++)
                    rows->row(i)[k] += centre.row(0)[k];
        Model model(metric, values);
        CodedRows rows(model.space, values);
        std::vector<float> rotated(model.space.padded);
        size_t found = 0;
        for (size_t j = 0; j < kQueries; j++) {
            Query query = QueryToSpace(model.space, queries.row(j), rotated.data());
            std::vector<std::pair<double, size_t>> truth, own;
            for (size_t i = 0; i < kRows; i++) {
                // In double: float32 sums of a cosine cannot rank this.
                double squared = 0, qq = 0, xx = 0, qx = 0;
                for (uint32_t k = 0; k < kDims; k++) {
                    double q = queries.row(j)[k], x = values.row(i)[k];
                    squared += (q - x) * (q - x), qq += q * q, xx += x * x, qx += q * x;
                }
                truth.emplace_back(metric == Metric::kL2 ? squared : 1 - qx / std::sqrt(qq * xx),
                                   i);
                own.emplace_back(DistanceSquared(model.space, query, rows.codes[i]), i);
            }
            std::sort(truth.begin(), truth.end());
            std::sort(own.begin(), own.end());
            for (size_t a = 0; a < 10; a++)
                for (size_t b = 0; b < 10; b++)
                    found += own[a].second == truth[b].second;
        }
        EXPECT_GE(static_cast<double>(found) / (10 * kQueries), 0.9) << MetricName(metric);
        Errors errors = MeasureErrors(rows, Hops(rows, queries), 2);
        EXPECT_LT(errors.rms(), 0.06) << MetricName(metric);
    }
}

// The first dimensions of index space serve as a smaller code: the estimate is then of the distance over
// these alone.
TEST(CodecNeighbour, FewerDimensionsThanTheSpace)
{
    Rows values = GaussianRows(60, 300, 1);
    Model model(Metric::kL2, values);
    CodedRows rows(model.space, values);
    constexpr size_t kCoded = 128;
    std::vector<size_t> children(50);
    for (size_t k = 0; k < 50; k++)
        children[k] = 10 + k;
    for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++) {
        List list(rows, 0, children, kCoded, bits);
        std::vector<float> estimates = list.Estimate(rows, 0, rows.y[5].data(), kCoded, bits);
        double sum = 0;
        for (size_t k = 0; k < 50; k++) {
            double truth = 0;
            for (size_t i = 0; i < kCoded; i++)
                truth += std::pow(static_cast<double>(rows.y[5][i]) - rows.y[children[k]][i], 2);
            EXPECT_NEAR(estimates[k], truth, (bits == 1 ? 0.5 : 0.25) * truth);
            sum += estimates[k] / truth - 1;
        }
        EXPECT_NEAR(sum / 50, 0, 0.05) << "bits " << bits;
    }
}

TEST(CodecNeighbour, DuplicatesOfTheParent)
{
    Rows values = GaussianRows(20, 128, 1);
    std::copy_n(values.row(0), 128, values.row(1));
    Model model(Metric::kL2, values);
    CodedRows rows(model.space, values);
    for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++) {
        List list(rows, 0, {1, 2}, 128, bits);
        EXPECT_EQ(list.f_mul[0], 0);
        EXPECT_EQ(list.f_add[0], 0);
        EXPECT_NE(list.f_mul[1], 0);
        std::vector<float> estimates = list.Estimate(rows, 0, rows.y[7].data(), 128, bits);
        EXPECT_NEAR(estimates[0], SquaredDistance(rows.y[7], rows.y[0]), 0.02);
        // The query at the parent: t is the code's own error.
        estimates = list.Estimate(rows, 0, rows.y[0].data(), 128, bits);
        EXPECT_NEAR(estimates[0], 0, 1e-3);
        EXPECT_NEAR(estimates[1], SquaredDistance(rows.y[0], rows.y[2]), 0.05);
    }
}

TEST(CodecNeighbour, TheOriginAsParent)
{
    ForEachTier([](const Kernels &tier) {
        Rows values = GaussianRows(20, 192, 1);
        Arena arena;
        Hop origin = NewHop(arena.pool(), 192, 1), zero = NewHop(arena.pool(), 192, 1);
        std::vector<int8_t> code(192);
        for (size_t i = 0; i < values.count(); i++) {
            MoveHop(&origin, values.row(i), nullptr, 0, 192);
            MoveHop(&zero, values.row(i), code.data(), 1, 192);
            EXPECT_EQ(origin.step, zero.step) << tier.name;
            EXPECT_EQ(origin.sum, zero.sum) << tier.name;
            EXPECT_NEAR(origin.distance_squared, zero.distance_squared,
                        1e-6 * static_cast<double>(zero.distance_squared));
            for (size_t k = 0; k < 192; k++)
                ASSERT_EQ(origin.t_int8[k], zero.t_int8[k]);
        }
    });
}

// Whatever a damaged page holds, and however extreme the query.
TEST(CodecNeighbour, EstimatesAreNeverNegativeNorNan)
{
    ForEachTier([](const Kernels &tier) {
        constexpr size_t kCoded = 64, kCount = 4096;
        std::mt19937_64 random(1);
        Arena arena;
        Hop hop = NewHop(arena.pool(), kCoded, kCount);
        std::vector<int8_t> parent(kCoded, 3);
        std::vector<float> query(kCoded), estimates(kCount);
        std::vector<uint16_t> f_add(kCount), f_mul(kCount);
        std::vector<uint8_t> codes(kCount * NeighbourCodeBytes(kCoded, kMaxNeighbourBits));
        for (uint8_t &byte : codes)
            byte = static_cast<uint8_t>(random());
        for (float magnitude : {0.f, 1e-45f, 1e-38f, 1e-20f, 1.f, 1e15f, 1e19f, 1e38f})
            for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++) {
                for (size_t i = 0; i < kCount; i++) {
                    f_add[i] = static_cast<uint16_t>(random());
                    f_mul[i] = static_cast<uint16_t>(random());
                }
                for (float &value : query)
                    value = magnitude * (static_cast<float>(random() % 2001) / 1000 - 1);
                MoveHop(&hop, query.data(), parent.data(), magnitude / 64, kCoded);
                EXPECT_FALSE(std::isnan(hop.step));
                EstimateNeighbours(hop, codes.data(), f_add.data(), f_mul.data(), kCount, bits,
                                   kCoded, estimates.data());
                for (float estimate : estimates)
                    ASSERT_GE(estimate, 0) << tier.name << " bits " << bits; // false for NaN
            }
    });
}

// Residuals whose squares vanish are as good as duplicates.
TEST(CodecNeighbour, VanishingResiduals)
{
    std::vector<int8_t> parent(64, 1), child(64, 2);
    std::vector<float> scratch(64);
    std::vector<uint8_t> code(NeighbourCodeBytes(64, 4), 0xff);
    for (unsigned bits = 1; bits <= kMaxNeighbourBits; bits++) {
        NeighbourFactors factors = EncodeNeighbour(parent.data(), 1e-30f, child.data(), 1e-30f, 64,
                                                   bits, scratch.data(), code.data());
        EXPECT_EQ(factors.f_mul, 0);
        // Small, but not that small.
        factors = EncodeNeighbour(parent.data(), 1e-18f, child.data(), 1e-18f, 64, bits,
                                  scratch.data(), code.data());
        EXPECT_NEAR(Bfloat16ToFloat(factors.f_add) / 64e-36, 1, 0.004);
        EXPECT_GT(Bfloat16ToFloat(factors.f_mul), 0);
    }
}

} // namespace
} // namespace omendb::test
