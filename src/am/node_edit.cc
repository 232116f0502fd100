#include "node_edit.h"

#include "omendb/codec/neighbour_code.h"
#include "omendb/codec/own_code.h"
#include "omendb/pg/failure_points.h"
#include "omendb/simd/kernels.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

NodeEditor::NodeEditor(Relation index, Pool pool) : index_(index), pool_(pool)
{
    geometry_ = pool.NewArray<Geometry>(1);
    *geometry_ = GetIndexState(index)->geometry;
    scratch_ = pool.NewArray<float>(geometry_->coded);
    origin_ = pool.NewZeroedArray<int8_t>(geometry_->coded);
}

NodeCopy
NodeEditor::Describe(uint32_t id, const char *slot)
{
    NodeCopy copy = {id, {slot, geometry_}, 0, 0};
    const NodeHeader *header = copy.view.header();
    const uint8_t *tags = copy.view.neighbours().tag;
    for (uint32_t i = 0; i < Min(header->degree, geometry_->degree); ++i)
        copy.anchored_edges += (tags[i] & kAnchorTag) != 0;
    copy.coded_norm_squared = header->norm_squared;
    if (geometry_->cold_bytes > 0)
        copy.coded_norm_squared = header->step * header->step *
                                  static_cast<float>(kernels->dot_int8(
                                      copy.view.own(), copy.view.own(), geometry_->coded));
    return copy;
}

NodeCopy
NodeEditor::Read(uint32_t id)
{
    return ReadInto(id, pool_.NewArray<char>(geometry_->slot_bytes));
}

NodeCopy
NodeEditor::ReadInto(uint32_t id, char *slot)
{
    BlockNumber block = NodeBlock(*geometry_, id);
    WithSharedPage(index_, block, [&](const char *page) {
        RequireKind(index_, block, page, PageKind::kNode);
        ConstNodeView node = NodeAt(page, *geometry_, NodeSlot(*geometry_, id));
        if (node.header()->degree > geometry_->degree)
            RaiseDamaged(index_, block, PageFault::kBadCount);
        memcpy(slot, node.base, geometry_->slot_bytes);
    });
    return Describe(id, slot);
}

float
NodeEditor::Distance(const NodeCopy &a, const NodeCopy &b) const
{
    return CodeDistanceSquared(a.view.own(), a.view.header()->step, a.coded_norm_squared,
                               b.view.own(), b.view.header()->step, b.coded_norm_squared,
                               geometry_->coded);
}

void
NodeEditor::Encode(NodeView from, uint32_t at, const NodeCopy &to, bool anchored)
{
    auto arrays = from.neighbours();
    NeighbourFactors factors = EncodeNeighbour(
        from.own(), from.header()->step, to.view.own(), to.view.header()->step, geometry_->coded,
        geometry_->bits, scratch_, arrays.codes + at * geometry_->code_bytes);
    arrays.ids[at] = to.id;
    arrays.f_add[at] = factors.f_add;
    arrays.f_mul[at] = factors.f_mul;
    arrays.tag[at] = static_cast<uint8_t>((to.view.header()->generation & kGenerationMask) |
                                          (anchored ? kAnchorTag : 0));
}

bool
NodeEditor::HasEdge(const NodeCopy &from, uint32_t to, bool *anchored)
{
    auto arrays = from.view.neighbours();
    for (uint32_t i = 0; i < from.view.header()->degree; ++i) {
        if (arrays.ids[i] == to) {
            *anchored = (arrays.tag[i] & kAnchorTag) != 0;
            return true;
        }
    }
    return false;
}

void
NodeEditor::AddEntry(const NodeCopy &node)
{
    // New entries go to the first page of the chain; a full one gets a new page before it.
    WalRecord record(index_);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page = nullptr;
    if (meta->entry_head != kNoBlock) {
        page = record.Add(meta->entry_head);
        RequireKind(index_, meta->entry_head, page, PageKind::kEntry);
        if (EntriesOf(page, *geometry_).header()->count >= geometry_->entry_capacity)
            page = nullptr;
    }
    if (page == nullptr) {
        Buffer buffer = NewPage(index_);
        page = record.AddLocked(buffer, true);
        InitPage(page, PageKind::kEntry);
        TrailerOf(page, BLCKSZ)->next = meta->entry_head;
        meta->entry_head = BufferGetBlockNumber(buffer);
    }
    auto view = EntriesOf(page, *geometry_);
    auto arrays = view.entries();
    uint32_t at = view.header()->count++;
    NeighbourFactors factors =
        EncodeNeighbour(origin_, 0, node.view.own(), node.view.header()->step, geometry_->coded,
                        geometry_->bits, scratch_, arrays.codes + at * geometry_->code_bytes);
    arrays.ids[at] = node.id;
    arrays.f_add[at] = factors.f_add;
    arrays.f_mul[at] = factors.f_mul;
    arrays.tag[at] = node.view.header()->generation & kGenerationMask;
    ++meta->entries;
    NodeView slot = NodeAt(record.Add(NodeBlock(*geometry_, node.id)), *geometry_,
                           NodeSlot(*geometry_, node.id));
    slot.header()->flags |= kNodeIsEntry;
    record.Finish();
    OMENDB_FAILURE_POINT("entry: added");
}

} // namespace omendb
