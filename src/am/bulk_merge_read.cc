// The graph and the delta, from their pages into memory.
#include <algorithm>

#include "bulk_merge_state.h"
#include "delta.h"
#include "factors.h"
#include "omendb/pg/memory.h"

namespace omendb {

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

// All of a row but the coded dimensions of its code.
void
BulkMerge::SetRow(uint32_t row, const OwnFactors &factors, ColdAddress cold)
{
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
        memcpy(graph_.CodeOf(row), node.own(), geometry_.coded);
        SetRow(row, FactorsOf(header), {header->cold_block, header->cold_slot});
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
        SetRow(row, FactorsOf(item), {item.cold_block, item.cold_slot});
        ids_[row] = kNoNode;
    }
    graph_.SetRows(rows_);
}

} // namespace omendb
