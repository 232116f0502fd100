#include "bulk_merge.h"

#include <algorithm>

#include "build_state.h"
#include "cold.h"
#include "delta.h"
#include "join.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/entries.h"
#include "omendb/graph/page_order.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "omendb/pg/settings.h"

namespace omendb {
namespace {

// Measured in src/am/README.md.
constexpr uint64 kLeastRows = 64;
constexpr uint64 kNodesToARow = 8;

struct Birth {
    uint64 birth;
    uint32_t id;
};

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

class BulkMerge {
public:
    BulkMerge(Relation index, MemoryContext context, const MetaPage &meta, uint64 most_rows);

    uint64 Run();

private:
    void ReadBirths();
    void ReadNodes();
    void ReadDelta();
    float *RankRows();
    void Link();
    void OrderNodes();
    void WriteNodes();
    void WriteLists();
    void WriteEntries();
    void EndRows();

    void SetRow(uint32_t row, const int8_t *own, const OwnFactors &factors, ColdAddress cold);
    template <class Use>
    void ForNodes(Use use);
    template <class Use>
    void WithEditor(Use use);
    void PutList(NodeView node, uint32_t row, bool with_anchors);
    bool IsNew(uint32_t row) const { return row >= kept_; }

    Relation index_;
    MemoryContext context_;
    MemoryContext row_context_; // of one row's or page's writing
    Pool pool_;
    Geometry geometry_;
    MetaPage meta_;
    BlockNumber blocks_;
    MemoryGraph graph_;
    uint32_t kept_;        // rows that are nodes already, by birth
    uint32_t rows_;        // and those of the delta
    uint32_t most_;        // rows at most
    uint32_t *row_of_;     // by node number
    uint32_t *ids_;        // node numbers by row; kNoNode: not written yet
    uint8_t *generations_; // by row
    DeltaPlace *places_;   // of the delta's rows
    DeltaItem *items_;     // the same
    uint32_t *order_;      // new nodes as they are written
    uint32_t new_nodes_ = 0;
    float *scratch_;
};

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

BulkMerge::BulkMerge(Relation index, MemoryContext context, const MetaPage &meta, uint64 most_rows)
    : index_(index), context_(context),
      row_context_(AllocSetContextCreate(context, "omendb merge row", ALLOCSET_DEFAULT_SIZES)),
      pool_(PoolOf(context)), geometry_(GetIndexState(index)->geometry), meta_(meta),
      blocks_(RelationGetNumberOfBlocks(index)),
      graph_(pool_, GraphOptions(geometry_, meta.live_nodes + most_rows)),
      kept_(static_cast<uint32_t>(meta.live_nodes)), rows_(kept_),
      most_(kept_ + static_cast<uint32_t>(most_rows)), ids_(pool_.NewArray<uint32_t>(most_)),
      generations_(pool_.NewArray<uint8_t>(most_)), places_(pool_.NewArray<DeltaPlace>(most_rows)),
      items_(pool_.NewArray<DeltaItem>(most_rows)), scratch_(pool_.NewArray<float>(geometry_.coded))
{
    size_t numbers = size_t{blocks_} * geometry_.slots_per_page;
    row_of_ = pool_.NewArray<uint32_t>(numbers);
    std::fill(row_of_, row_of_ + numbers, MemoryGraph::kNone);
}

// Calls use(id, node) for each live node, of copied pages.
template <class Use>
void
BulkMerge::ForNodes(Use use)
{
    char *page = PoolOf(row_context_).NewArray<char>(BLCKSZ);
    for (BlockNumber block = 1; block < blocks_; ++block) {
        CHECK_FOR_INTERRUPTS();
        bool is_node = false;
        WithSharedPage(index_, block, [&](const char *seen) {
            is_node = CheckKind(seen, BLCKSZ, PageKind::kNode) == PageFault::kNone;
            if (is_node)
                memcpy(page, seen, BLCKSZ);
        });
        for (uint32_t slot = 0; is_node && slot < geometry_.slots_per_page; ++slot) {
            ConstNodeView node = NodeAt(static_cast<const char *>(page), geometry_, slot);
            if (node.header()->state != static_cast<uint8_t>(NodeState::kLive))
                continue;
            if (node.header()->degree > geometry_.degree)
                RaiseDamaged(index_, block, PageFault::kBadCount);
            use(NodeId(geometry_, block, slot), node);
        }
    }
    MemoryContextReset(row_context_);
}

// Gives nodes their rows: by birth, so that a node's anchor comes before it.
void
BulkMerge::ReadBirths()
{
    MemoryContext context =
        AllocSetContextCreate(context_, "omendb merge births", ALLOCSET_DEFAULT_SIZES);
    Birth *births = PoolOf(context).NewArray<Birth>(kept_);
    uint32_t found = 0;
    ForNodes([&](uint32_t id, ConstNodeView node) {
        if (found == kept_)
            RaiseDamaged(index_, 0, PageFault::kBadCount);
        births[found++] = {node.header()->birth, id};
    });
    if (found != kept_)
        RaiseDamaged(index_, 0, PageFault::kBadCount);
    std::sort(births, births + found,
              [](const Birth &a, const Birth &b) { return a.birth < b.birth; });
    for (uint32_t row = 0; row < found; ++row) {
        ids_[row] = births[row].id;
        row_of_[births[row].id] = row;
    }
    MemoryContextDelete(context);
}

void
BulkMerge::SetRow(uint32_t row, const int8_t *own, const OwnFactors &factors, ColdAddress cold)
{
    memcpy(graph_.CodeOf(row), own, geometry_.coded);
    if (geometry_.cold_bytes > 0)
        ReadCold(index_, geometry_, cold, graph_.CodeOf(row) + geometry_.coded);
    graph_.SetRow(row, factors);
}

void
BulkMerge::ReadNodes()
{
    auto *anchors = pool_.NewArray<uint32_t>(kept_);
    auto *children = pool_.NewZeroedArray<uint8_t>(kept_);
    std::fill(anchors, anchors + kept_, MemoryGraph::kNone);
    ForNodes([&](uint32_t id, ConstNodeView node) {
        const NodeHeader *header = node.header();
        uint32_t row = row_of_[id];
        SetRow(row, node.own(),
               {header->step, header->norm_squared, header->error, header->mean_dot},
               {header->cold_block, header->cold_slot});
        generations_[row] = header->generation;
        if ((header->flags & kNodeIsEntry) != 0)
            anchors[row] = row;
        auto arrays = node.neighbours();
        for (uint32_t i = 0; i < header->degree; ++i) {
            if ((arrays.tag[i] & kAnchorTag) == 0)
                continue;
            BlockNumber block = NodeBlock(geometry_, arrays.ids[i]);
            uint32_t child = block < blocks_ ? row_of_[arrays.ids[i]] : MemoryGraph::kNone;
            if (child == MemoryGraph::kNone || child <= row)
                RaiseDamaged(index_, NodeBlock(geometry_, id), PageFault::kBadLink);
            if (anchors[child] != MemoryGraph::kNone)
                continue; // two are harmless, one is kept
            anchors[child] = row;
            if (++children[row] > MaxAnchored(geometry_.degree))
                RaiseDamaged(index_, NodeBlock(geometry_, id), PageFault::kBadCount);
        }
    });
    for (uint32_t row = 0; row < kept_; ++row) {
        if (anchors[row] == MemoryGraph::kNone)
            RaiseDamaged(index_, NodeBlock(geometry_, ids_[row]), PageFault::kBadLink);
        graph_.Keep(row, anchors[row]);
    }
}

void
BulkMerge::ReadDelta()
{
    WalkDelta(index_, geometry_, ReadMeta(index_),
              [&](BlockNumber block, uint64, ConstDeltaView view) {
                  for (uint32_t at = 0; at < view.header()->used && rows_ < most_; ++at) {
                      const DeltaItem &item = view.items()[at];
                      if (item.state != static_cast<uint8_t>(DeltaState::kPresent))
                          continue;
                      memcpy(graph_.CodeOf(rows_), view.own(at), geometry_.coded);
                      places_[rows_ - kept_] = {block, at};
                      items_[rows_ - kept_] = item;
                      ++rows_;
                  }
              });
    for (uint32_t row = kept_; row < rows_; ++row) {
        CHECK_FOR_INTERRUPTS();
        const DeltaItem &item = items_[row - kept_];
        SetRow(row, graph_.CodeOf(row), {item.step, item.norm_squared, item.error, item.mean_dot},
               {item.cold_block, item.cold_slot});
        ids_[row] = kNoNode;
    }
    graph_.SetRows(rows_);
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
        float sum = 0;
        for (uint32_t i = 0; i < space.padded; ++i)
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
    BuildBulk(&graph_, PoolOf(context), options);
    MemoryContextDelete(context);
}

void
BulkMerge::OrderNodes()
{
    order_ = pool_.NewArray<uint32_t>(rows_ - kept_);
    auto *number = pool_.NewZeroedArray<uint32_t>(rows_);
    for (uint32_t row = kept_; row < rows_; ++row)
        if (graph_.IsNode(row))
            order_[new_nodes_++] = row;
    OrderForPages(graph_, pool_, geometry_.slots_per_page, &order_, new_nodes_, number);
}

// A row's list, of the neighbours that have a number.
void
BulkMerge::PutList(NodeView node, uint32_t row, bool with_anchors)
{
    auto arrays = node.neighbours();
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph_.DegreeOf(row); ++i) {
        uint32_t to = graph_.NeighboursOf(row)[i];
        if (ids_[to] == kNoNode)
            continue;
        NeighbourFactors factors =
            EncodeNeighbour(graph_.CodeOf(row), graph_.FactorsOf(row)->step, graph_.CodeOf(to),
                            graph_.FactorsOf(to)->step, geometry_.coded, geometry_.bits, scratch_,
                            arrays.codes + count * geometry_.code_bytes);
        bool anchors = with_anchors && graph_.AnchorOf(to) == row;
        arrays.ids[count] = ids_[to];
        arrays.f_add[count] = factors.f_add;
        arrays.f_mul[count] = factors.f_mul;
        arrays.tag[count] =
            static_cast<uint8_t>((generations_[to] & kGenerationMask) | (anchors ? kAnchorTag : 0));
        ++count;
    }
    node.header()->degree = static_cast<uint16_t>(count);
}

// Lends an editor whose memory goes afterwards.
template <class Use>
void
BulkMerge::WithEditor(Use use)
{
    CHECK_FOR_INTERRUPTS();
    MemoryContext old = MemoryContextSwitchTo(row_context_);
    NodeEditor editor(index_, PoolOf(row_context_));
    use(&editor);
    MemoryContextSwitchTo(old);
    MemoryContextReset(row_context_);
}

// New nodes, joining, with edges to those that are there already: what a merge that is cut off now needs to go on.
void
BulkMerge::WriteNodes()
{
    uint64 births;
    {
        WalRecord record(index_);
        MetaPage *meta = MetaOf(record.Add(0));
        births = meta->next_birth;
        meta->next_birth += new_nodes_;
        record.Finish();
    }
    OMENDB_FAILURE_POINT("bulk merge: births reserved");
    for (uint32_t i = 0; i < new_nodes_; ++i) {
        WithEditor([&](NodeEditor *editor) {
            uint32_t row = order_[i];
            NodeView node = JoiningNode(editor, items_[row - kept_], graph_.CodeOf(row));
            PutList(node, row, false);
            uint64 birth = births + graph_.BirthOf(row) - kept_;
            ids_[row] = WriteJoining(editor, places_[row - kept_], node, &birth);
            generations_[row] = node.header()->generation;
        });
    }
}

// All lists as they are to be, page by page.
void
BulkMerge::WriteLists()
{
    auto *by_id = pool_.NewArray<uint32_t>(kept_ + new_nodes_);
    uint32_t count = 0;
    for (uint32_t row = 0; row < rows_; ++row)
        if (graph_.IsNode(row))
            by_id[count++] = row;
    std::sort(by_id, by_id + count, [this](uint32_t a, uint32_t b) { return ids_[a] < ids_[b]; });
    for (uint32_t i = 0; i < count;) {
        CHECK_FOR_INTERRUPTS();
        BlockNumber block = NodeBlock(geometry_, ids_[by_id[i]]);
        WalRecord record(index_);
        char *page = record.Add(block);
        RequireKind(index_, block, page, PageKind::kNode);
        for (; i < count && NodeBlock(geometry_, ids_[by_id[i]]) == block; ++i)
            PutList(NodeAt(page, geometry_, NodeSlot(geometry_, ids_[by_id[i]])), by_id[i], true);
        record.Finish();
        OMENDB_FAILURE_POINT("bulk merge: lists written");
    }
}

void
BulkMerge::WriteEntries()
{
    for (uint32_t row : graph_.entries())
        if (IsNew(row))
            WithEditor([&](NodeEditor *editor) { editor->AddEntry(editor->Read(ids_[row])); });
}

// New nodes become live, and rows whose code a node has join it.
void
BulkMerge::EndRows()
{
    for (uint32_t i = 0; i < new_nodes_; ++i)
        WithEditor([&](NodeEditor *editor) {
            MakeLive(editor, places_[order_[i] - kept_], ids_[order_[i]]);
        });
    for (uint32_t node = 0; node < rows_; ++node) {
        if (!graph_.IsNode(node))
            continue;
        for (uint32_t twin = graph_.NextDuplicate(node); twin != MemoryGraph::kNone;
             twin = graph_.NextDuplicate(twin))
            WithEditor([&](NodeEditor *editor) {
                const DeltaItem &item = items_[twin - kept_];
                AddTid(editor, ids_[node], item.tid, places_[twin - kept_]);
                FreeCold(index_, geometry_, {item.cold_block, item.cold_slot});
            });
    }
}

uint64
BulkMerge::Run()
{
    ReadBirths();
    ReadNodes();
    ReadDelta();
    Link();
    OrderNodes();
    WriteNodes();
    WriteLists();
    WriteEntries();
    EndRows();
    return rows_ - kept_;
}

} // namespace

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
BulkMergePays(Relation index)
{
    Geometry geometry = GetIndexState(index)->geometry;
    MetaPage meta = ReadMeta(index);
    uint64 rows = RowsPresent(index, geometry, meta);
    if (rows < kLeastRows || rows < meta.live_nodes / kNodesToARow || meta.dead_nodes > 0)
        return false;
    BulkOptions options = CommonBulkOptions();
    uint64 all = meta.live_nodes + rows;
    uint64 bytes =
        all * (MemoryGraph::BytesPerRow(geometry.padded, geometry.degree) +
               BulkBytesPerRow(options) + kBytesPerRow) +
        uint64{RelationGetNumberOfBlocks(index)} * geometry.slots_per_page * sizeof(uint32_t) +
        BulkFixedBytes(options, geometry.padded);
    return bytes <= MaintenanceBytes() && all < kMaxNodes / options.top_fanout;
}

uint64
MergeInBulk(Relation index)
{
    FinishJoining(index);
    MetaPage meta = ReadMeta(index);
    uint64 rows = RowsPresent(index, GetIndexState(index)->geometry, meta);
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb bulk merge", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    BulkMerge merge(index, context, meta, rows);
    uint64 merged = merge.Run();
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return merged;
}

} // namespace omendb
