// Interpolation. Points are ordered by recall first: a sweep may be given in any order, and a
// parameter that is larger may by chance find less.
#include "compare.h"

#include <algorithm>
#include <cmath>

namespace omendb::bench {

std::optional<AtRecall>
FigureAtRecall(const std::vector<Point> &points, double recall,
               const std::function<double(const Point &)> &figure)
{
    std::vector<const Point *> ordered;
    for (const Point &point : points)
        ordered.push_back(&point);
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const Point *a, const Point *b) { return a->recall < b->recall; });
    auto above = std::find_if(ordered.begin(), ordered.end(),
                              [&](const Point *point) { return point->recall >= recall; });
    if (above == ordered.end())
        return std::nullopt;
    double high = figure(**above);
    if (above == ordered.begin())
        return AtRecall{high, (*above)->recall > recall};
    const Point &below = **(above - 1);
    double low = figure(below);
    double share = (recall - below.recall) / ((*above)->recall - below.recall);
    if (low <= 0 || high <= 0)
        return AtRecall{low + share * (high - low), false};
    return AtRecall{std::exp(std::log(low) + share * (std::log(high) - std::log(low))), false};
}

} // namespace omendb::bench
