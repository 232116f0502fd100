// A merge by building that was cut off while it wrote its nodes: nothing leads to them yet, so they go, and their rows
// are the delta's as before.
#include <algorithm>

#include "bulk_merge.h"
#include "bulk_merge_state.h"
#include "delta.h"
#include "omendb/pg/memory.h"
#include "row_states.h"
#include "vacuum.h"

namespace omendb {

namespace {

struct Begun {
    DeltaPlace place;
    uint32_t node;
};

List<Begun>
FindBegun(Relation index, const Geometry &geometry, Pool pool)
{
    List<Begun> begun(pool);
    WalkDelta(index, geometry, ReadMeta(index),
              [&](BlockNumber block, uint64, ConstDeltaView view) {
                  for (uint32_t at = 0; at < view.header()->used; ++at)
                      if (view.items()[at].state == static_cast<uint8_t>(DeltaState::kMerging))
                          begun.push_back({{block, at}, view.items()[at].node});
              });
    return begun;
}

// Whether a page holds nodes. It may be any other, or none: new when the merge was cut off, and taken since.
bool
IsNodePage(Relation index, BlockNumber block)
{
    return block < RelationGetNumberOfBlocks(index) &&
           WithSharedPage(index, block, [](const char *page) {
               return !PageIsNew(const_cast<char *>(page)) &&
                      CheckKind(page, BLCKSZ, PageKind::kNode) == PageFault::kNone;
           });
}

void
NoteIfFree(Relation index, BlockNumber block)
{
    if (block < RelationGetNumberOfBlocks(index) &&
        WithSharedPage(index, block, [](const char *page) {
            return PageIsNew(const_cast<char *>(page)) ||
                   CheckKind(page, BLCKSZ, PageKind::kFree) == PageFault::kNone;
        }))
        RecordFreePage(index, block);
}

// Frees those of these nodes, all of one page, that were written. Their cold records are their rows'.
// LOCKS: meta, then the page, exclusively. WAL: one record.
void
FreeJoining(Relation index, const Geometry &geometry, const Begun *nodes, size_t count)
{
    BlockNumber block = NodeBlock(geometry, nodes[0].node);
    if (!IsNodePage(index, block)) {
        NoteIfFree(index, block);
        return;
    }
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page = record.Add(block);
    bool any = false;
    for (size_t i = 0; i < count; ++i) {
        const NodeHeader *header =
            NodeAt(page, geometry, NodeSlot(geometry, nodes[i].node)).header();
        if (header->state != static_cast<uint8_t>(NodeState::kJoining))
            continue;
        ClearSlot(geometry, meta, page, nodes[i].node);
        --meta->joining_nodes;
        any = true;
    }
    if (!any) {
        record.Abandon();
        return;
    }
    record.Finish();
}

// LOCKS: the delta page, exclusively. WAL: one record.
void
GiveBackRows(Relation index, const Geometry &geometry, const Begun *rows, size_t count)
{
    BlockNumber block = rows[0].place.block;
    WalRecord record(index);
    char *page = record.Add(block);
    RequireKind(index, block, page, PageKind::kDelta);
    for (size_t i = 0; i < count; ++i) {
        DeltaItem *item = &DeltaOf(page, geometry).items()[rows[i].place.at];
        item->state = static_cast<uint8_t>(DeltaState::kPresent);
        item->node = kNoNode;
    }
    record.Finish();
}

// Calls use(first, count) for runs with the same key.
template <class Key, class Use>
void
ForRuns(const List<Begun> &begun, Key key, Use use)
{
    for (size_t i = 0; i < begun.size();) {
        VacuumDelay();
        size_t end = i + 1;
        while (end < begun.size() && key(begun[end]) == key(begun[i]))
            ++end;
        use(&begun[i], end - i);
        i = end;
    }
}

} // namespace

void
UndoBulkMerge(Relation index)
{
    Geometry geometry = GetIndexState(index)->geometry;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb undo", ALLOCSET_DEFAULT_SIZES);
    List<Begun> begun = FindBegun(index, geometry, PoolOf(context));
    List<Begun> by_node(PoolOf(context));
    for (const Begun &row : begun)
        by_node.push_back(row);
    std::sort(by_node.begin(), by_node.end(),
              [](const Begun &a, const Begun &b) { return a.node < b.node; });
    ForRuns(
        by_node, [&](const Begun &row) { return NodeBlock(geometry, row.node); },
        [&](const Begun *rows, size_t count) { FreeJoining(index, geometry, rows, count); });
    ForRuns(
        begun, [](const Begun &row) { return row.place.block; },
        [&](const Begun *rows, size_t count) { GiveBackRows(index, geometry, rows, count); });
    SetBulkMerge(index, BulkMergeState::kNone);
    MemoryContextDelete(context);
}

} // namespace omendb
