// Order statistics of what was measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace omendb::bench {

// The least value that a `share` of all do not exceed; 0 of none.
inline double
Percentile(const std::vector<float> &sorted, double share)
{
    if (sorted.empty())
        return 0;
    size_t at = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return static_cast<double>(sorted[std::max<size_t>(at, 1) - 1]);
}

// Of an even number the mean of the middle two. REQUIRES: one value or more.
inline double
Median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace omendb::bench
