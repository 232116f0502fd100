#include "row_value.h"

#include "omendb/codec/projection.h"
#include "omendb/simd/kernels.h"
#include "omendb/type/bit.h"
#include "omendb/type/halfvec.h"
#include "omendb/type/sparsevec.h"

extern "C" {
#include <access/genam.h>
#include <utils/varbit.h>
}

namespace omendb {

// For what the planner wants to know: whether values lie out of line.
static constexpr int kGuessedNonZeros = 128;

// What support functions return: the type, then the metric.
static constexpr int32 kTypeShift = 8;

static constexpr int32
ClassNumber(ValueType type, Metric metric)
{
    return static_cast<int32>(type) << kTypeShift | static_cast<int32>(metric);
}

static constexpr int32 kClasses[] = {
    ClassNumber(ValueType::kVector, Metric::kL2),
    ClassNumber(ValueType::kVector, Metric::kInnerProduct),
    ClassNumber(ValueType::kVector, Metric::kCosine),
    ClassNumber(ValueType::kVector, Metric::kL1),
    ClassNumber(ValueType::kHalfvec, Metric::kL2),
    ClassNumber(ValueType::kHalfvec, Metric::kInnerProduct),
    ClassNumber(ValueType::kHalfvec, Metric::kCosine),
    ClassNumber(ValueType::kHalfvec, Metric::kL1),
    ClassNumber(ValueType::kBit, Metric::kHamming),
    ClassNumber(ValueType::kBit, Metric::kJaccard),
    ClassNumber(ValueType::kSparsevec, Metric::kL2),
    ClassNumber(ValueType::kSparsevec, Metric::kInnerProduct),
    ClassNumber(ValueType::kSparsevec, Metric::kCosine),
    ClassNumber(ValueType::kSparsevec, Metric::kL1),
};

ClassInfo
ClassOf(Relation index)
{
    int32 number = DatumGetInt32(FunctionCall0Coll(index_getprocinfo(index, 1, 1), InvalidOid));
    for (int32 known : kClasses)
        if (number == known)
            return {static_cast<ValueType>(number >> kTypeShift),
                    static_cast<Metric>(number & ((1 << kTypeShift) - 1))};
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("operator class of index \"%s\" is not one of omendb's",
                           RelationGetRelationName(index))));
}

const char *
NameOf(ValueType type)
{
    switch (type) {
    case ValueType::kHalfvec:
        return HalfVector::kName;
    case ValueType::kBit:
        return "bit";
    case ValueType::kSparsevec:
        return SparseVector::kName;
    case ValueType::kVector:
        break;
    }
    return Vector::kName;
}

RowShape
ShapeOf(ValueType type, uint32_t value_dims)
{
    bool projected = type == ValueType::kSparsevec ||
                     (type == ValueType::kBit && value_dims > static_cast<uint32_t>(kMaxDims));
    return {type, value_dims, projected ? ProjectedDims(value_dims) : value_dims};
}

void
RaiseDifferentLengths(const RowShape &shape, int dims)
{
    auto expected = static_cast<int>(shape.value_dims);
    if (shape.type == ValueType::kBit)
        RaiseDifferentBitLengths(expected, dims);
    RaiseDifferentDimensions(expected, dims, NameOf(shape.type));
}

Size
ValueSize(ValueType type, int dims)
{
    switch (type) {
    case ValueType::kHalfvec:
        return offsetof(HalfVector, x) + sizeof(Half) * static_cast<Size>(dims);
    case ValueType::kBit:
        return VARBITTOTALLEN(dims);
    case ValueType::kSparsevec:
        return SparseSize(Min(dims, kGuessedNonZeros));
    case ValueType::kVector:
        break;
    }
    return VectorSize(dims);
}

static Vector *
NewVector(uint32_t dims)
{
    auto *vector = static_cast<Vector *>(palloc(VectorSize(static_cast<int>(dims))));
    SET_VARSIZE(vector, VectorSize(static_cast<int>(dims)));
    vector->dim = static_cast<int16>(dims);
    vector->unused = 0;
    return vector;
}

static bool
IsZero(const Vector *vector)
{
    for (int i = 0; i < vector->dim; ++i)
        if (vector->x[i] != 0)
            return false;
    return true;
}

static RowValue
OfVector(const RowShape &shape, Vector *vector)
{
    return {vector->dim, vector->dim == static_cast<int>(shape.dims) ? vector : nullptr,
            IsZero(vector)};
}

