// Exact distances between vectors of two files, in double precision at the end and float inside.
#pragma once

#include "args.h"

#include <cstddef>

namespace omendb::bench {

// What the metric's operator orders by, up to a factor that depends on the query alone:
// cosine -⟨q,x⟩/‖x‖, L2 squared distance, inner product -⟨q,x⟩. A zero vector is last under cosine.
double ExactDistance(Metric metric, const float *query, const float *row, size_t dims);

// Two distances this close relative to the larger are a tie.
bool Tied(double distance, double limit);

} // namespace omendb::bench
