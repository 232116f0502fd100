// The wire format of COPY BINARY and binary parameters, in network byte order: int16 dim, int16 0,
// float4 × dim.
#include "omendb/type/vector.h"

extern "C" {
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
}

namespace omendb {
namespace {

// Values between host and network byte order, either way; `from` and `to` may be the same.
void
SwapValues(const void *from, void *to, int dim)
{
    auto *source = static_cast<const char *>(from);
    auto *target = static_cast<char *>(to);
    for (int i = 0; i < dim; i++) {
        uint32 bits;
        memcpy(&bits, source + 4 * i, sizeof bits);
        bits = pg_hton32(bits);
        memcpy(target + 4 * i, &bits, sizeof bits);
    }
}

} // namespace

OMENDB_FUNCTION(omendb_vector_recv)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int32 typmod = PG_GETARG_INT32(2);
    int dim = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
    int unused = static_cast<int>(pq_getmsgint(message, sizeof(int16)));

    CheckDimensions(dim);
    CheckExpectedDimensions(typmod, dim);
    if (unused != 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("expected unused to be 0, not %d", unused)));

    Vector *vector = NewVector(dim);
    SwapValues(pq_getmsgbytes(message, dim * static_cast<int>(sizeof(float))), vector->x, dim);
    CheckFinite(vector->x, dim);
    PG_RETURN_POINTER(vector);
}

OMENDB_FUNCTION(omendb_vector_send)
{
    Vector *vector = DatumGetVector(PG_GETARG_DATUM(0));
    Size size = VectorSize(vector->dim); // the same header size, as it happens
    auto *result = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(result, size);
    char *out = VARDATA(result);
    uint16 dim = pg_hton16(static_cast<uint16>(vector->dim));
    uint16 unused = pg_hton16(static_cast<uint16>(vector->unused));
    memcpy(out, &dim, sizeof dim);
    memcpy(out + 2, &unused, sizeof unused);
    SwapValues(vector->x, out + 4, vector->dim);
    PG_RETURN_BYTEA_P(result);
}

} // namespace omendb
