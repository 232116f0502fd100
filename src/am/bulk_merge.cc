#include "bulk_merge.h"

#include <algorithm>

#include "build_state.h"
#include "bulk_merge_state.h"
#include "delta.h"
#include "merge.h"
#include "merge_team.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/entries.h"
#include "omendb/pg/memory.h"
#include "omendb/pg/settings.h"
#include "shared_crew.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {
namespace {

// Measured in src/am/README.md.
constexpr uint64 kLeastRows = 64;
constexpr uint64 kNodesToARow = 8;

// What is kept of each row beside the graph, and while nodes are read.
constexpr size_t kBytesPerRow = sizeof(DeltaItem) + sizeof(DeltaPlace) + 4 * sizeof(uint32_t) + 1 +
                                sizeof(Birth) + sizeof(float);

BulkOptions
OptionsFor(const MetaPage &meta, uint64 rows)
{
    BulkOptions options = CommonBulkOptions();
    options.kept = static_cast<uint32_t>(meta.live_nodes);
    uint32_t wanted = WantedEntries(static_cast<double>(meta.live_nodes + rows));
    options.entries = wanted > meta.entries ? wanted - static_cast<uint32_t>(meta.entries) : 0;
    return options;
}

MemoryGraphOptions
GraphOptions(const Geometry &geometry, uint64 rows)
{
    MemoryGraphOptions options = {};
    options.capacity = static_cast<uint32_t>(rows);
    options.padded = geometry.padded;
    options.degree = geometry.degree;
    options.search_width = 1; // no row is linked by a search
    options.check_interrupts = CommonBulkOptions().check_interrupts;
    return options;
}

// Memory of the graph and of what its linking needs, to be shared with helpers. Null: it cannot be had.
SharedMemory *
ShareMemory(MemoryContext context, const Geometry &geometry, uint64 rows)
{
    uint64 a_row = MemoryGraph::BytesPerRow(geometry.padded, geometry.degree) +
                   BulkBytesPerRow(CommonBulkOptions());
    return CreateSharedMemory(context, GraphAddressSpace(rows, a_row));
}

} // namespace

BulkMerge::BulkMerge(Relation index, MemoryContext context, const MetaPage &meta, uint64 most_rows)
    : index_(index), context_(context),
      row_context_(AllocSetContextCreate(context, "omendb merge row", ALLOCSET_DEFAULT_SIZES)),
      pool_(PoolOf(context)), geometry_(GetIndexState(index)->geometry), meta_(meta),
      blocks_(RelationGetNumberOfBlocks(index)),
      helpers_(PlanMergeHelpers(meta.live_nodes + most_rows)),
      shared_(helpers_ > 0 ? ShareMemory(context, geometry_, meta.live_nodes + most_rows)
                           : nullptr),
      graph_(shared_ != nullptr ? PoolOf(shared_) : pool_,
             GraphOptions(geometry_, meta.live_nodes + most_rows)),
      kept_(static_cast<uint32_t>(meta.live_nodes)), rows_(kept_),
      most_(kept_ + static_cast<uint32_t>(most_rows)), ids_(pool_.NewArray<uint32_t>(most_)),
      generations_(pool_.NewArray<uint8_t>(most_)), places_(pool_.NewArray<DeltaPlace>(most_rows)),
      items_(pool_.NewArray<DeltaItem>(most_rows)), scratch_(pool_.NewArray<float>(geometry_.coded))
{
    size_t numbers = size_t{blocks_} * geometry_.slots_per_page;
    row_of_ = pool_.NewArray<uint32_t>(numbers);
    std::fill(row_of_, row_of_ + numbers, MemoryGraph::kNone);
}

