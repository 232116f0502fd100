#include "distance_memo.h"

extern "C" {
#include <access/xact.h>
#include <utils/memutils.h>
#if PG_VERSION_NUM >= 130000
#include <access/detoast.h>
#endif
}

namespace omendb {

struct Memo {
    PGFunction function; // null: empty
    Oid relation;
    Oid value;
    double distance;
};

static constexpr uint32 kMemos = 128;

static Memo memos[kMemos];
static struct varlena *query; // the other operand of all memos, of any type; in TopMemoryContext
static Size query_bytes;
static bool filled;

static void
Forget()
{
    if (filled)
        memset(memos, 0, sizeof(memos));
    filled = false;
}

static void
AtTransactionEnd(XactEvent, void *)
{
    Forget();
}

// Makes `other` the value that the memos are about. That its type may be another than before does not matter: a memo
// is found by its function as well.
static void
TakeQuery(const struct varlena *other)
{
    Size bytes = VARSIZE(other);
    if (query != nullptr && VARSIZE(query) == bytes && memcmp(query, other, bytes) == 0)
        return;
    Forget();
    if (query == nullptr)
        RegisterXactCallback(AtTransactionEnd, nullptr);
    if (bytes > query_bytes) {
        auto *grown = static_cast<struct varlena *>(MemoryContextAlloc(TopMemoryContext, bytes));
        if (query != nullptr)
            pfree(query);
        query = grown;
        query_bytes = bytes;
    }
    memcpy(query, other, bytes);
}

static bool
IsStoredOutOfLine(Datum datum)
{
    return VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(datum));
}

MemoPlace
FindMemo(FunctionCallInfo fcinfo)
{
    bool first = IsStoredOutOfLine(PG_GETARG_DATUM(0));
    bool second = IsStoredOutOfLine(PG_GETARG_DATUM(1));
    if (first == second)
        return {nullptr, false, 0};
    Datum other = PG_GETARG_DATUM(first ? 1 : 0);
    // Anything but a plain value in memory is not worth taking apart here.
    if (VARATT_IS_EXTENDED(DatumGetPointer(other)))
        return {nullptr, false, 0};
    TakeQuery(reinterpret_cast<const struct varlena *>(DatumGetPointer(other)));

    struct varatt_external pointer;
    VARATT_EXTERNAL_GET_POINTER(pointer, DatumGetPointer(PG_GETARG_DATUM(first ? 0 : 1)));
    PGFunction function = fcinfo->flinfo->fn_addr;
    Memo *memo = &memos[(pointer.va_valueid ^ pointer.va_toastrelid * 31) % kMemos];
    bool found = memo->function == function && memo->relation == pointer.va_toastrelid &&
                 memo->value == pointer.va_valueid;
    if (!found) {
        // Named now, so that Remember needs no more than the place; empty until then.
        memo->function = nullptr;
        memo->relation = pointer.va_toastrelid;
        memo->value = pointer.va_valueid;
    }
    return {memo, found, memo->distance};
}

void
Remember(FunctionCallInfo fcinfo, MemoPlace place, double distance)
{
    if (place.memo == nullptr)
        return;
    place.memo->function = fcinfo->flinfo->fn_addr;
    place.memo->distance = distance;
    filled = true;
}

} // namespace omendb
