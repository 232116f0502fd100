// What the functions of sparsevec share: construction and checks.
#pragma once

#include "checks.h"
#include "omendb/type/sparsevec.h"

namespace omendb {

// A value whose elements the caller fills in. REQUIRES: 0 <= nnz <= kMaxNonZeros.
SparseVector *NewSparse(int dim, int nnz);

// ERRORS: data_exception below 0; program_limit_exceeded above kMaxNonZeros and above dim.
void CheckNonZeros(int nnz, int dim);

// What is wrong with the first of nnz indices that is not within the dimensions and above the one before it; null
// when all are right.
const char *FindBadIndex(const int32 *indices, int nnz, int dim);

// Takes the elements that are not zero, one after the other, into a value being made.
class SparseBuilder {
public:
    // Elements beyond `room` are counted only. REQUIRES: 0 <= room <= kMaxNonZeros.
    explicit SparseBuilder(int room)
        : vector_(NewSparse(1, room)), values_(Values(vector_)), room_(room)
    {
    }

    void Add(int32 index, float value)
    {
        if (likely(count_ < room_)) {
            vector_->indices[count_] = index;
            values_[count_] = value;
        }
        count_++;
    }

    void AddUnlessZero(int32 index, float value)
    {
        if (value != 0)
            Add(index, value);
    }

    // Puts the elements in the order of their indices.
    void Sort();

    // The value, or null when there was no room; the builder is then of no more use.
    SparseVector *Finish(int dim);

    int count() const { return count_; }

private:
    SparseVector *vector_;
    float *values_; // behind the room for all indices
    int count_ = 0;
    int room_;
};

// √Σx², summed in float64.
double Norm(const SparseVector *vector);

} // namespace omendb
