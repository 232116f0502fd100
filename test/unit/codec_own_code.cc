// Own codes: the stored factors are what they say, distances between codes, and the bound: never above the
// operator's value of any tier, and close below it.
#include <gtest/gtest.h>

#include "codec_data.h"

namespace omendb::test {
namespace {

double
DecodedError(const std::vector<float> &y, const Coded &coded)
{
    double squared = 0;
    for (size_t i = 0; i < y.size(); i++)
        squared += std::pow(y[i] - static_cast<double>(coded.factors.step) * coded.code[i], 2);
    return std::sqrt(squared);
}

TEST(CodecOwnCode, FactorsAreTrue)
{
    ForEachTier([](const Kernels &tier) {
        for (Metric metric : kMetrics)
            for (uint32_t dims : {1u, 3u, 100u, 512u, 1536u}) {
                Rows rows = ClusteredRows(40, dims, dims + 1);
                Model model(metric, rows);
                std::vector<float> y(model.space.padded);
                for (size_t i = 0; i < rows.count(); i++) {
                    ASSERT_TRUE(RowToSpace(model.space, rows.row(i), y.data()));
                    Coded coded = EncodeRow(model.space, rows.row(i));
                    double norm_squared = 0, mean_dot = 0, code_dot = 0;
                    double step = coded.factors.step;
                    for (size_t k = 0; k < y.size(); k++) {
                        ASSERT_NE(coded.code[k], -128);
                        double decoded = step * coded.code[k];
                        norm_squared += decoded * decoded;
                        mean_dot += static_cast<double>(model.rotated_mean[k]) * y[k];
                        code_dot += decoded * (y[k] - decoded);
                    }
                    double error = DecodedError(y, coded);
                    EXPECT_GE(coded.factors.error, error) << tier.name;
                    EXPECT_LE(coded.factors.error, error * 1.000001 + 1e-30) << tier.name;
                    EXPECT_NEAR(coded.factors.norm_squared, norm_squared, 1e-6 * norm_squared);
                    double expected = metric == Metric::kInnerProduct ? mean_dot + code_dot : 0;
                    EXPECT_NEAR(coded.factors.mean_dot, expected, 1e-5) << tier.name;
                    // 8 bits, and a largest value of 3 to 4 sigma.
                    if (dims >= 100) {
                        EXPECT_LT(error, 0.012 * Model::Norm(y.data(), y.size()));
                    }
                }
            }
    });
}

TEST(CodecOwnCode, RowWithoutAPlace)
{
    Rows rows = GaussianRows(20, 70, 1);
    Model model(Metric::kL2, rows);
    std::vector<float> huge(70, 1e30f);
    Coded coded = EncodeRow(model.space, huge.data());
    EXPECT_EQ(coded.factors.error, std::numeric_limits<float>::infinity());
    EXPECT_EQ(coded.factors.step, 0);
    EXPECT_EQ(coded.factors.norm_squared, 0);
    for (int8_t value : coded.code)
        EXPECT_EQ(value, 0);

    std::vector<float> rotated(model.space.padded);
    Query query = QueryToSpace(model.space, rows.row(0), rotated.data());
    EXPECT_EQ(LowerBound(model.space, query, 0.5f, coded.factors), 0);
    Model product(Metric::kInnerProduct, rows);
    rotated.resize(product.space.padded);
    query = QueryToSpace(product.space, rows.row(0), rotated.data());
    EXPECT_EQ(LowerBound(product.space, query, 0.5f, coded.factors),
              -std::numeric_limits<double>::infinity());
}

TEST(CodecOwnCode, CodeDistances)
{
    Rows rows = ClusteredRows(60, 200, 2);
    Model model(Metric::kL2, rows);
    size_t n = model.space.padded;
    std::vector<Coded> codes;
    for (size_t i = 0; i < rows.count(); i++)
        codes.push_back(EncodeRow(model.space, rows.row(i)));
    for (const Coded &a : codes)
        for (const Coded &b : codes) {
            double expected = 0;
            for (size_t k = 0; k < n; k++)
                expected += std::pow(static_cast<double>(a.factors.step) * a.code[k] -
                                         static_cast<double>(b.factors.step) * b.code[k],
                                     2);
            float got =
                CodeDistanceSquared(a.code.data(), a.factors.step, a.factors.norm_squared,
                                    b.code.data(), b.factors.step, b.factors.norm_squared, n);
            EXPECT_GE(got, 0);
            EXPECT_NEAR(got, expected, 3e-7 * (a.factors.norm_squared + b.factors.norm_squared));
            if (&a == &b) {
                EXPECT_EQ(got, 0);
            }
        }
}

// ---- the bound

struct Gap {
    double sum = 0;
    size_t count = 0, pairs = 0;
};

// Codes and bounds of each tier against the operator of each tier. Returns the mean gap between bound and
// value, relative to the value (inner product: to ‖q‖‖x‖), over pairs where the value is known.
Gap
CheckBounds(const std::string &what, const Model &model, const Rows &rows, const Rows &queries)
{
    Gap gap;
    const Space &space = model.space;
    size_t reported = 0;
    ForEachTier([&](const Kernels &) {
        std::vector<Coded> codes;
        for (size_t i = 0; i < rows.count(); i++)
            codes.push_back(EncodeRow(space, rows.row(i)));
        std::vector<float> rotated(space.padded);
        for (size_t j = 0; j < queries.count(); j++) {
            Query query = QueryToSpace(space, queries.row(j), rotated.data());
            for (size_t i = 0; i < rows.count(); i++) {
                float distance = DistanceSquared(space, query, codes[i]);
                double bound = LowerBound(space, query, distance, codes[i].factors);
                EXPECT_FALSE(std::isnan(bound)) << what;
                gap.pairs++;
                for (int tier = 0; tier < kTierCount; tier++) {
                    const Kernels *table = KernelsOfTier(static_cast<Tier>(tier));
                    if (table == nullptr)
                        continue;
                    double value = OperatorValue(*table, space.metric, queries.row(j), rows.row(i),
                                                 space.dims);
                    if (bound > value && reported++ < 3)
                        ADD_FAILURE()
                            << what << " " << MetricName(space.metric) << " dims " << space.dims
                            << " codes " << kernels->name << " operator " << table->name
                            << ": bound " << bound << " above value " << value << " by "
                            << bound - value << ", query " << j << ", row " << i;
                    double unit = space.metric == Metric::kInnerProduct
                                      ? Model::Norm(queries.row(j), space.dims) *
                                            Model::Norm(rows.row(i), space.dims)
                                      : value;
                    if (std::isfinite(value) && std::isfinite(bound) && unit > 0) {
                        gap.sum += (value - bound) / unit;
                        gap.count++;
                    }
                }
            }
        }
    });
    EXPECT_EQ(reported, 0u) << what << " in " << gap.pairs << " pairs";
    return gap;
}

constexpr uint32_t kDims[] = {1, 2, 3, 17, 100, 512, 784, 1536, 16000};

// Fewer rows where they are long, and under sanitizers, which look for other things.
size_t
CountFor(uint32_t dims)
{
#ifdef __SANITIZE_ADDRESS__
    return dims > 10000 ? 2 : dims > 1000 ? 4 : 8;
#else
    return dims > 10000 ? 4 : dims > 1000 ? 12 : 32;
#endif
}

// A set of rows, with duplicates, a zero row, a one-hot row and negated rows among them; the queries are
// some of the rows and others near them.
void
AddOddRows(Rows *rows)
{
    size_t count = rows->count();
    uint32_t dims = rows->dims;
    const float *second = rows->row(1 % count);
    Rows odd = MakeRows(5, dims);
    std::copy_n(rows->row(0), dims, odd.row(0));
    for (uint32_t i = 0; i < dims; i++)
        odd.row(1)[i] = -rows->row(count / 2)[i];
    odd.row(2)[dims / 2] = second[dims / 2];
    std::copy_n(second, dims, odd.row(3));
    odd.row(3)[0] = std::nextafter(odd.row(3)[0], 1e38f); // row 4 stays zero
    rows->values.insert(rows->values.end(), odd.values.begin(), odd.values.end());
}

void
CheckSet(const std::string &what, Rows rows, const Rows &others)
{
    Rows sample = rows;
    AddOddRows(&rows);
    Rows queries = others;
    size_t taken = std::min<size_t>(4, rows.count());
    for (size_t i = 0; i < taken; i++) {
        const float *row = rows.row(rows.count() - 1 - i);
        queries.values.insert(queries.values.end(), row, row + rows.dims);
    }
    queries.values.insert(queries.values.end(), rows.row(0), rows.row(0) + rows.dims);
    for (Metric metric : kMetrics) {
        Model fitted(metric, sample);
        CheckBounds(what, fitted, rows, queries);
        // An index built when the table held other rows: one, and none.
        Rows first = sample;
        first.values.resize(rows.dims);
        for (float &value : first.values)
            value *= 0.25f;
        Model poor(metric, first);
        CheckBounds(what + ", built on one row", poor, rows, queries);
        first.values.assign(rows.dims, 0);
        Model empty(metric, first);
        CheckBounds(what + ", built on a zero row", empty, rows, queries);
    }
}

TEST(CodecBound, Gaussian)
{
    for (uint32_t dims : kDims)
        CheckSet("gaussian", GaussianRows(CountFor(dims), dims, dims),
                 GaussianRows(4, dims, dims + 1));
}

TEST(CodecBound, Clustered)
{
    for (uint32_t dims : kDims)
        CheckSet("clustered", ClusteredRows(CountFor(dims), dims, dims),
                 ClusteredRows(4, dims, dims + 1));
}

TEST(CodecBound, HugeOffset)
{
    for (uint32_t dims : kDims)
        for (float offset : {1e3f, 1e6f, 1e9f})
            CheckSet("offset", GaussianRows(CountFor(dims), dims, dims, 1, offset),
                     GaussianRows(3, dims, dims + 1, 1, offset));
}

TEST(CodecBound, TinyAndHugeValues)
{
    for (uint32_t dims : {1u, 3u, 100u, 2000u})
        for (float magnitude : {1e-44f, 1e-38f, 1e-30f, 1e-22f, 1e-20f, 3e-19f, 1e-18f, 1e15f,
                                1e18f, 1e19f, 1e30f, 3e37f})
            CheckSet("magnitude " + std::to_string(std::log10(magnitude)),
                     GaussianRows((CountFor(dims) + 1) / 2, dims, dims, magnitude),
                     GaussianRows(3, dims, dims + 1, magnitude));
}

TEST(CodecBound, MixedMagnitudes)
{
    for (uint32_t dims : {1u, 3u, 100u, 784u, 16000u}) {
        Rows rows = GaussianRows(CountFor(dims), dims, dims);
        Rows queries = GaussianRows(6, dims, dims + 1);
        std::mt19937_64 random(dims);
        for (Rows *set : {&rows, &queries})
            for (size_t i = 0; i < set->count(); i++) {
                float factor = std::pow(10.f, static_cast<float>(random() % 57) - 38);
                for (uint32_t k = 0; k < dims; k++)
                    set->row(i)[k] *= factor;
            }
        CheckSet("mixed", rows, queries);
        // Within a row: one coordinate outweighs the rest.
        rows = GaussianRows(CountFor(dims), dims, dims);
        for (size_t i = 0; i < rows.count(); i++)
            rows.row(i)[random() % dims] *= std::pow(10.f, static_cast<float>(random() % 15));
        CheckSet("one large coordinate", rows, GaussianRows(3, dims, dims + 1));
    }
}

// Values of one sign whose float sums all round the same way: a running sum of `term` loses, or gains, at
// every step, so that the operator's value is off by as much as the slack allows for.
TEST(CodecBound, BiasedSums)
{
    for (uint32_t dims : kDims)
        for (float base : {1.f / 3, 0.7f, 1 + 0x1p-12f, 1.00012219f}) {
            Rows rows = MakeRows(CountFor(dims), dims);
            std::mt19937_64 random(dims);
            for (size_t i = 0; i < rows.count(); i++)
                for (uint32_t k = 0; k < dims; k++)
                    rows.row(i)[k] =
                        base * (i < rows.count() / 2
                                    ? static_cast<float>(1 + i)
                                    : 1 + 0x1p-10f * static_cast<float>(random() % 64));
            Rows queries = MakeRows(3, dims);
            for (uint32_t k = 0; k < dims; k++) {
                queries.row(0)[k] = base;
                queries.row(1)[k] = -base;
                queries.row(2)[k] = 1e-3f * base;
            }
            CheckSet("biased", rows, queries);
        }
}

// Queries so far away that the code's error is nothing beside the distance: only the slack for rounding is
// between the bound and the value.
TEST(CodecBound, FarQueries)
{
    for (uint32_t dims : kDims) {
        Rows rows = GaussianRows(CountFor(dims) / 2, dims, dims, 1e-7f);
        Rows queries = GaussianRows(10, dims, dims + 1);
        for (size_t j = 0; j < 7; j++)
            for (uint32_t k = 0; k < dims; k++)
                queries.row(j)[k] = 1 / (1.1f + static_cast<float>(j)) + (j > 4 ? 0x1p-12f : 0);
        CheckSet("far", rows, queries);
        for (uint32_t k = 0; k < dims; k++)
            rows.row(0)[k] = 1; // a mean away from the origin
        CheckSet("far", rows, queries);
    }
}

TEST(CodecBound, RealData)
{
    const char *sets[] = {"words", "digits", "sentences"};
    size_t found = 0;
    for (const char *set : sets) {
        Rows rows = RealRows(set, 300);
        if (rows.count() == 0)
            continue;
        found++;
        Rows queries = RealRows(set, 7);
        CheckSet(set, rows, queries);
    }
    if (found == 0)
        GTEST_SKIP() << "OMENDB_DATA names no folder with words/base.fbin and the like";
}

TEST(CodecBound, IsTight)
{
    Rows rows = GaussianRows(200, 512, 1), queries = GaussianRows(20, 512, 2);
    for (Metric metric : kMetrics) {
        Model model(metric, rows);
        Gap gap = CheckBounds("tight", model, rows, queries);
        double mean = gap.sum / static_cast<double>(gap.count);
        std::printf("mean gap below the value, gaussian 512, %s: %.2f %%\n", MetricName(metric),
                    100 * mean);
        EXPECT_LT(mean, 0.02) << MetricName(metric);
        EXPECT_GT(mean, 0) << MetricName(metric);
    }
}

// A bound that costs few rows: how many have a bound below the value of the tenth.
TEST(CodecBound, FewRowsAreRechecked)
{
    Rows rows = ClusteredRows(3000, 256, 1), queries = ClusteredRows(20, 256, 2);
    for (Metric metric : kMetrics) {
        Model model(metric, rows);
        const Space &space = model.space;
        std::vector<Coded> codes;
        for (size_t i = 0; i < rows.count(); i++)
            codes.push_back(EncodeRow(space, rows.row(i)));
        std::vector<float> rotated(space.padded);
        size_t read = 0;
        for (size_t j = 0; j < queries.count(); j++) {
            Query query = QueryToSpace(space, queries.row(j), rotated.data());
            std::vector<double> values, bounds;
            for (size_t i = 0; i < rows.count(); i++) {
                values.push_back(
                    OperatorValue(*kernels, metric, queries.row(j), rows.row(i), space.dims));
                bounds.push_back(LowerBound(space, query, DistanceSquared(space, query, codes[i]),
                                            codes[i].factors));
            }
            std::nth_element(values.begin(), values.begin() + 9, values.end());
            read += static_cast<size_t>(std::count_if(bounds.begin(), bounds.end(),
                                                      [&](double b) { return b <= values[9]; }));
        }
        double mean = static_cast<double>(read) / static_cast<double>(queries.count());
        std::printf("rows whose bound is below the 10th value, clustered 256, %s: %.1f\n",
                    MetricName(metric), mean);
        EXPECT_GE(mean, 10) << MetricName(metric);
        EXPECT_LT(mean, 20) << MetricName(metric);
    }
}

} // namespace
} // namespace omendb::test
