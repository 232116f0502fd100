// ambulkdelete and amvacuumcleanup (DESIGN.md section 8). Both hold the merge right throughout.
#include "vacuum.h"

#include "callbacks.h"
#include "cold.h"
#include "merge.h"
#include "node_edit.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "room_list.h"

extern "C" {
#include <commands/vacuum.h>
#include <miscadmin.h>
#include <storage/indexfsm.h>
}

namespace omendb {

namespace {

struct Sweeper {
    Relation index;
    Geometry geometry;
    IndexBulkDeleteCallback callback;
    void *callback_state;
    IndexBulkDeleteResult *stats;
    char *page; // copy of the page at hand

    // Counts the TID; true if its heap row is dead.
    bool IsDead(const HeapTid &tid)
    {
        ItemPointerData pointer = ToItemPointer(tid);
        if (callback(&pointer, callback_state)) {
            stats->tuples_removed += 1;
            return true;
        }
        stats->num_index_tuples += 1;
        return false;
    }
};

// Drops dead TIDs from an array, keeping order. Returns how many are left.
uint8_t
KeepLive(Sweeper *sweeper, HeapTid *tids, uint8_t count)
{
    uint8_t kept = 0;
    for (uint8_t i = 0; i < count; ++i)
        if (!sweeper->IsDead(tids[i]))
            tids[kept++] = tids[i];
    return kept;
}

// LOCKS: the delta page exclusively when it has dead rows. WAL: one record; cold records after it.
void
SweepDelta(Sweeper *sweeper, BlockNumber block)
{
    auto view = DeltaOf(static_cast<const char *>(sweeper->page), sweeper->geometry);
    uint64_t sequence = TrailerOf(sweeper->page, BLCKSZ)->sequence;
    uint32_t used = Min(view.header()->used, sweeper->geometry.delta_capacity);
    auto *dead = static_cast<uint32_t *>(palloc(used * sizeof(uint32_t)));
    uint32_t count = 0;
    for (uint32_t i = 0; i < used; ++i)
        if (view.items()[i].state == static_cast<uint8_t>(DeltaState::kPresent) &&
            sweeper->IsDead(view.items()[i].tid))
            dead[count++] = i;
    if (count > 0) {
        WalRecord record(sweeper->index);
        char *page = record.Add(block);
        RequireKind(sweeper->index, block, page, PageKind::kDelta);
        if (TrailerOf(page, BLCKSZ)->sequence != sequence)
            RaiseDamaged(sweeper->index, block, PageFault::kWrongKind);
        DeltaItem *items = DeltaOf(page, sweeper->geometry).items();
        for (uint32_t i = 0; i < count; ++i)
            items[dead[i]].state = static_cast<uint8_t>(DeltaState::kEmpty);
        record.Finish();
        OMENDB_FAILURE_POINT("vacuum: delta swept");
        for (uint32_t i = 0; i < count; ++i) {
            const DeltaItem &item = view.items()[dead[i]];
            FreeCold(sweeper->index, sweeper->geometry, {item.cold_block, item.cold_slot});
        }
    }
    pfree(dead);
}

// Where a link to a segment stands: in its node, or in the segment before it.
struct ChainLink {
    BlockNumber block;
    uint16_t slot;
    bool in_node;
};

// Takes an empty segment out of its chain and frees it. WAL: one record of meta, the page with the link and
// the segment's.
void
UnlinkSegment(Sweeper *sweeper, ChainLink link, BlockNumber block, uint16_t slot)
{
    WalRecord record(sweeper->index);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page = record.Add(block);
    TidSegment *segment = SegmentsOf(page) + slot;
    if (link.in_node) {
        NodeHeader *header = NodeAt(record.Add(link.block), sweeper->geometry, link.slot).header();
        header->segment_block = segment->next_block;
        header->segment_slot = segment->next_slot;
    } else {
        TidSegment *before =
            SegmentsOf(link.block == block ? page : record.Add(link.block)) + link.slot;
        before->next_block = segment->next_block;
        before->next_slot = segment->next_slot;
    }
    *segment = {};
    segment->owner = kNoNode;
    ListRoom(&meta->tids_room_head, page, block);
    record.Finish();
    OMENDB_FAILURE_POINT("vacuum: segment unlinked");
}

// Sweeps a node's chain. Returns whether any TID is left in it.
bool
SweepChain(Sweeper *sweeper, ChainLink link, BlockNumber block, uint16_t slot)
{
    bool any = false;
    uint32_t owner = NodeId(sweeper->geometry, link.block, link.slot);
    uint64_t number = uint64_t{1} << 32; // they fall along the chain
    while (block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        TidSegment segment = {};
        WithSharedPage(sweeper->index, block, [&](const char *page) {
            RequireKind(sweeper->index, block, page, PageKind::kTids);
            if (slot >= sweeper->geometry.segment_capacity ||
                SegmentsOf(page)[slot].count > kTidsPerSegment)
                RaiseDamaged(sweeper->index, block, PageFault::kBadCount);
            segment = SegmentsOf(page)[slot];
        });
        if (segment.owner != owner || segment.number >= number)
            RaiseDamaged(sweeper->index, block, PageFault::kBadLink);
        number = segment.number;
        uint8_t before = segment.count;
        segment.count = KeepLive(sweeper, segment.tids, segment.count);
        if (segment.count == 0) {
            UnlinkSegment(sweeper, link, block, slot);
        } else {
            any = true;
            if (segment.count < before) {
                WalRecord record(sweeper->index);
                SegmentsOf(record.Add(block))[slot] = segment;
                record.Finish();
                OMENDB_FAILURE_POINT("vacuum: segment swept");
            }
            link = {block, slot, false};
        }
        block = segment.next_block;
        slot = segment.next_slot;
    }
    return any;
}

// Drops a node's dead TIDs, in the copy of its page; those of its chain in their pages. Returns whether the node changes.
bool
SweepNode(Sweeper *sweeper, BlockNumber block, uint32_t slot)
{
    NodeHeader *header = NodeAt(sweeper->page, sweeper->geometry, slot).header();
    if (header->state != static_cast<uint8_t>(NodeState::kLive))
        return false;
    uint8_t before = header->inline_tids;
    if (before > kInlineTids)
        RaiseDamaged(sweeper->index, block, PageFault::kBadCount);
    header->inline_tids = KeepLive(sweeper, header->tids, before);
    bool more = SweepChain(sweeper, {block, static_cast<uint16_t>(slot), true},
                           header->segment_block, header->segment_slot);
    if (header->inline_tids == 0 && !more)
        header->state = static_cast<uint8_t>(NodeState::kDead);
    return header->inline_tids < before || header->state == static_cast<uint8_t>(NodeState::kDead);
}

// LOCKS: meta, then the page, exclusively, when something changes. WAL: one record.
void
SweepNodes(Sweeper *sweeper, BlockNumber block)
{
    const Geometry &geometry = sweeper->geometry;
    auto *changed = static_cast<uint32_t *>(palloc(geometry.slots_per_page * sizeof(uint32_t)));
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot)
        if (SweepNode(sweeper, block, slot))
            changed[count++] = slot;
    if (count > 0) {
        WalRecord record(sweeper->index);
        MetaPage *meta = MetaOf(record.Add(0));
        char *page = record.Add(block);
        RequireKind(sweeper->index, block, page, PageKind::kNode);
        for (uint32_t i = 0; i < count; ++i) {
            const NodeHeader *swept = NodeAt(sweeper->page, geometry, changed[i]).header();
            NodeHeader *target = NodeAt(page, geometry, changed[i]).header();
            target->inline_tids = swept->inline_tids;
            memcpy(target->tids, swept->tids, sizeof(swept->tids));
            if (swept->state == static_cast<uint8_t>(NodeState::kDead)) {
                target->state = swept->state;
                --meta->live_nodes;
                ++meta->dead_nodes;
            }
        }
        record.Finish();
        OMENDB_FAILURE_POINT("vacuum: nodes swept");
    }
    pfree(changed);
}

} // namespace

