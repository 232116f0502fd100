// The wire format of COPY BINARY and binary parameters, in network byte order: int16 dim, int16 0, then
// each value: float4 for vector, the 16 bits of the half for halfvec.
#include "dense.h"
#include "wire.h"

extern "C" {
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
}

namespace omendb {
namespace {

template <class V>
using Word = std::conditional_t<kIsHalf<V>, uint16, uint32>;

template <class V>
Datum
Receive(FunctionCallInfo fcinfo)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int32 typmod = PG_GETARG_INT32(2);
    int dim = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
    int unused = static_cast<int>(pq_getmsgint(message, sizeof(int16)));

    CheckDimensions(dim, V::kName);
    CheckExpectedDimensions(typmod, dim);
    if (unused != 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("expected unused to be 0, not %d", unused)));

    V *vector = NewDense<V>(dim);
    SwapWords<Word<V>>(pq_getmsgbytes(message, dim * static_cast<int>(sizeof(Word<V>))), vector->x,
                       dim);
    CheckFinite(vector->x, dim, V::kName);
    PG_RETURN_POINTER(vector);
}

template <class V>
Datum
Send(FunctionCallInfo fcinfo)
{
    V *vector = DatumGet<V>(PG_GETARG_DATUM(0));
    Size size = DenseSize<V>(vector->dim); // the same header size, as it happens
    auto *result = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(result, size);
    char *out = VARDATA(result);
    uint16 dim = pg_hton16(static_cast<uint16>(vector->dim));
    uint16 unused = pg_hton16(static_cast<uint16>(vector->unused));
    memcpy(out, &dim, sizeof dim);
    memcpy(out + 2, &unused, sizeof unused);
    SwapWords<Word<V>>(vector->x, out + 4, vector->dim);
    PG_RETURN_BYTEA_P(result);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_vector_recv, omendb_halfvec_recv, Receive)
OMENDB_BOTH_TYPES(omendb_vector_send, omendb_halfvec_send, Send)

} // namespace omendb
