// Text input and output of sparsevec, `{1:1.5,3:2}/5`: index:value pairs, the first index 1, and the number of
// dimensions.
//
// Whitespace may stand anywhere between. Pairs may come in any order, zeros are left out. Values are read as those of a
// vector, but one that is too small for float32 is an error, for it would be left out.
#include "parse_text.h"
#include "sparse.h"

extern "C" {
#include "common/shortest_dec.h"
#include "utils/builtins.h"
}

namespace omendb {
namespace {

// Reads the integer at `at` as strtol does, kept within [least, INT_MAX], and returns the character after it; `at` when
// there is none.
const char *
ParseInteger(const char *at, int least, int *value)
{
    constexpr int kSurelyFits = 9; // digits
    unsigned number = 0;
    const char *digit = at;
    for (; digit < at + kSurelyFits && *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + static_cast<unsigned>(*digit - '0');
    if (likely(digit > at && (*digit < '0' || *digit > '9'))) {
        *value = static_cast<int>(number);
        return digit;
    }
    char *after;
    long any = strtol(at, &after, 10);
    *value = static_cast<int>(Max(Min(any, static_cast<long>(INT_MAX)), static_cast<long>(least)));
    return after;
}

// Counts are values too: reads a whole number of few digits, followed by another pair or the end, and moves *at behind it.
// The conversion rounds as strtof does.
bool
ParseWhole(const char **at, float *value)
{
    constexpr int kSurelyFits = 9; // digits
    int number = 0;
    const char *digit = *at;
    for (; digit < *at + kSurelyFits && *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + (*digit - '0');
    if (digit == *at || (*digit != ',' && *digit != '}'))
        return false;
    *value = static_cast<float>(number);
    *at = digit;
    return true;
}

int
CountCommas(const char *text)
{
    int commas = 0;
    for (; *text != '\0'; text++)
        commas += *text == ',';
    return commas;
}

} // namespace

#define OMENDB_INVALID_SYNTAX                                                                      \
    errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),                                                  \
        errmsg("invalid input syntax for type sparsevec: \"%s\"", text)

OMENDB_FUNCTION(omendb_sparsevec_in)
{
    const char *text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);
    auto *context = fcinfo->context;
    const char *end = text + strlen(text);

    // A pair takes four characters at least, "1:1,". What has more commas than pairs may be is refused for that before
    // anything else is looked at: clients know it so.
    Size length = static_cast<Size>(end - text);
    if (length >= kMaxNonZeros && CountCommas(text) >= kMaxNonZeros)
        ereturn(context, 0,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("sparsevec cannot have more than %d non-zero elements", kMaxNonZeros)));
    Size room = Min(length / 4 + 1, static_cast<Size>(kMaxNonZeros));
    SparseBuilder builder(static_cast<int>(room));

    const char *at = SkipSpace(text);
    if (*at != '{')
        ereturn(context, 0,
                (OMENDB_INVALID_SYNTAX, errdetail("Vector contents must start with \"{\".")));
    at = SkipSpace(at + 1);
    while (*at != '}') {
        int index;
        const char *after = ParseInteger(SkipSpace(at), INT_MIN + 1, &index);
        if (after == SkipSpace(at))
            ereturn(context, 0, (OMENDB_INVALID_SYNTAX));
        at = SkipSpace(after);
        if (*at != ':')
            ereturn(context, 0, (OMENDB_INVALID_SYNTAX));
        at = SkipSpace(at + 1);
        float value;
        if (!ParseWhole(&at, &value))
            at = ParseElement(fcinfo, text, at, end, SparseVector::kName, &value, true);
        if (unlikely(at == nullptr))
            return 0;
        builder.AddUnlessZero(index - 1, value);

        at = SkipSpace(at);
        if (*at == '}')
            break;
        if (*at != ',')
            ereturn(context, 0, (OMENDB_INVALID_SYNTAX));
        at = SkipSpace(at + 1);
        if (*at == '}') // after a comma comes another pair
            ereturn(context, 0, (OMENDB_INVALID_SYNTAX));
    }
    at = SkipSpace(at + 1);
    if (*at != '/')
        ereturn(context, 0, (OMENDB_INVALID_SYNTAX, errdetail("Unexpected end of input.")));
    at = SkipSpace(at + 1);
    int dim;
    const char *after = ParseInteger(at, INT_MIN, &dim);
    if (after == at)
        ereturn(context, 0, (OMENDB_INVALID_SYNTAX));
    at = SkipSpace(after);
    if (*at != '\0')
        ereturn(context, 0, (OMENDB_INVALID_SYNTAX, errdetail("Junk after closing.")));

    if (dim < 1)
        ereturn(
            context, 0,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("sparsevec must have at least 1 dimension")));
    if (dim > kMaxSparseDims)
        ereturn(context, 0,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("sparsevec cannot have more than %d dimensions", kMaxSparseDims)));
    if (typmod != -1 && typmod != dim)
        ereturn(context, 0,
                (errcode(ERRCODE_DATA_EXCEPTION),
                 errmsg("expected %d dimensions, not %d", typmod, dim)));
    builder.Sort();
    SparseVector *vector = builder.Finish(dim);
    const char *problem = FindBadIndex(vector->indices, vector->nnz, dim);
    if (problem != nullptr)
        ereturn(context, 0, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("%s", problem)));
    PG_RETURN_POINTER(vector);
}

OMENDB_FUNCTION(omendb_sparsevec_out)
{
    auto *vector = DatumGet<SparseVector>(PG_GETARG_DATUM(0));
    const float *values = Values(vector);
    constexpr Size kIntegerChars = 10;
    constexpr Size kPairChars = kIntegerChars + 2 + FLOAT_SHORTEST_DECIMAL_LEN; // with ':' and ','
    auto *text = static_cast<char *>(
        palloc(kPairChars * static_cast<Size>(vector->nnz) + kIntegerChars + 4));
    char *at = text;
    *at++ = '{';
    for (int i = 0; i < vector->nnz; i++) {
        if (i > 0)
            *at++ = ',';
        at += pg_ultoa_n(static_cast<uint32>(vector->indices[i] + 1), at);
        *at++ = ':';
        at += float_to_shortest_decimal_bufn(values[i], at);
    }
    *at++ = '}';
    *at++ = '/';
    at += pg_ultoa_n(static_cast<uint32>(vector->dim), at);
    *at = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

OMENDB_FUNCTION(omendb_sparsevec_typmod_in)
{
    return TypmodIn(fcinfo, SparseVector::kName, kMaxSparseDims);
}

} // namespace omendb