IndexBulkDeleteResult *
BulkDelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats, IndexBulkDeleteCallback callback,
           void *callback_state)
{
    if (stats == nullptr)
        stats = static_cast<IndexBulkDeleteResult *>(palloc0(sizeof(IndexBulkDeleteResult)));
    stats->estimated_count = false;
    stats->num_index_tuples = 0;

    Relation index = info->index;
    LockMerging(index);
    FinishJoining(index);
    Sweeper sweeper = {index, GetIndexState(index)->geometry,     callback, callback_state,
                       stats, static_cast<char *>(palloc(BLCKSZ))};
    // The delta first: a row is in it, or, if a merge could not wait, already in the graph; none can move
    // while this holds the merge right. Rows inserted from now on are not dead.
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    for (BlockNumber block = 1; block < blocks; ++block) {
        VacuumDelay();
        bool skip = false;
        WithSharedPage(index, block, [&](const char *page) {
            skip = PageIsNew(const_cast<char *>(page));
            memcpy(sweeper.page, page, BLCKSZ);
        });
        if (skip)
            continue;
        const Trailer *trailer = TrailerOf(sweeper.page, BLCKSZ);
        if (trailer->page_id != kPageId)
            RaiseDamaged(index, block, PageFault::kNotOurs);
        if (trailer->kind == static_cast<uint8_t>(PageKind::kDelta))
            SweepDelta(&sweeper, block);
        else if (trailer->kind == static_cast<uint8_t>(PageKind::kNode))
            SweepNodes(&sweeper, block);
    }
    pfree(sweeper.page);
    UnlockMerging(index);
    return stats;
}

// Tells the free space map of every page that nobody uses.
static void
NoteFreePages(Relation index, IndexBulkDeleteResult *stats)
{
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    BlockNumber free_pages = 0;
    for (BlockNumber block = 1; block < blocks; ++block) {
        VacuumDelay();
        free_pages += RecordIfFree(index, block);
    }
    stats->pages_free = free_pages;
    IndexFreeSpaceMapVacuum(index);
}

IndexBulkDeleteResult *
VacuumCleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
    if (info->analyze_only)
        return stats;
    Relation index = info->index;
    bool deleted = stats != nullptr;
    if (!deleted) {
        stats = static_cast<IndexBulkDeleteResult *>(palloc0(sizeof(IndexBulkDeleteResult)));
        stats->num_index_tuples = info->num_heap_tuples;
        stats->estimated_count = info->estimated_count;
    }
    LockMerging(index);
    FinishJoining(index);
    if (ReadMeta(index).dead_nodes > 0)
        RemoveDeadNodes(index);
    MergeAll(index); // into the slots that are free now
    if (deleted)
        NoteFreePages(index, stats);
    UnlockMerging(index);
    stats->num_pages = RelationGetNumberOfBlocks(index);
    return stats;
}

} // namespace omendb
