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

// What the values of a column are, and what they become.
struct RowShape {
    ValueType type;
    uint32_t value_dims; // of the column
    uint32_t dims;       // of index space: as many, unless values are projected

    bool projected() const { return dims < value_dims; }
};

// Bits of an indexed value at most, as pgvector has it.
constexpr int kMaxBits = 64000;

// Of an index whose class has values of this type. `value_dims` is the column's type modifier. Sparse vectors, and bits
// beyond what a vector can have, are projected.
RowShape ShapeOf(ValueType type, uint32_t value_dims);

// The type's name in SQL.
const char *NameOf(ValueType type);

// Bytes of a value of so many dimensions; a guess for sparsevec.
Size ValueSize(ValueType type, int dims);

// As the type's operators say that two values do not go together. ERRORS: data_exception.
[[noreturn]] void RaiseDifferentLengths(const RowShape &shape, int dims);

// A row's or a query's value.
struct RowValue {
    int dims;       // its own
    Vector *vector; // null: these are not the column's
    bool zero;      // no element is other than zero
};

// Of a non-null datum of the shape's type. The vector is palloc'd, unless the datum is one that nothing needed to be done to.
RowValue ReadRow(const RowShape &shape, Datum datum);

// Its vector. ERRORS: data_exception: it has not the column's dimensions.
Vector *RequireRow(const RowShape &shape, Datum datum);

} // namespace omendb
