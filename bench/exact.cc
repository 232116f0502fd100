// Sixteen running sums, so that the compiler can use any vector unit without reordering a sum itself.
#include "exact.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace omendb::bench {
namespace {

constexpr size_t kLanes = 16;
constexpr double kTieTolerance = 1e-6; // float32 sums of a few hundred terms agree to about this

double
Fold(const float *lanes)
{
    double sum = 0;
    for (size_t lane = 0; lane < kLanes; lane++)
        sum += static_cast<double>(lanes[lane]);
    return sum;
}

double
SquaredDistance(const float *query, const float *row, size_t dims)
{
    float lanes[kLanes] = {};
    size_t i = 0;
    for (; i + kLanes <= dims; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; lane++) {
            float difference = query[i + lane] - row[i + lane];
            lanes[lane] += difference * difference;
        }
    }
    for (; i < dims; i++)
        lanes[0] += (query[i] - row[i]) * (query[i] - row[i]);
    return Fold(lanes);
}

double
AbsoluteDistance(const float *query, const float *row, size_t dims)
{
    float lanes[kLanes] = {};
    size_t i = 0;
    for (; i + kLanes <= dims; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; lane++)
            lanes[lane] += std::fabs(query[i + lane] - row[i + lane]);
    }
    for (; i < dims; i++)
        lanes[0] += std::fabs(query[i] - row[i]);
    return Fold(lanes);
}

void
DotAndNorm(const float *query, const float *row, size_t dims, double *dot, double *norm_squared)
{
    float dots[kLanes] = {}, squares[kLanes] = {};
    size_t i = 0;
    for (; i + kLanes <= dims; i += kLanes) {
        for (size_t lane = 0; lane < kLanes; lane++) {
            dots[lane] += query[i + lane] * row[i + lane];
            squares[lane] += row[i + lane] * row[i + lane];
        }
    }
    for (; i < dims; i++) {
        dots[0] += query[i] * row[i];
        squares[0] += row[i] * row[i];
    }
    *dot = Fold(dots);
    *norm_squared = Fold(squares);
}

} // namespace

double
ExactDistance(Metric metric, const float *query, const float *row, size_t dims)
{
    if (metric == Metric::kL2)
        return SquaredDistance(query, row, dims);
    if (metric == Metric::kL1)
        return AbsoluteDistance(query, row, dims);
    double dot, norm_squared;
    DotAndNorm(query, row, dims, &dot, &norm_squared);
    if (metric == Metric::kInnerProduct)
        return -dot;
    if (norm_squared == 0)
        return std::numeric_limits<double>::infinity();
    return -dot / std::sqrt(norm_squared);
}

bool
Tied(double distance, double limit)
{
    return distance <= limit + kTieTolerance * std::max(std::fabs(distance), std::fabs(limit));
}

} // namespace omendb::bench
