// omendb_index_info: what an index holds and how large it is, from its meta page and its delta.
#include "named_index.h"
#include "delta.h"
#include "omendb/simd/kernels.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/index.h>
#include <catalog/pg_class.h>
#include <commands/defrem.h>
#include <funcapi.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
}

namespace omendb {

static const char *
MetricName(Metric metric)
{
    switch (metric) {
    case Metric::kL2:
        return "l2";
    case Metric::kInnerProduct:
        return "inner product";
    case Metric::kCosine:
        return "cosine";
    case Metric::kL1:
        return "l1";
    case Metric::kHamming:
        return "Hamming";
    case Metric::kJaccard:
        return "Jaccard";
    }
    return "unknown";
}

static int64
CountDeltaRows(Relation index, const Geometry &geometry, const MetaPage &meta)
{
    int64 rows = 0;
    WalkDelta(index, geometry, meta, [&](BlockNumber, uint64_t, ConstDeltaView view) {
        for (uint32_t i = 0; i < view.header()->used; ++i)
            rows += view.items()[i].state != static_cast<uint8_t>(DeltaState::kEmpty);
    });
    return rows;
}

// Fills a row of the function's result from left to right.
class RowBuilder {
public:
    void Text(const char *value) { values_[count_++] = CStringGetTextDatum(value); }
    void Int(uint32 value) { values_[count_++] = Int32GetDatum(static_cast<int32>(value)); }
    void Big(uint64 value) { values_[count_++] = Int64GetDatum(static_cast<int64>(value)); }
    int count() const { return count_; }
    Datum *values() { return values_; }

private:
    Datum values_[32];
    int count_ = 0;
};

} // namespace omendb

// omendb_index_info(regclass) → one row
OMENDB_FUNCTION(omendb_index_info)
{
    using namespace omendb;
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    NamedIndex named = OpenNamedIndex(PG_GETARG_OID(0), AccessShareLock);
    Relation index = named.index;

    const IndexState *state = GetIndexState(index);
    const Geometry geometry = state->geometry;
    const uint32_t value_dims = state->shape.value_dims;
    MetaPage meta = ReadMeta(index);
    int64 delta_rows = CountDeltaRows(index, geometry, meta);
    uint64 delta_pages = DeltaPages(meta);
    uint64 pages = RelationGetNumberOfBlocks(index);
    // pg_relation_size counts the same fork, page by page.
    uint64 bytes = pages * BLCKSZ;

    RowBuilder row;
    row.Text(MetricName(static_cast<Metric>(meta.metric)));
    row.Int(value_dims);
    row.Int(geometry.coded);
    row.Int(geometry.bits);
    row.Int(geometry.degree);
    row.Int(geometry.slots_per_page);
    row.Big(meta.live_nodes);
    row.Big(meta.joining_nodes);
    row.Big(meta.dead_nodes);
    row.Big(meta.free_slots);
    row.Big(meta.entries);
    row.Big(static_cast<uint64>(delta_rows));
    row.Big(meta.node_pages);
    row.Big(delta_pages);
    row.Big(pages);
    row.Big(bytes);
    row.Int(meta.version);
    row.Text(kernels->name);
    row.Big(index->rd_amcache == nullptr ? 0 : GetMemoryChunkSpace(index->rd_amcache));
    CloseNamedIndex(named);

    if (row.count() != descriptor->natts)
        elog(ERROR, "omendb_index_info is declared with %d columns, not %d", descriptor->natts,
             row.count());
    bool nulls[32] = {};
    HeapTuple tuple = heap_form_tuple(BlessTupleDesc(descriptor), row.values(), nulls);
    PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
