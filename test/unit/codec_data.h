// Data and set-up that the tests of the codec room share: made rows, real ones where OMENDB_DATA names a
// folder of them, and an index space with its codes, as a build would make them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "omendb/codec/own_code.h"
#include "omendb/codec/space.h"
#include "omendb/simd/kernels.h"
#include "normal.h"

namespace omendb::test {

struct Rows {
    uint32_t dims = 0;
    std::vector<float> values;

    size_t count() const { return dims == 0 ? 0 : values.size() / dims; }
    const float *row(size_t i) const { return values.data() + i * dims; }
    float *row(size_t i) { return values.data() + i * dims; }
};

inline Rows
MakeRows(size_t count, uint32_t dims)
{
    Rows rows;
    rows.dims = dims;
    rows.values.resize(count * dims);
    return rows;
}

inline Rows
GaussianRows(size_t count, uint32_t dims, uint64_t seed, float spread = 1, float offset = 0)
{
    Rows rows = MakeRows(count, dims);
    std::mt19937_64 random(seed);
    Normal normal;
    for (float &value : rows.values)
        value = offset + spread * normal(random);
    return rows;
}

// What embeddings look like: a mean that is not zero, clusters, and dimensions of unequal weight that
// depend on one another.
inline Rows
ClusteredRows(size_t count, uint32_t dims, uint64_t seed)
{
    constexpr size_t kClusters = 30, kFactors = 24;
    std::mt19937_64 shape(4711);
    Normal normal;
    std::vector<float> centres(kClusters * dims), factors(kFactors * dims), common(dims);
    for (float &value : centres)
        value = 0.7f * normal(shape);
    for (size_t i = 0; i < factors.size(); i++)
        factors[i] = normal(shape) / std::sqrt(1 + static_cast<float>(i / dims));
    for (float &value : common)
        value = 0.5f * normal(shape);

    Rows rows = MakeRows(count, dims);
    std::mt19937_64 random(seed);
    for (size_t r = 0; r < count; r++) {
        size_t cluster = random() % kClusters;
        float *row = rows.row(r);
        for (uint32_t i = 0; i < dims; i++)
            row[i] = common[i] + centres[cluster * dims + i] + 0.2f * normal(random);
        for (size_t f = 0; f < kFactors; f++) {
            float weight = 0.5f * normal(random);
            for (uint32_t i = 0; i < dims; i++)
                row[i] += weight * factors[f * dims + i];
        }
    }
    return rows;
}

// `count` rows of OMENDB_DATA/<set>/base.fbin, evenly spread; none when there is no such file.
inline Rows
RealRows(const std::string &set, size_t count)
{
    Rows rows;
    const char *folder = std::getenv("OMENDB_DATA");
    if (folder == nullptr)
        return rows;
    FILE *file = std::fopen((std::string(folder) + "/" + set + "/base.fbin").c_str(), "rb");
    if (file == nullptr)
        return rows;
    uint32_t header[2];
    if (std::fread(header, sizeof(header), 1, file) == 1 && header[0] > 0) {
        count = std::min<size_t>(count, header[0]);
        rows = MakeRows(count, header[1]);
        for (size_t i = 0; i < count; i++) {
            size_t at = i * header[0] / count;
            size_t offset = sizeof(header) + at * header[1] * sizeof(float);
            if (std::fseek(file, static_cast<long>(offset), SEEK_SET) != 0 ||
                std::fread(rows.row(i), sizeof(float), header[1], file) != header[1])
                rows.values.clear();
            if (rows.values.empty())
                break;
        }
    }
    std::fclose(file);
    return rows;
}

// An index space fitted to rows, as a build fits it.
struct Model {
    Space space{};
    std::vector<float> mean, rotated_mean;

