// Sparse vectors in few dimensions: a sparse random projection with four entries of ±1/2 a column (Kane and Nelson,
// "Sparser Johnson-Lindenstrauss Transforms", 2014; "feature hashing" with four hashes). Distances and products keep their
// values in the mean, with an error of about ‖x‖‖y‖/√kProjectedDims. What few dimensions there are anyhow stays as it is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omendb {

constexpr uint32_t kProjectedDims = 512;

// Dimensions that vectors of `dims` dimensions are projected into.
constexpr uint32_t
ProjectedDims(uint32_t dims)
{
    return dims < kProjectedDims ? dims : kProjectedDims;
}

// The projection of the vector whose `count` elements that are not zero have these indices, from 0, below `dims`. `out`
// receives ProjectedDims(dims) values. Part of the page format: codes are made of it.
void Project(const int32_t *indices, const float *values, size_t count, uint32_t dims, float *out);

} // namespace omendb
