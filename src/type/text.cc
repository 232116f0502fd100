// Text input and output of vector and halfvec, `[1,2.5,-3]`, and their type modifiers.
//
// Whitespace may stand around brackets, commas and values. Values are read as strtof reads them
// ("1.", ".5", "1e3", "0x1p3"; "nan" and "inf" are read, then refused), rounded to the nearest
// float32, and written as the shortest decimal that reads back as the same bits. For halfvec they
// are rounded once more, to the nearest half, and written as the float32 that they are.
#include "dense.h"
#include "parse_text.h"

extern "C" {
#include "common/shortest_dec.h"
}

namespace omendb {
namespace {

constexpr int kShortestFloatChars =
    FLOAT_SHORTEST_DECIMAL_LEN; // with its NUL, which the comma replaces

template <class V>
Datum
In(FunctionCallInfo fcinfo)
{
    const char *text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);
    auto *context = fcinfo->context;
    const char *end = text + strlen(text);
    float x[kMaxDims];
    int dim = 0;

    const char *at = SkipSpace(text);
    if (*at != '[')
        ereturn(context, 0,
                (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                 errmsg("invalid input syntax for type %s: \"%s\"", V::kName, text),
                 errdetail("Vector contents must start with \"[\".")));
    at = SkipSpace(at + 1);
    if (*at == ']')
        ereturn(context, 0,
                (errcode(ERRCODE_DATA_EXCEPTION),
                 errmsg("%s must have at least 1 dimension", V::kName)));

    for (;;) {
        if (dim == kMaxDims)
            ereturn(context, 0,
                    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                     errmsg("%s cannot have more than %d dimensions", V::kName, kMaxDims)));

        at = SkipSpace(at);
        const char *after = ParseElement(fcinfo, text, at, end, V::kName, &x[dim]);
        if (unlikely(after == nullptr))
            return 0;
        if constexpr (kIsHalf<V>)
            if (unlikely(std::fabs(x[dim]) >= kHalfOverflow))
                ereturn(context, 0, OMENDB_OUT_OF_RANGE(at, after, V::kName));
        dim++;

        at = SkipSpace(after);
        if (*at == ',')
            at++;
        else if (*at == ']')
            break;
        else
            ereturn(context, 0,
                    (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                     errmsg("invalid input syntax for type %s: \"%s\"", V::kName, text)));
    }
    at = SkipSpace(at + 1);
    if (*at != '\0')
        ereturn(context, 0,
                (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                 errmsg("invalid input syntax for type %s: \"%s\"", V::kName, text),
                 errdetail("Junk after closing right brace.")));
    if (typmod != -1 && typmod != dim)
        ereturn(context, 0,
                (errcode(ERRCODE_DATA_EXCEPTION),
                 errmsg("expected %d dimensions, not %d", typmod, dim)));

    V *vector = NewDense<V>(dim);
    if constexpr (kIsHalf<V>)
        kernels->narrow(x, static_cast<size_t>(dim), vector->x);
    else
        memcpy(vector->x, x, sizeof(float) * static_cast<size_t>(dim));
    PG_RETURN_POINTER(vector);
}

template <class V>
Datum
Out(FunctionCallInfo fcinfo)
{
    V *vector = DatumGet<V>(PG_GETARG_DATUM(0));
    auto *text = static_cast<char *>(
        palloc(static_cast<Size>(kShortestFloatChars) * static_cast<Size>(vector->dim) + 3));
    char *at = text;
    *at = '['; // stays where there is no comma before a value
    ForFloats(vector, [&](int first, int count, const float *x) {
        for (int i = 0; i < count; i++) {
            if (first + i > 0)
                *at = ',';
            at += 1 + float_to_shortest_decimal_bufn(x[i], at + 1);
        }
    });
    *at++ = ']';
    *at = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

template <class V>
Datum
DenseTypmodIn(FunctionCallInfo fcinfo)
{
    return TypmodIn(fcinfo, V::kName, kMaxDims);
}

} // namespace

OMENDB_BOTH_TYPES(omendb_vector_in, omendb_halfvec_in, In)
OMENDB_BOTH_TYPES(omendb_vector_out, omendb_halfvec_out, Out)
OMENDB_BOTH_TYPES(omendb_vector_typmod_in, omendb_halfvec_typmod_in, DenseTypmodIn)

} // namespace omendb
