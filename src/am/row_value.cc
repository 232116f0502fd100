#include "row_value.h"

#include <initializer_list>

#include "omendb/simd/kernels.h"
#include "omendb/type/halfvec.h"

extern "C" {
#include <access/genam.h>
}

namespace omendb {

// What support functions return: the type, then the metric.
static constexpr int32 kTypeShift = 8;

static constexpr int32
ClassNumber(ValueType type, Metric metric)
{
    return static_cast<int32>(type) << kTypeShift | static_cast<int32>(metric);
}

ClassInfo
ClassOf(Relation index)
{
    int32 number = DatumGetInt32(FunctionCall0Coll(index_getprocinfo(index, 1, 1), InvalidOid));
    for (ValueType type : {ValueType::kVector, ValueType::kHalfvec})
        for (Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine})
            if (number == ClassNumber(type, metric))
                return {type, metric};
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("operator class of index \"%s\" is not one of omendb's",
                           RelationGetRelationName(index))));
}

const char *
NameOf(ValueType type)
{
    return type == ValueType::kHalfvec ? HalfVector::kName : Vector::kName;
}

Size
ValueSize(ValueType type, int dims)
{
    Size element = type == ValueType::kHalfvec ? sizeof(Half) : sizeof(float);
    return offsetof(Vector, x) + element * static_cast<Size>(dims);
}

Vector *
RowValue(ValueType type, Datum datum)
{
    if (type == ValueType::kVector)
        return DatumGetVector(datum);
    auto *half = reinterpret_cast<HalfVector *>(PG_DETOAST_DATUM(datum));
    auto *vector = static_cast<Vector *>(palloc(VectorSize(half->dim)));
    SET_VARSIZE(vector, VectorSize(half->dim));
    vector->dim = half->dim;
    vector->unused = 0;
    kernels->widen(half->x, static_cast<size_t>(half->dim), vector->x);
    return vector;
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
OMENDB_CLASS(omendb_class_halfvec_l2, kHalfvec, kL2);
OMENDB_CLASS(omendb_class_halfvec_ip, kHalfvec, kInnerProduct);
OMENDB_CLASS(omendb_class_halfvec_cosine, kHalfvec, kCosine);
