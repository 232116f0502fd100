// From sums to the cosine distance, for every type that has one.
#pragma once

#include "omendb/pg/postgres.h"

namespace omendb {

// To [−1, 1], which rounding may leave; NaN stays NaN.
inline double
ClampCosine(double cosine)
{
    if (cosine > 1)
        return 1;
    if (cosine < -1)
        return -1;
    return cosine;
}

// One root of the product of the squared norms: a vector is then at distance 0 from itself. 0/0 is NaN on purpose.
inline double
CosineDistanceOf(float dot, float norm_a, float norm_b)
{
    double norms = std::sqrt(static_cast<double>(norm_a) * static_cast<double>(norm_b));
    return 1.0 - ClampCosine(static_cast<double>(dot) / norms);
}

} // namespace omendb
