// What was linked, into the index's pages; src/am/README.md says what a crash after each record leaves.
#include <algorithm>

#include "bulk_merge.h"
#include "bulk_merge_state.h"
#include "delta.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/page_order.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "room_list.h"
#include "vacuum.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

void
SetBulkMerge(Relation index, BulkMergeState state)
{
    WalRecord record(index);
    MetaOf(record.Add(0))->bulk_merge = static_cast<uint8_t>(state);
    record.Finish();
    OMENDB_FAILURE_POINT("bulk merge: state noted");
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

// Numbers for new nodes from the free slots of pages with room, in the order of their list.
void
BulkMerge::NumberInRoom()
{
    MetaPage meta = ReadMeta(index_);
    BlockNumber block = meta.node_room_head;
    while (numbered_ < new_nodes_ && block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        NodesOfPage page = {block, numbered_, 0, false};
        block = WithSharedPage(index_, page.block, [&](const char *seen) {
            RequireKind(index_, page.block, seen, PageKind::kNode);
            for (uint32_t slot = 0; slot < geometry_.slots_per_page && numbered_ < new_nodes_;
                 ++slot) {
                const NodeHeader *header = NodeAt(seen, geometry_, slot).header();
                if (header->state != static_cast<uint8_t>(NodeState::kFree))
                    continue;
                uint32_t row = order_[numbered_++];
                ids_[row] = NodeId(geometry_, page.block, slot);
                generations_[row] = header->generation;
            }
            return TrailerOf(seen, BLCKSZ)->next;
        });
        page.count = numbered_ - page.first;
        if (page.count == 0 || numbered_ > meta.free_slots)
            RaiseDamaged(index_, page.block, PageFault::kBadCount);
        pages_.push_back(page);
    }
}

// The rest from pages that are nobody's. After a crash, or where this is cut off, VACUUM finds them.
void
BulkMerge::NumberInFreshPages()
{
    while (numbered_ < new_nodes_) {
        VacuumDelay();
        Buffer buffer = NewPage(index_);
        BlockNumber block = BufferGetBlockNumber(buffer);
        UnlockReleaseBuffer(buffer);
        RequireNodeNumbers(index_, geometry_, block);
        NodesOfPage page = {block, numbered_, Min(geometry_.slots_per_page, new_nodes_ - numbered_),
                            true};
        for (uint32_t slot = 0; slot < page.count; ++slot) {
            uint32_t row = order_[numbered_++];
            ids_[row] = NodeId(geometry_, block, slot);
            generations_[row] = 0;
        }
        pages_.push_back(page);
    }
}

void
BulkMerge::NumberNodes()
{
    pages_ = List<NodesOfPage>(pool_);
    NumberInRoom();
    NumberInFreshPages();
}

// Calls use(item, row) for the delta items of rows that become nodes. WAL: one record a delta page.
template <class Use>
void
BulkMerge::ChangeRows(Use use)
{
    ChangeItems(
        index_, geometry_, kept_, rows_, [this](size_t row) { return places_[row - kept_]; },
        [&](DeltaItem *item, size_t row) {
            if (!graph_.IsNode(static_cast<uint32_t>(row)))
                return false;
            use(item, static_cast<uint32_t>(row));
            return true;
        });
}

void
BulkMerge::MarkRows()
{
    SetBulkMerge(index_, BulkMergeState::kWriting);
    ChangeRows([this](DeltaItem *item, uint32_t row) {
        item->state = static_cast<uint8_t>(DeltaState::kMerging);
        item->node = ids_[row];
    });
}

// A row's list.
void
BulkMerge::PutList(NodeView node, uint32_t row)
{
    auto arrays = node.neighbours();
    uint32_t degree = graph_.DegreeOf(row);
    for (uint32_t i = 0; i < degree; ++i) {
        uint32_t to = graph_.NeighboursOf(row)[i];
        NeighbourFactors factors =
            EncodeNeighbour(graph_.CodeOf(row), graph_.FactorsOf(row)->step, graph_.CodeOf(to),
                            graph_.FactorsOf(to)->step, geometry_.coded, geometry_.bits, scratch_,
                            arrays.codes + i * geometry_.code_bytes);
        arrays.ids[i] = ids_[to];
        arrays.f_add[i] = factors.f_add;
        arrays.f_mul[i] = factors.f_mul;
        arrays.tag[i] = static_cast<uint8_t>((generations_[to] & kGenerationMask) |
                                             (graph_.AnchorOf(to) == row ? kAnchorTag : 0));
    }
    node.header()->degree = static_cast<uint16_t>(degree);
}

NodeView
BulkMerge::ImageOf(NodeEditor *editor, uint32_t row, uint64 births)
{
    NodeView node = JoiningNode(editor, items_[row - kept_], graph_.CodeOf(row));
    node.header()->generation = generations_[row];
    node.header()->birth = births + graph_.BirthOf(row) - kept_;
    PutList(node, row);
    return node;
}

// Writes the new nodes of a page, joining. WAL: one record.
void
BulkMerge::WriteNodesOf(const NodesOfPage &nodes, uint64 births)
{
    MemoryContext old = MemoryContextSwitchTo(row_context_);
    NodeEditor editor(index_, PoolOf(row_context_));
    List<NodeView> images(PoolOf(row_context_));
    for (uint32_t i = 0; i < nodes.count; ++i)
        images.push_back(ImageOf(&editor, order_[nodes.first + i], births));

    WalRecord record(index_);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page;
    if (nodes.fresh) {
        Buffer buffer = ReadLinked(index_, nodes.block);
        LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
        page = record.AddLocked(buffer, true);
        if (!PageIsFree(page))
            RaiseDamaged(index_, nodes.block, PageFault::kWrongKind);
        StartNodePage(meta, geometry_, page, nodes.block);
    } else {
        page = record.Add(nodes.block);
        RequireKind(index_, nodes.block, page, PageKind::kNode);
    }
    for (uint32_t i = 0; i < nodes.count; ++i) {
        uint32_t id = ids_[order_[nodes.first + i]];
        NodeView target = NodeAt(page, geometry_, NodeSlot(geometry_, id));
        if (target.header()->state != static_cast<uint8_t>(NodeState::kFree))
            RaiseDamaged(index_, nodes.block, PageFault::kBadState);
        memcpy(target.base, images[i].base, geometry_.slot_bytes);
    }
    meta->free_slots -= nodes.count;
    meta->joining_nodes += nodes.count;
    bool has_room = false;
    for (uint32_t slot = 0; slot < geometry_.slots_per_page; ++slot)
        has_room = has_room || NodeAt(page, geometry_, slot).header()->state ==
                                   static_cast<uint8_t>(NodeState::kFree);
    if (has_room && nodes.fresh)
        partial_ = nodes.block;
    if (!has_room) { // it is the first of its list, or the next after a new one
        uint32_t *link = &meta->node_room_head;
        if (*link != nodes.block && partial_ != kNoBlock)
            link = &TrailerOf(record.Add(partial_), BLCKSZ)->next;
        if (*link != nodes.block)
            RaiseDamaged(index_, nodes.block, PageFault::kBadLink);
        UnlistRoom(link, page);
    }
    record.Finish();
    OMENDB_FAILURE_POINT("bulk merge: nodes written");
    MemoryContextSwitchTo(old);
    MemoryContextReset(row_context_);
}

// New nodes, joining, with their lists as they are to be: nothing leads to them yet.
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
    // Fresh pages first: a scan that has waited since before a VACUUM may come to a slot that was freed, and from the
    // node that is there now go on to any other.
    for (bool fresh : {true, false})
        for (const NodesOfPage &page : pages_) {
            VacuumDelay();
            if (page.fresh == fresh)
                WriteNodesOf(page, births);
        }
}

