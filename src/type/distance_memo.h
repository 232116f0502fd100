// Distances just computed to values stored out of line.
//
// A scan of an index computes the distance of every row it returns twice: the executor once to put the row
// into exact order, and once more for the sort column of its output. For a value stored out of line most of
// that is fetching it (three to five page accesses and a copy). So the last few distances are remembered, by
// the identity of the stored value: its TOAST relation and value number, which name one content for as long
// as the value exists. The memo is emptied whenever another vector is on the other side, and at the end of
// every transaction, long before a number could be given anew (numbers go round after four thousand million).
#pragma once

#include "omendb/pg/postgres.h"

namespace omendb {

struct Memo; // one remembered distance

struct MemoPlace {
    Memo *memo; // null: not a case for the memo
    bool found; // `value` is the distance
    double value;
};

// Looks up function(fcinfo->args[0], args[1]). Cheap where neither operand is stored out of line.
MemoPlace FindMemo(FunctionCallInfo fcinfo);

// Remembers the distance for the place that FindMemo gave for the same call.
void Remember(FunctionCallInfo fcinfo, MemoPlace place, double distance);

// compute(), or what it gave just now for the same stored value.
template <class Compute>
double
Remembered(FunctionCallInfo fcinfo, Compute compute)
{
    MemoPlace place{nullptr, false, 0};
    if (unlikely(VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(PG_GETARG_DATUM(0))) ||
                 VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(PG_GETARG_DATUM(1))))) {
        place = FindMemo(fcinfo);
        if (place.found)
            return place.value;
    }
    double distance = compute();
    if (unlikely(place.memo != nullptr))
        Remember(fcinfo, place, distance);
    return distance;
}

} // namespace omendb
