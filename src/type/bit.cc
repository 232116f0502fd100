// Distances of PostgreSQL's own type bit, as vectors of zeros and ones. Bits beyond the length are zero, so whole
// bytes are counted.
#include "omendb/type/bit.h"

#include "omendb/pg/postgres.h"

#include "distance_memo.h"
#include "omendb/simd/kernels.h"

extern "C" {
#include "utils/varbit.h"
}

namespace omendb {
namespace {

struct Operands {
    const uint8_t *a;
    const uint8_t *b;
    size_t bytes;
};

// ERRORS: data_exception when the lengths differ.
Operands
GetOperands(FunctionCallInfo fcinfo)
{
    VarBit *a = PG_GETARG_VARBIT_P(0);
    VarBit *b = PG_GETARG_VARBIT_P(1);
    if (unlikely(VARBITLEN(a) != VARBITLEN(b)))
        RaiseDifferentBitLengths(VARBITLEN(a), VARBITLEN(b));
    return {VARBITS(a), VARBITS(b), static_cast<size_t>(VARBITBYTES(a))};
}

} // namespace

void
RaiseDifferentBitLengths(int a, int b)
{
    ereport(ERROR,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("different bit lengths %d and %d", a, b)));
}

OMENDB_FUNCTION(omendb_hamming_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] {
        Operands o = GetOperands(fcinfo);
        return static_cast<double>(static_cast<int64>(kernels->hamming(o.a, o.b, o.bytes)));
    }));
}

// 1 where no bit is set in both, two strings of zeros included.
OMENDB_FUNCTION(omendb_jaccard_distance)
{
    PG_RETURN_FLOAT8(Remembered(fcinfo, [=] {
        Operands o = GetOperands(fcinfo);
        uint64_t both, either;
        kernels->jaccard_counts(o.a, o.b, o.bytes, &both, &either);
        return both == 0 ? 1.0
                         : 1 - static_cast<double>(static_cast<int64>(both)) /
                                   static_cast<double>(static_cast<int64>(either));
    }));
}

} // namespace omendb
