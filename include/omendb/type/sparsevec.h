// The SQL type `sparsevec`: a vector of 1 to 1,000,000,000 dimensions of which at most 16,000 are not zero, float32,
// kept bit for bit. A varlena, in the machine's byte order:
//
//     offset  size
//          0     4  varlena header, length in bytes
//          4     4  dim, 1..1,000,000,000
//          8     4  nnz, 0..16,000
//         12     4  unused, 0
//         16  4·nnz indices, 0-based, strictly ascending
//             4·nnz values, finite and not zero
#pragma once

#include "omendb/pg/postgres.h"

namespace omendb {

constexpr int kMaxSparseDims = 1000000000;
constexpr int kMaxNonZeros = 16000;

struct SparseVector {
    static constexpr const char *kName = "sparsevec";

    int32 vl_len_; // written by SET_VARSIZE only
    int32 dim;
    int32 nnz;
    int32 unused;
    int32 indices[FLEXIBLE_ARRAY_MEMBER];
};

static_assert(sizeof(SparseVector) == 16 && offsetof(SparseVector, dim) == 4 &&
              offsetof(SparseVector, indices) == 16);

constexpr Size
SparseSize(int nnz)
{
    return offsetof(SparseVector, indices) +
           (sizeof(int32) + sizeof(float)) * static_cast<Size>(nnz);
}

inline float *
Values(SparseVector *vector)
{
    return reinterpret_cast<float *>(vector->indices + vector->nnz);
}

inline const float *
Values(const SparseVector *vector)
{
    return reinterpret_cast<const float *>(vector->indices + vector->nnz);
}

} // namespace omendb
