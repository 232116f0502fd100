// Sums in double over float vectors: where the index needs a norm or a dot product that neither overflows
// nor loses bits. Eight partial sums, so that additions do not wait for one another; the relative error of
// a sum of n terms is below (n/8 + 4)·2^-53 of the terms' absolute sum.
#pragma once

#include <cstddef>

namespace omendb {

inline double
FoldSums(const double (&sums)[8])
{
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

// Σ a_i·b_i
inline double
DotInDouble(const float *a, const float *b, size_t n)
{
    double sums[8] = {};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t lane = 0; lane < 8; lane++)
            sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    for (; i < n; i++)
        sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return FoldSums(sums);
}

// Σ a_i²
inline double
NormSquaredInDouble(const float *a, size_t n)
{
    return DotInDouble(a, a, n);
}

} // namespace omendb
