// The wire format of sparsevec, in network byte order: int32 dim, int32 nnz, int32 0, the indices (int32, the first one 0),
// the values (float4). All are words of 32 bits that stand in memory as on the wire.
#include "sparse.h"
#include "wire.h"

extern "C" {
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
}

namespace omendb {

OMENDB_FUNCTION(omendb_sparsevec_recv)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int32 typmod = PG_GETARG_INT32(2);
    auto dim = static_cast<int32>(pq_getmsgint(message, sizeof(int32)));
    auto nnz = static_cast<int32>(pq_getmsgint(message, sizeof(int32)));
    auto unused = static_cast<int32>(pq_getmsgint(message, sizeof(int32)));

    CheckDimensions(dim, SparseVector::kName, kMaxSparseDims);
    CheckNonZeros(nnz, dim);
    CheckExpectedDimensions(typmod, dim);
    if (unused != 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("expected unused to be 0, not %d", unused)));

    SparseVector *vector = NewSparse(dim, nnz);
    int bytes = nnz * static_cast<int>(sizeof(int32));
    SwapWords<uint32>(pq_getmsgbytes(message, bytes), vector->indices, nnz);
    const char *problem = FindBadIndex(vector->indices, nnz, dim);
    if (problem != nullptr)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("%s", problem)));
    SwapWords<uint32>(pq_getmsgbytes(message, bytes), Values(vector), nnz);
    for (int i = 0; i < nnz; i++) {
        float value = Values(vector)[i];
        if (unlikely(!IsFinite(value) || value == 0)) {
            CheckFinite(&value, 1, SparseVector::kName);
            ereport(ERROR,
                    (errcode(ERRCODE_DATA_EXCEPTION),
                     errmsg("binary representation of sparsevec cannot contain zero values")));
        }
    }
    PG_RETURN_POINTER(vector);
}

OMENDB_FUNCTION(omendb_sparsevec_send)
{
    auto *vector = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    Size size = SparseSize(vector->nnz); // the same header size, as it happens
    auto *result = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(result, size);
    SwapWords<uint32>(&vector->dim, VARDATA(result), 3 + 2 * vector->nnz);
    PG_RETURN_BYTEA_P(result);
}

} // namespace omendb
