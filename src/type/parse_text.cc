#include "parse_text.h"

extern "C" {
#include "utils/array.h"
}

namespace omendb {

const char *
ParseDoubtful(FunctionCallInfo fcinfo, const char *text, const char *at, const char *type,
              bool underflow, float *value)
{
    auto *context = fcinfo->context;
    char *after;
    errno = 0;
    *value = strtof(at, &after); // PostgreSQL keeps LC_NUMERIC at C
    if (after == at)
        ereturn(context, nullptr,
                (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                 errmsg("invalid input syntax for type %s: \"%s\"", type, text)));
    if (errno == ERANGE && (std::isinf(*value) || (underflow && *value == 0)))
        ereturn(context, nullptr, OMENDB_OUT_OF_RANGE(at, after, type));
    if (std::isnan(*value))
        ereturn(context, nullptr,
                (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in %s", type)));
    if (std::isinf(*value))
        ereturn(
            context, nullptr,
            (errcode(ERRCODE_DATA_EXCEPTION), errmsg("infinite value not allowed in %s", type)));
    return after;
}

Datum
TypmodIn(FunctionCallInfo fcinfo, const char *type, int max_dims)
{
    int count;
    int32 *modifiers = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &count);
    if (count != 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier")));
    if (modifiers[0] < 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s must be at least 1", type)));
    if (modifiers[0] > max_dims)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s cannot exceed %d", type, max_dims)));
    PG_RETURN_INT32(modifiers[0]);
}

} // namespace omendb
