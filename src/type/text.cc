// Text input and output, `[1,2.5,-3]`, and the type modifier.
//
// Whitespace may stand around brackets, commas and values. Values are read as strtof reads them
// ("1.", ".5", "1e3", "0x1p3"; "nan" and "inf" are read, then refused), rounded to the nearest
// float32, and written as the shortest decimal that reads back as the same bits.
#include "omendb/type/vector.h"

#include "parse_float.h"

extern "C" {
#include "common/shortest_dec.h"
#include "utils/array.h"
}

namespace omendb {
namespace {

constexpr int kShortestFloatChars =
    FLOAT_SHORTEST_DECIMAL_LEN; // with its NUL, which the comma replaces

// What PostgreSQL's own scanner takes for whitespace, whatever the locale.
bool
IsSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *
SkipSpace(const char *at)
{
    while (IsSpace(*at))
        at++;
    return at;
}

} // namespace

OMENDB_FUNCTION(omendb_vector_in)
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
                 errmsg("invalid input syntax for type vector: \"%s\"", text),
                 errdetail("Vector contents must start with \"[\".")));
    at = SkipSpace(at + 1);
    if (*at == ']')
        ereturn(context, 0,
                (errcode(ERRCODE_DATA_EXCEPTION), errmsg("vector must have at least 1 dimension")));

    for (;;) {
        if (dim == kMaxDims)
            ereturn(context, 0,
                    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                     errmsg("vector cannot have more than %d dimensions", kMaxDims)));

        at = SkipSpace(at);
        const char *after = ParseFloat(at, end, &x[dim]);
        if (unlikely(after == nullptr)) {
            char *stop;
            errno = 0;
            x[dim] = strtof(at, &stop); // PostgreSQL keeps LC_NUMERIC at C
            if (stop == at)
                ereturn(context, 0,
                        (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                         errmsg("invalid input syntax for type vector: \"%s\"", text)));
            if (errno == ERANGE && std::isinf(x[dim]))
                ereturn(context, 0,
                        (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                         errmsg("\"%s\" is out of range for type vector",
                                pnstrdup(at, static_cast<Size>(stop - at)))));
            if (std::isnan(x[dim]))
                ereturn(context, 0,
                        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in vector")));
            if (std::isinf(x[dim]))
                ereturn(context, 0,
                        (errcode(ERRCODE_DATA_EXCEPTION),
                         errmsg("infinite value not allowed in vector")));
            after = stop;
        }
        dim++;

        at = SkipSpace(after);
        if (*at == ',')
            at++;
        else if (*at == ']')
            break;
        else
            ereturn(context, 0,
                    (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                     errmsg("invalid input syntax for type vector: \"%s\"", text)));
    }
    at = SkipSpace(at + 1);
    if (*at != '\0')
        ereturn(context, 0,
                (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                 errmsg("invalid input syntax for type vector: \"%s\"", text),
                 errdetail("Junk after closing right brace.")));
    if (typmod != -1 && typmod != dim)
        ereturn(context, 0,
                (errcode(ERRCODE_DATA_EXCEPTION),
                 errmsg("expected %d dimensions, not %d", typmod, dim)));

    Vector *vector = NewVector(dim);
    memcpy(vector->x, x, sizeof(float) * static_cast<size_t>(dim));
    PG_RETURN_POINTER(vector);
}

OMENDB_FUNCTION(omendb_vector_out)
{
    Vector *vector = DatumGetVector(PG_GETARG_DATUM(0));
    auto *text = static_cast<char *>(
        palloc(static_cast<Size>(kShortestFloatChars) * static_cast<Size>(vector->dim) + 3));
    char *at = text;
    *at++ = '[';
    for (int i = 0; i < vector->dim; i++) {
        if (i > 0)
            *at++ = ',';
        at += float_to_shortest_decimal_bufn(vector->x[i], at);
    }
    *at++ = ']';
    *at = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

OMENDB_FUNCTION(omendb_vector_typmod_in)
{
    int count;
    int32 *modifiers = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &count);
    if (count != 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier")));
    if (modifiers[0] < 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type vector must be at least 1")));
    if (modifiers[0] > kMaxDims)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type vector cannot exceed %d", kMaxDims)));
    PG_RETURN_INT32(modifiers[0]);
}

} // namespace omendb
