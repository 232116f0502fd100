// What an index takes from a column, and the values of its rows as float32s.
#pragma once

#include "omendb/codec/space.h"
#include "omendb/page/layout.h"
#include "omendb/type/vector.h"

extern "C" {
#include <utils/rel.h>
}

namespace omendb {

// What an operator class says with its support function 1.
struct ClassInfo {
    ValueType value_type;
    Metric metric;
};

// ERRORS: invalid_object_definition: the class is not one of omendb's.
ClassInfo ClassOf(Relation index);

// The type's name in SQL.
const char *NameOf(ValueType type);

// Bytes of a value of so many dimensions.
Size ValueSize(ValueType type, int dims);

// As the type's operators say that two values do not go together. ERRORS: data_exception.
[[noreturn]] void RaiseDifferentLengths(ValueType type, uint32_t a, int b);

// A non-null datum of that type as a vector, exactly. palloc'd, unless it is a vector that nothing needed to be done to.
Vector *RowValue(ValueType type, Datum datum);

} // namespace omendb
