// Distances in index space are the metric's, times the scale, for data near and far from the origin.
#include <gtest/gtest.h>

#include "codec_data.h"

namespace omendb::test {
namespace {

double
Distance(const float *a, const float *b, size_t n)
{
    double squared = 0;
    for (size_t i = 0; i < n; i++)
        squared += std::pow(static_cast<double>(a[i]) - b[i], 2);
    return std::sqrt(squared);
}

double
Dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

// d²(Q, y) from the values alone, in double.
double
ExpectedDistance(const Model &model, const float *q, const float *x)
{
    const Space &space = model.space;
    size_t n = space.dims;
    if (space.metric == Metric::kL2)
        return Distance(q, x, n) * static_cast<double>(space.scale);
    double norm_q = Model::Norm(q, n), norm_x = Model::Norm(x, n), dot = Dot(q, x, n);
    double scale = space.scale;
    if (space.metric == Metric::kCosine)
        return std::sqrt(std::max(0.0, 2 - 2 * dot / (norm_q * norm_x))) * scale;
    double longest = std::max<double>(space.max_norm, norm_x), max_norm = space.max_norm;
    return std::sqrt(max_norm * max_norm + longest * longest - 2 * max_norm / norm_q * dot) * scale;
}

TEST(CodecSpace, DistancesAreTheMetrics)
{
    for (Metric metric : kMetrics)
        for (uint32_t dims : {1u, 2u, 3u, 17u, 63u, 64u, 65u, 100u, 512u, 784u, 1536u}) {
            Rows rows = ClusteredRows(60, dims, dims);
            // Rows that come after the build may be longer than any that it saw.
            for (uint32_t i = 0; i < dims; i++)
                rows.row(50)[i] *= 3;
            Rows sample = rows;
            sample.values.resize(50 * dims);
            Model model(metric, sample);
            size_t padded = model.space.padded;
            std::vector<float> y(padded), rotated(padded);
            for (size_t i = 0; i < 10; i++) {
                Query query = QueryToSpace(model.space, rows.row(51 + i % 9), rotated.data());
                ASSERT_TRUE(query.navigable);
                double norm = Model::Norm(rotated.data(), padded);
                EXPECT_NEAR(query.norm_squared, norm * norm, 1e-5 * norm * norm);
                for (size_t j = 0; j < rows.count(); j++) {
                    ASSERT_TRUE(RowToSpace(model.space, rows.row(j), y.data()));
                    double expected = ExpectedDistance(model, rows.row(51 + i % 9), rows.row(j));
                    double norms = norm + Model::Norm(y.data(), padded);
                    EXPECT_NEAR(Distance(rotated.data(), y.data(), padded), expected, 1e-6 * norms)
                        << MetricName(metric) << " dims " << dims << " row " << j;
                }
            }
        }
}

// What the model gives is what is centred, scaled and rotated.
TEST(CodecSpace, ModelAndSpaceAgree)
{
    for (Metric metric : kMetrics) {
        Rows rows = ClusteredRows(40, 100, 5);
        Model model(metric, rows);
        size_t model_dims = ModelDims(metric, 100), padded = model.space.padded;
        std::vector<float> first(model_dims), second(model_dims), y(padded), z(padded);
        for (size_t i = 0; i + 1 < rows.count(); i++) {
            ASSERT_TRUE(RowToModel(metric, 100, model.space.max_norm, rows.row(i), first.data()));
            ASSERT_TRUE(
                RowToModel(metric, 100, model.space.max_norm, rows.row(i + 1), second.data()));
            ASSERT_TRUE(RowToSpace(model.space, rows.row(i), y.data()));
            ASSERT_TRUE(RowToSpace(model.space, rows.row(i + 1), z.data()));
            double expected = Distance(first.data(), second.data(), model_dims) *
                              static_cast<double>(model.space.scale);
            EXPECT_NEAR(Distance(y.data(), z.data(), padded), expected, 1e-5);
        }
    }
}

TEST(CodecSpace, TypicalNormIsNearOne)
{
    for (float magnitude : {1e-15f, 1e-3f, 1.f, 1e4f, 1e12f})
        for (Metric metric : kMetrics) {
            Rows rows = GaussianRows(50, 96, 3, magnitude, magnitude);
            Model model(metric, rows);
            std::vector<float> y(model.space.padded);
            double sum = 0;
            for (size_t i = 0; i < rows.count(); i++) {
                ASSERT_TRUE(RowToSpace(model.space, rows.row(i), y.data()));
                sum += Model::Norm(y.data(), y.size());
            }
            EXPECT_GE(sum / 50, 0.49) << MetricName(metric) << " " << magnitude;
            EXPECT_LE(sum / 50, 1.01) << MetricName(metric) << " " << magnitude;
        }
}

TEST(CodecSpace, ScaleIsAPowerOfTwo)
{
    EXPECT_EQ(ScaleForNorm(0.5), 1.0f);
    EXPECT_EQ(ScaleForNorm(0.75), 1.0f);
    EXPECT_EQ(ScaleForNorm(1.0), 0.5f);
    EXPECT_EQ(ScaleForNorm(3.0), 0.25f);
    EXPECT_EQ(ScaleForNorm(0.25), 2.0f);
    EXPECT_EQ(ScaleForNorm(1e-45), 0x1p126f);
    EXPECT_EQ(ScaleForNorm(1e-320), 0x1p126f);
    EXPECT_EQ(ScaleForNorm(1e300), 0x1p-126f);
    EXPECT_EQ(ScaleForNorm(0), 1.0f);
    EXPECT_EQ(ScaleForNorm(-1), 1.0f);
    EXPECT_EQ(ScaleForNorm(std::numeric_limits<double>::infinity()), 1.0f);
    EXPECT_EQ(ScaleForNorm(std::numeric_limits<double>::quiet_NaN()), 1.0f);
}

TEST(CodecSpace, PaddedDims)
{
    EXPECT_EQ(PaddedDims(Metric::kL2, 1), 64u);
    EXPECT_EQ(PaddedDims(Metric::kL2, 64), 64u);
    EXPECT_EQ(PaddedDims(Metric::kCosine, 65), 128u);
    EXPECT_EQ(PaddedDims(Metric::kInnerProduct, 64), 128u);
    EXPECT_EQ(PaddedDims(Metric::kInnerProduct, 16000), 16064u);
}

// Rows that float32 squares cannot hold have no place, and leave zeros behind.
TEST(CodecSpace, RowsWithoutAPlace)
{
    constexpr uint32_t kDims = 70;
    Rows rows = GaussianRows(30, kDims, 9);
    std::vector<float> huge(kDims, 1e30f), tiny(kDims, 1e-30f), zero(kDims, 0.f);
    for (Metric metric : kMetrics) {
        Model model(metric, rows);
        std::vector<float> point(ModelDims(metric, kDims), 7), y(model.space.padded, 7);
        EXPECT_FALSE(RowToModel(metric, kDims, model.space.max_norm, huge.data(), point.data()));
        EXPECT_EQ(Model::Norm(point.data(), point.size()), 0);
        EXPECT_FALSE(RowToSpace(model.space, huge.data(), y.data()));
        EXPECT_EQ(Model::Norm(y.data(), y.size()), 0);

        bool has_place = metric != Metric::kCosine; // a direction that float32 loses
        EXPECT_EQ(RowToModel(metric, kDims, model.space.max_norm, tiny.data(), point.data()),
                  has_place);
        EXPECT_EQ(RowToSpace(model.space, tiny.data(), y.data()), has_place);
        EXPECT_TRUE(RowToModel(metric, kDims, model.space.max_norm, zero.data(), point.data()));
        EXPECT_TRUE(RowToSpace(model.space, zero.data(), y.data()));
    }
}

TEST(CodecSpace, QueriesThatCannotNavigate)
{
    constexpr uint32_t kDims = 70;
    Rows rows = GaussianRows(30, kDims, 9);
    std::vector<float> huge(kDims, 1e30f), tiny(kDims, 1e-30f), zero(kDims, 0.f);
    for (Metric metric : kMetrics) {
        Model model(metric, rows);
        std::vector<float> rotated(model.space.padded, 7);
        EXPECT_FALSE(QueryToSpace(model.space, huge.data(), rotated.data()).navigable);
        EXPECT_EQ(Model::Norm(rotated.data(), rotated.size()), 0);
        EXPECT_EQ(QueryToSpace(model.space, zero.data(), rotated.data()).navigable,
                  metric == Metric::kL2);
        EXPECT_EQ(QueryToSpace(model.space, tiny.data(), rotated.data()).navigable,
                  metric != Metric::kCosine);
    }
}

} // namespace
} // namespace omendb::test
