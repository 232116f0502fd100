// The curve of queries/s (logarithmic) over recall, as a self-contained SVG.
#pragma once

#include "figures.h"

#include <string>

namespace omendb::bench {

// Speed with the first number of clients; a line a side, a dot a point, its parameter beside it.
std::string SvgPlot(const Figures &figures);

} // namespace omendb::bench