    Model(Metric metric, const Rows &sample)
    {
        uint32_t dims = sample.dims, model_dims = ModelDims(metric, dims);
        space.metric = metric;
        space.dims = dims;
        space.padded = PaddedDims(metric, dims);
        std::vector<float> point(model_dims);
        double max_norm = 0;
        for (size_t i = 0; i < sample.count(); i++)
            if (RowToModel(metric, dims, 0, sample.row(i), point.data()))
                max_norm = std::max(max_norm, Norm(sample.row(i), dims));
        space.max_norm = metric == Metric::kInnerProduct ? static_cast<float>(max_norm) : 0;

        std::vector<double> sums(model_dims);
        size_t found = 0;
        for (size_t i = 0; i < sample.count(); i++)
            if (RowToModel(metric, dims, space.max_norm, sample.row(i), point.data())) {
                found++;
                for (uint32_t k = 0; k < model_dims; k++)
                    sums[k] += point[k];
            }
        mean.resize(model_dims);
        for (uint32_t k = 0; k < model_dims; k++)
            mean[k] = found == 0 ? 0 : static_cast<float>(sums[k] / static_cast<double>(found));
        double norms = 0;
        for (size_t i = 0; i < sample.count(); i++)
            if (RowToModel(metric, dims, space.max_norm, sample.row(i), point.data())) {
                double squared = 0;
                for (uint32_t k = 0; k < model_dims; k++)
                    squared += std::pow(static_cast<double>(point[k]) - mean[k], 2);
                norms += std::sqrt(squared);
            }
        space.scale = ScaleForNorm(found == 0 ? 0 : norms / static_cast<double>(found));
        space.mean = mean.data();
        rotated_mean.resize(space.padded);
        RotateMean(space, rotated_mean.data());
        space.rotated_mean = rotated_mean.data();
    }
    Model(const Model &) = delete;
    Model &operator=(const Model &) = delete;

    static double Norm(const float *x, size_t n)
    {
        double squared = 0;
        for (size_t i = 0; i < n; i++)
            squared += static_cast<double>(x[i]) * x[i];
        return std::sqrt(squared);
    }
};

// A row's own code.
struct Coded {
    std::vector<int8_t> code;
    OwnFactors factors;
};

inline Coded
EncodeRow(const Space &space, const float *row)
{
    std::vector<float> y(space.padded);
    Coded coded;
    coded.code.resize(space.padded);
    coded.factors = EncodeRow(space, row, y.data(), coded.code.data());
    return coded;
}

inline float
DistanceSquared(const Space &space, const Query &query, const Coded &coded)
{
    std::vector<float> t(space.padded);
    float max_abs;
    return kernels->residual(query.rotated, coded.code.data(), coded.factors.step, space.padded,
                             t.data(), &max_abs);
}

// Of rows of zeros and ones, as src/type/bit.cc computes it from bits.
inline double
BitsValue(Metric metric, const float *q, const float *x, size_t dims)
{
    double differ = 0, both = 0, either = 0;
    for (size_t i = 0; i < dims; i++) {
        differ += q[i] != x[i];
        both += q[i] > 0 && x[i] > 0;
        either += q[i] > 0 || x[i] > 0;
    }
    return metric == Metric::kHamming ? differ : both == 0 ? 1 : 1 - both / either;
}

// The SQL operator's float8 value, word for word what src/type/distance.cc computes.
inline double
OperatorValue(const Kernels &tier, Metric metric, const float *q, const float *x, size_t dims)
{
    switch (metric) {
    case Metric::kL2:
        return std::sqrt(static_cast<double>(tier.l2_squared(q, x, dims)));
    case Metric::kInnerProduct:
        return -static_cast<double>(tier.inner_product(q, x, dims));
    case Metric::kHamming:
    case Metric::kJaccard:
        return BitsValue(metric, q, x, dims);
    case Metric::kL1:
        return tier.l1(q, x, dims);
    case Metric::kCosine:
        break;
    }
    float dot, norm_q, norm_x;
    tier.cosine_sums(q, x, dims, &dot, &norm_q, &norm_x);
    double norms = std::sqrt(static_cast<double>(norm_q) * static_cast<double>(norm_x));
    double cosine = static_cast<double>(dot) / norms;
    return 1 - (cosine > 1 ? 1 : cosine < -1 ? -1 : cosine);
}

inline const char *
MetricName(Metric metric)
{
    switch (metric) {
    case Metric::kL2:
        return "l2";
    case Metric::kInnerProduct:
        return "product";
    case Metric::kCosine:
        return "cosine";
    case Metric::kHamming:
        return "hamming";
    case Metric::kJaccard:
        return "jaccard";
    case Metric::kL1:
        return "l1";
    }
    return "?";
}

constexpr Metric kMetrics[] = // of vectors of any values
    {Metric::kL2, Metric::kInnerProduct, Metric::kCosine};

// Runs `body` once with each tier that this CPU has as the one in use.
template <class Body>
void
ForEachTier(Body body)
{
    const Kernels *before = kernels;
    for (int tier = 0; tier < kTierCount; tier++)
        if (const Kernels *table = KernelsOfTier(static_cast<Tier>(tier))) {
            kernels = table;
            body(*table);
        }
    kernels = before;
}

} // namespace omendb::test
