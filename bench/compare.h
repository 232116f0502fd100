// Two sides at equal recall: figures between two measured points.
#pragma once

#include "figures.h"

#include <functional>
#include <optional>
#include <vector>

namespace omendb::bench {

struct AtRecall {
    double value = 0;
    // The side's least accurate point is already above the recall: this is its value there, and at the
    // recall itself the side would be better still.
    bool bound = false;
};

// The figure at `recall`: logarithm of the figure linear in the recall between the two neighbouring
// points. Nothing when no point is that accurate.
std::optional<AtRecall> FigureAtRecall(const std::vector<Point> &points, double recall,
                                       const std::function<double(const Point &)> &figure);

} // namespace omendb::bench
