#include "index_state.h"

#include <algorithm>

#include "omendb/page/views.h"

extern "C" {
#include <utils/memutils.h>
}

namespace omendb {

// Remembered buffers: at most this many, 256 kB a backend and index.
static constexpr uint32_t kMaxRecent = 65536;

void
RaiseDamaged(Relation index, BlockNumber block, PageFault fault)
{
    if (fault == PageFault::kBadVersion)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("index \"%s\" has a format that this version of omendb does not read",
                        RelationGetRelationName(index)),
                 errhint("Please REINDEX it.")));
    ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                    errmsg("index \"%s\" is damaged at block %u: %s",
                           RelationGetRelationName(index), block, PageFaultText(fault)),
                    errhint("Please REINDEX it.")));
}

void
InitPage(char *page, PageKind kind)
{
    PageInit(page, BLCKSZ, sizeof(Trailer));
    Trailer *trailer = TrailerOf(page, BLCKSZ);
    trailer->next = kNoBlock;
    trailer->kind = static_cast<uint8_t>(kind);
    trailer->page_id = kPageId;
    auto *header = reinterpret_cast<PageHeader>(page);
    header->pd_lower = kind == PageKind::kMeta ? kMetaEnd : header->pd_upper;
}

static void
ReadMean(Relation index, BlockNumber block, float *mean, size_t count)
{
    size_t done = 0;
    constexpr size_t a_page = BodyBytes(BLCKSZ) / sizeof(float);
    while (block != kNoBlock && done < count) {
        block = WithSharedPage(index, block, [&](const char *page) {
            RequireKind(index, block, page, PageKind::kMean);
            size_t here = std::min(a_page, count - done);
            memcpy(mean + done, Body(page), here * sizeof(float));
            done += here;
            return TrailerOf(page, BLCKSZ)->next;
        });
    }
}

static constexpr size_t
Aligned(size_t bytes)
{
    return (bytes + 63) & ~static_cast<size_t>(63);
}

// Dimensions of the column's values. ALTER TABLE may have taken them from the column and kept the index.
static uint32_t
ValueDims(Relation index, ValueType type, const MetaPage &meta)
{
    int32 typmod = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
    if (typmod >= 0)
        return static_cast<uint32_t>(typmod);
    if (type == ValueType::kSparsevec)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column of index \"%s\" no longer has dimensions",
                               RelationGetRelationName(index)),
                        errhint("Declare it as %s(n) again.", NameOf(type))));
    return meta.dims;
}

static IndexState *
LoadIndexState(Relation index)
{
    Geometry geometry;
    MetaPage meta = WithSharedPage(index, 0, [&](const char *page) {
        PageFault fault = CheckMeta(page, BLCKSZ, &geometry);
        if (fault != PageFault::kNone)
            RaiseDamaged(index, 0, fault);
        return *MetaOf(page);
    });
    auto metric = static_cast<Metric>(meta.metric);
    // Values are read as the catalog says they are.
    ClassInfo what = ClassOf(index);
    RowShape shape = ShapeOf(what.value_type, ValueDims(index, what.value_type, meta));
    if (meta.value_type != static_cast<uint8_t>(what.value_type) || metric != what.metric ||
        meta.dims != shape.dims)
        RaiseDamaged(index, 0, PageFault::kBadShape);
    size_t model_dims = ModelDims(metric, meta.dims);
    uint32_t recents = 1024;
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    while (recents < kMaxRecent && recents < blocks)
        recents *= 2;

    size_t mean_at = Aligned(sizeof(IndexState));
    size_t rotated_at = mean_at + Aligned(model_dims * sizeof(float));
    size_t recent_at = rotated_at + Aligned(meta.padded * sizeof(float));
    size_t bytes = recent_at + recents * sizeof(Buffer);
    char *chunk = static_cast<char *>(MemoryContextAllocZero(index->rd_indexcxt, bytes));
    auto *state = reinterpret_cast<IndexState *>(chunk);
    auto *mean = reinterpret_cast<float *>(chunk + mean_at);
    auto *rotated = reinterpret_cast<float *>(chunk + rotated_at);
    ReadMean(index, meta.mean_head, mean, model_dims);
    state->geometry = geometry;
    state->shape = shape;
    state->scaled = meta.scaled != 0;
    state->space = Space{metric, meta.dims, meta.padded, meta.scale, meta.max_norm, mean, rotated};
    RotateMean(state->space, rotated);
    state->recent_mask = recents - 1;
    state->recent = reinterpret_cast<Buffer *>(chunk + recent_at);
    return state;
}

IndexState *
GetIndexState(Relation index)
{
    auto *state = static_cast<IndexState *>(index->rd_amcache);
    if (state != nullptr && state->scaled)
        return state;
    // Not cached, or cached before the first row set the scale.
    DropIndexState(index);
    state = LoadIndexState(index);
    index->rd_amcache = state;
    return state;
}

void
DropIndexState(Relation index)
{
    if (index->rd_amcache != nullptr)
        pfree(index->rd_amcache);
    index->rd_amcache = nullptr;
}

MetaPage
ReadMeta(Relation index)
{
    return WithSharedPage(index, 0, [&](const char *page) {
        RequireKind(index, 0, page, PageKind::kMeta);
        return *MetaOf(page);
    });
}

} // namespace omendb