// Of inner product, the longest rows become entries (build.cc): those whose extra dimension is least, which
// is told from the code. Null: another metric.
float *
BulkMerge::RankRows()
{
    const Space &space = GetIndexState(index_)->space;
    if (space.metric != Metric::kInnerProduct)
        return nullptr;
    auto *zero = pool_.NewZeroedArray<float>(space.dims);
    auto *extra = pool_.NewArray<float>(space.padded);
    RowToSpace(space, zero, extra); // (0, M) − mean
    for (uint32_t i = 0; i < space.padded; ++i)
        extra[i] += space.rotated_mean[i];
    float *rank = pool_.NewZeroedArray<float>(rows_);
    for (uint32_t row = kept_; row < rows_; ++row) {
        CHECK_FOR_INTERRUPTS();
        float sum = 0;
        for (uint32_t i = 0; i < geometry_.padded; ++i)
            sum += extra[i] * graph_.CodeOf(row)[i];
        rank[row] = -sum * graph_.FactorsOf(row)->step;
    }
    return rank;
}

void
BulkMerge::Link()
{
    BulkOptions options = OptionsFor(meta_, rows_ - kept_);
    options.entry_rank = RankRows();
    MemoryContext context =
        AllocSetContextCreate(context_, "omendb merge links", ALLOCSET_DEFAULT_SIZES);
    BuildBulkWithHelpers(&graph_, PoolOf(context), options, shared_, helpers_);
    MemoryContextDelete(context);
}

uint64
BulkMerge::Run()
{
    ReadBirths();
    ReadNodes();
    ReadDelta();
    Link();
    OrderNodes();
    NumberNodes();
    MarkRows();
    WriteNodes();
    WriteLists();
    WriteEntries();
    MakeNodesLive();
    RemoveRows();
    JoinTwins();
    return rows_ - kept_;
}

// Rows of the delta that no merge has begun with.
static uint64
RowsPresent(Relation index, const Geometry &geometry, const MetaPage &meta)
{
    uint64 rows = 0;
    WalkDelta(index, geometry, meta, [&](BlockNumber, uint64, ConstDeltaView view) {
        for (uint32_t at = 0; at < view.header()->used; ++at)
            rows += view.items()[at].state == static_cast<uint8_t>(DeltaState::kPresent);
    });
    return rows;
}

bool
BulkMergeFits(Relation index, const MetaPage &meta, uint64 rows)
{
    const Geometry &geometry = GetIndexState(index)->geometry;
    BulkOptions options = CommonBulkOptions();
    uint64 all = meta.live_nodes + rows;
    uint64 bytes =
        all * (MemoryGraph::BytesPerRow(geometry.padded, geometry.degree) +
               BulkBytesPerRow(options) + kBytesPerRow) +
        uint64{RelationGetNumberOfBlocks(index)} * geometry.slots_per_page * sizeof(uint32_t) +
        (1 + PlanMergeHelpers(all)) * BulkFixedBytes(options, geometry.padded);
    return bytes <= MaintenanceBytes() && all < UINT32_MAX / options.top_fanout;
}

bool
BulkMergePays(Relation index)
{
    Geometry geometry = GetIndexState(index)->geometry;
    MetaPage meta = ReadMeta(index);
    uint64 least = Max(kLeastRows, meta.live_nodes / kNodesToARow);
    // Its pages tell without a walk that a delta is too small.
    if (meta.dead_nodes > 0 || uint64{DeltaPages(meta)} * geometry.delta_capacity < least)
        return false;
    uint64 rows = RowsPresent(index, geometry, meta);
    return rows >= least && BulkMergeFits(index, meta, rows);
}

uint64
MergeInBulk(Relation index)
{
    MetaPage meta = ReadMeta(index);
    Geometry geometry = GetIndexState(index)->geometry;
    uint64 rows = RowsPresent(index, geometry, meta);
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb bulk merge", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    BulkMerge merge(index, context, meta, rows);
    uint64 merged = merge.Run();
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    ereport(DEBUG1, (errmsg_internal("merged " UINT64_FORMAT " rows into " UINT64_FORMAT
                                     " nodes of index \"%s\" by building",
                                     merged, meta.live_nodes, RelationGetRelationName(index))));
    return merged;
}

} // namespace omendb
