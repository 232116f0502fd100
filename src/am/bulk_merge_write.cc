// What was linked, into the index's pages; src/am/README.md says what a crash after each record leaves.
#include <algorithm>

#include "bulk_merge_state.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/page_order.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "vacuum.h"

namespace omendb {

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
    VacuumDelay();
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
            JoiningRow joining = {places_[row - kept_], node, kNoNode};
            WriteJoining(editor, &joining, 1, &birth);
            ids_[row] = joining.id;
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
        VacuumDelay();
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
            JoiningRow row = {places_[order_[i] - kept_], {}, ids_[order_[i]]};
            MakeLive(editor, &row, 1);
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

} // namespace omendb