static RowValue
OfHalves(const RowShape &shape, const HalfVector *half)
{
    if (half->dim != static_cast<int>(shape.dims))
        return {half->dim, nullptr, false};
    Vector *vector = NewVector(shape.dims);
    kernels->widen(half->x, shape.dims, vector->x);
    return OfVector(shape, vector);
}

// They are counted from the most significant of the first byte.
static bool
BitAt(const VarBit *bits, int i)
{
    return (VARBITS(bits)[i / 8] >> (7 - i % 8) & 1) != 0;
}

static RowValue
OfManyBits(const RowShape &shape, const VarBit *bits)
{
    int count = VARBITLEN(bits);
    auto *ones = static_cast<int32_t *>(palloc(static_cast<Size>(count) * sizeof(int32_t)));
    auto *values = static_cast<float *>(palloc(static_cast<Size>(count) * sizeof(float)));
    size_t found = 0;
    for (int i = 0; i < count; ++i) {
        if (BitAt(bits, i)) {
            ones[found] = i;
            values[found++] = 1;
        }
    }
    Vector *vector = NewVector(shape.dims);
    Project(ones, values, found, shape.value_dims, vector->x);
    pfree(values);
    pfree(ones);
    return {count, vector, found == 0};
}

static RowValue
OfBits(const RowShape &shape, const VarBit *bits)
{
    int count = VARBITLEN(bits);
    if (count != static_cast<int>(shape.value_dims))
        return {count, nullptr, false};
    if (shape.projected())
        return OfManyBits(shape, bits);
    Vector *vector = NewVector(shape.dims);
    for (int i = 0; i < count; ++i)
        vector->x[i] = BitAt(bits, i) ? 1 : 0;
    return OfVector(shape, vector);
}

static RowValue
OfSparse(const RowShape &shape, const SparseVector *sparse)
{
    if (sparse->dim != static_cast<int>(shape.value_dims))
        return {sparse->dim, nullptr, false};
    Vector *vector = NewVector(shape.dims);
    Project(sparse->indices, Values(sparse), static_cast<size_t>(sparse->nnz), shape.value_dims,
            vector->x);
    return {sparse->dim, vector, sparse->nnz == 0};
}

RowValue
ReadRow(const RowShape &shape, Datum datum)
{
    switch (shape.type) {
    case ValueType::kHalfvec:
        return OfHalves(shape, reinterpret_cast<HalfVector *>(PG_DETOAST_DATUM(datum)));
    case ValueType::kBit:
        return OfBits(shape, DatumGetVarBitP(datum));
    case ValueType::kSparsevec:
        return OfSparse(shape, reinterpret_cast<SparseVector *>(PG_DETOAST_DATUM(datum)));
    case ValueType::kVector:
        break;
    }
    return OfVector(shape, DatumGetVector(datum));
}

Vector *
RequireRow(const RowShape &shape, Datum datum)
{
    RowValue row = ReadRow(shape, datum);
    if (row.vector == nullptr)
        RaiseUnexpectedDimensions(static_cast<int>(shape.value_dims), row.dims);
    return row.vector;
}

} // namespace omendb

#define OMENDB_CLASS(name, type, metric)                                                           \
    OMENDB_FUNCTION(name)                                                                          \
    {                                                                                              \
        PG_RETURN_INT32(omendb::ClassNumber(omendb::ValueType::type, omendb::Metric::metric));     \
    }                                                                                              \
    static_assert(true)

// The operator classes' support function 1.
OMENDB_CLASS(omendb_class_vector_l2, kVector, kL2);
OMENDB_CLASS(omendb_class_vector_ip, kVector, kInnerProduct);
OMENDB_CLASS(omendb_class_vector_cosine, kVector, kCosine);
OMENDB_CLASS(omendb_class_vector_l1, kVector, kL1);
OMENDB_CLASS(omendb_class_halfvec_l2, kHalfvec, kL2);
OMENDB_CLASS(omendb_class_halfvec_ip, kHalfvec, kInnerProduct);
OMENDB_CLASS(omendb_class_halfvec_cosine, kHalfvec, kCosine);
OMENDB_CLASS(omendb_class_halfvec_l1, kHalfvec, kL1);
OMENDB_CLASS(omendb_class_bit_hamming, kBit, kHamming);
OMENDB_CLASS(omendb_class_bit_jaccard, kBit, kJaccard);
OMENDB_CLASS(omendb_class_sparsevec_l2, kSparsevec, kL2);
OMENDB_CLASS(omendb_class_sparsevec_ip, kSparsevec, kInnerProduct);
OMENDB_CLASS(omendb_class_sparsevec_cosine, kSparsevec, kCosine);
OMENDB_CLASS(omendb_class_sparsevec_l1, kSparsevec, kL1);
