// How many entries a graph wants.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace omendb {

// Half the square root of the number of nodes, 1 to 256: entries are scanned whole by every search. Measured
// on words and sentences (15,000 and 30,000 nodes), four and eight times as many save half a hop to a whole
// one, and cost more than that.
inline uint32_t
WantedEntries(double nodes)
{
    return static_cast<uint32_t>(std::min(256.0, std::max(1.0, std::sqrt(nodes) / 2)));
}

} // namespace omendb