// The lists of old nodes as they are to be, page by page.
void
BulkMerge::WriteLists()
{
    SetBulkMerge(index_, BulkMergeState::kLinking);
    auto *by_id = pool_.NewArray<uint32_t>(kept_);
    for (uint32_t row = 0; row < kept_; ++row)
        by_id[row] = row;
    std::sort(by_id, by_id + kept_, [this](uint32_t a, uint32_t b) { return ids_[a] < ids_[b]; });
    for (uint32_t i = 0; i < kept_;) {
        VacuumDelay();
        BlockNumber block = NodeBlock(geometry_, ids_[by_id[i]]);
        WalRecord record(index_);
        char *page = record.Add(block);
        RequireKind(index_, block, page, PageKind::kNode);
        for (; i < kept_ && NodeBlock(geometry_, ids_[by_id[i]]) == block; ++i)
            PutList(NodeAt(page, geometry_, NodeSlot(geometry_, ids_[by_id[i]])), by_id[i]);
        record.Finish();
        OMENDB_FAILURE_POINT("bulk merge: lists written");
    }
}

// Lends an editor whose memory goes afterwards.
template <class Use>
void
BulkMerge::WithEditor(Use use)
{
    VacuumDelay();
    MemoryContext old = MemoryContextSwitchTo(row_context_);
    NodeEditor editor(index_, PoolOf(row_context_));
    use(&editor);
    MemoryContextSwitchTo(old);
    MemoryContextReset(row_context_);
}

void
BulkMerge::WriteEntries()
{
    for (uint32_t row : graph_.entries())
        if (IsNew(row))
            WithEditor([&](NodeEditor *editor) { editor->AddEntry(editor->Read(ids_[row])); });
}

// LOCKS: meta, then the page, exclusively. WAL: one record a page.
void
BulkMerge::MakeNodesLive()
{
    for (const NodesOfPage &nodes : pages_) {
        VacuumDelay();
        WalRecord record(index_);
        MetaPage *meta = MetaOf(record.Add(0));
        char *page = record.Add(nodes.block);
        RequireKind(index_, nodes.block, page, PageKind::kNode);
        for (uint32_t i = nodes.first; i < nodes.first + nodes.count; ++i) {
            uint32_t row = order_[i];
            NodeHeader *header = NodeAt(page, geometry_, NodeSlot(geometry_, ids_[row])).header();
            header->state = static_cast<uint8_t>(NodeState::kLive);
            header->inline_tids = 1;
            header->tids[0] = items_[row - kept_].tid;
        }
        meta->joining_nodes -= nodes.count;
        meta->live_nodes += nodes.count;
        record.Finish();
        OMENDB_FAILURE_POINT("bulk merge: nodes live");
    }
}

void
BulkMerge::RemoveRows()
{
    ChangeRows(
        [](DeltaItem *item, uint32_t) { item->state = static_cast<uint8_t>(DeltaState::kEmpty); });
    SetBulkMerge(index_, BulkMergeState::kNone);
}

// Rows whose code a node has join it.
void
BulkMerge::JoinTwins()
{
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

} // namespace omendb
