// What the text inputs of all types share.
#pragma once

#include "omendb/pg/postgres.h"
#include "parse_float.h"

namespace omendb {

// What PostgreSQL's own scanner takes for whitespace, whatever the locale.
inline bool
IsSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

inline const char *
SkipSpace(const char *at)
{
    while (IsSpace(*at))
        at++;
    return at;
}

// The report of a number, from `at` up to `after`, that the type cannot hold.
#define OMENDB_OUT_OF_RANGE(at, after, type)                                                       \
    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),                                                  \
     errmsg("\"%s\" is out of range for type %s", pnstrdup(at, static_cast<Size>((after) - (at))), \
            type))

// ParseElement for what ParseFloat is in doubt about. `underflow` makes a number too small for float32 an error.
const char *ParseDoubtful(FunctionCallInfo fcinfo, const char *text, const char *at,
                          const char *type, bool underflow, float *value);

// Reads the number at `at` of the literal `text`, rounded to float32, and returns the character after it; null after
// a soft error. REQUIRES: *end is the literal's NUL.
// ERRORS (soft): invalid_text_representation, numeric_value_out_of_range, data_exception for NaN and infinity.
[[gnu::always_inline]] inline const char *
ParseElement(FunctionCallInfo fcinfo, const char *text, const char *at, const char *end,
             const char *type, float *value, bool underflow = false)
{
    const char *after = ParseFloat(at, end, value);
    if (unlikely(after == nullptr))
        return ParseDoubtful(fcinfo, text, at, type, underflow, value);
    return after;
}

// The typmod input function of a type whose modifier is its number of dimensions. ERRORS: invalid_parameter_value.
Datum TypmodIn(FunctionCallInfo fcinfo, const char *type, int max_dims);

} // namespace omendb
