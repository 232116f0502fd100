// The sweep: recall, pages, speed and memory of each side, the two sides in turn.
#pragma once

#include "args.h"
#include "figures.h"
#include "query_set.h"
#include "side.h"
#include "truth.h"

#include <vector>

namespace omendb::bench {

// Fills points, memory and index_used of each figures.sides[i], which belongs to sides[i]. A loud line on
// stderr says when an index is not used or answers come out short.
void Measure(const Args &args, const std::vector<Side> &sides, const QuerySet &queries,
             const Truth &truth, Figures &figures);

} // namespace omendb::bench
