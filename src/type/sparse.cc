// Construction, checks, norm and normalization of sparsevec.
#include "sparse.h"

#include <algorithm>

extern "C" {
#include "utils/float.h"
}

namespace omendb {

SparseVector *
NewSparse(int dim, int nnz)
{
    Size size = SparseSize(nnz);
    auto *vector = static_cast<SparseVector *>(palloc(size));
    SET_VARSIZE(vector, size);
    vector->dim = dim;
    vector->nnz = nnz;
    vector->unused = 0;
    return vector;
}

void
CheckNonZeros(int nnz, int dim)
{
    if (nnz < 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("sparsevec cannot have negative number of elements")));
    if (nnz > kMaxNonZeros)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("sparsevec cannot have more than %d non-zero elements", kMaxNonZeros)));
    if (nnz > dim)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("sparsevec cannot have more elements than dimensions")));
}

const char *
FindBadIndex(const int32 *indices, int nnz, int dim)
{
    for (int i = 0; i < nnz; i++) {
        if (indices[i] < 0 || indices[i] >= dim)
            return "sparsevec index out of bounds";
        if (i > 0 && indices[i] < indices[i - 1])
            return "sparsevec indices must be in ascending order";
        if (i > 0 && indices[i] == indices[i - 1])
            return "sparsevec indices must not contain duplicates";
    }
    return nullptr;
}

void
SparseBuilder::Sort()
{
    struct Element {
        int32 index;
        float value;
    };
    int32 *indices = vector_->indices;
    if (std::is_sorted(indices, indices + count_))
        return;
    auto *elements = static_cast<Element *>(palloc(sizeof(Element) * static_cast<Size>(count_)));
    for (int i = 0; i < count_; i++)
        elements[i] = {indices[i], values_[i]};
    std::sort(elements, elements + count_,
              [](const Element &a, const Element &b) { return a.index < b.index; });
    for (int i = 0; i < count_; i++) {
        indices[i] = elements[i].index;
        values_[i] = elements[i].value;
    }
    pfree(elements);
}

SparseVector *
SparseBuilder::Finish(int dim)
{
    if (count_ > room_)
        return nullptr;
    vector_->dim = dim;
    vector_->nnz = count_;
    SET_VARSIZE(vector_, SparseSize(count_));
    memmove(Values(vector_), values_, sizeof(float) * static_cast<size_t>(count_));
    return vector_;
}

double
Norm(const SparseVector *vector)
{
    return std::sqrt(SumOfSquares(Values(vector), vector->nnz));
}

OMENDB_FUNCTION(omendb_sparsevec_l2_norm)
{
    PG_RETURN_FLOAT8(Norm(DatumGet<SparseVector>(PG_GETARG_DATUM(0))));
}

// Values that become zero are left out.
OMENDB_FUNCTION(omendb_sparsevec_l2_normalize)
{
    auto *a = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    double norm = Norm(a);
    SparseBuilder result(a->nnz);
    for (int i = 0; i < a->nnz; i++)
        result.AddUnlessZero(a->indices[i], static_cast<float>(Values(a)[i] / norm));
    PG_RETURN_POINTER(result.Finish(a->dim));
}

} // namespace omendb
