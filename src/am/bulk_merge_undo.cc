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

// Frees those of these nodes, all of one page, that were written. Their cold records are their rows'.
// LOCKS: meta, then the page, exclusively. WAL: one record.
void
FreeJoining(Relation index, const Geometry &geometry, const Begun *nodes, size_t count)
{
    BlockNumber block = NodeBlock(geometry, nodes[0].node);
    if (!IsNodePage(index, block)) {
        if (block < RelationGetNumberOfBlocks(index))
            RecordIfFree(index, block);
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
    for (size_t i = 0; i < by_node.size();) {
        VacuumDelay();
        size_t first = i;
        while (i < by_node.size() &&
               NodeBlock(geometry, by_node[i].node) == NodeBlock(geometry, by_node[first].node))
            ++i;
        FreeJoining(index, geometry, &by_node[first], i - first);
    }
    ChangeItems(
        index, geometry, 0, begun.size(), [&](size_t i) { return begun[i].place; },
        [](DeltaItem *item, size_t) {
            item->state = static_cast<uint8_t>(DeltaState::kPresent);
            item->node = kNoNode;
            return true;
        });
    SetBulkMerge(index, BulkMergeState::kNone);
    MemoryContextDelete(context);
}

} // namespace omendb
