#include "row_value.h"

#include "omendb/simd/kernels.h"
#include "omendb/type/bit.h"
#include "omendb/type/halfvec.h"

extern "C" {
#include <access/genam.h>
#include <utils/varbit.h>
}

namespace omendb {

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
    case ValueType::kVector:
        break;
    }
    return Vector::kName;
}

void
RaiseDifferentLengths(ValueType type, uint32_t a, int b)
{
    if (type == ValueType::kBit)
        RaiseDifferentBitLengths(static_cast<int>(a), b);
    RaiseDifferentDimensions(static_cast<int>(a), b, NameOf(type));
}

Size
ValueSize(ValueType type, int dims)
{
    if (type == ValueType::kBit)
        return VARBITTOTALLEN(dims);
    Size element = type == ValueType::kHalfvec ? sizeof(Half) : sizeof(float);
    return offsetof(Vector, x) + element * static_cast<Size>(dims);
}

static Vector *
NewVector(int dims)
{
    auto *vector = static_cast<Vector *>(palloc(VectorSize(dims)));
    SET_VARSIZE(vector, VectorSize(dims));
    vector->dim = static_cast<int16>(dims);
    vector->unused = 0;
    return vector;
}

static Vector *
OfHalves(const HalfVector *half)
{
    Vector *vector = NewVector(half->dim);
    kernels->widen(half->x, static_cast<size_t>(half->dim), vector->x);
    return vector;
}

// Bits are counted from the most significant of the first byte.
static Vector *
OfBits(const VarBit *bits)
{
    int count = VARBITLEN(bits);
    if (count > kMaxDims)
        ereport(ERROR,
                (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                 errmsg("bit cannot have more than %d dimensions for omendb index", kMaxDims)));
    Vector *vector = NewVector(count);
    const uint8_t *bytes = VARBITS(bits);
    for (int i = 0; i < count; ++i)
        vector->x[i] = static_cast<float>(bytes[i / 8] >> (7 - i % 8) & 1);
    return vector;
}

Vector *
RowValue(ValueType type, Datum datum)
{
    switch (type) {
    case ValueType::kHalfvec:
        return OfHalves(reinterpret_cast<HalfVector *>(PG_DETOAST_DATUM(datum)));
    case ValueType::kBit:
        return OfBits(DatumGetVarBitP(datum));
    case ValueType::kVector:
        break;
    }
    return DatumGetVector(datum);
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
