#include "row_states.h"

#include "omendb/pg/failure_points.h"
#include "room_list.h"
#include "vacuum.h"

namespace omendb {

namespace {

// Registers the page of a free slot: from the list of pages with room, or a new one.
struct FreeSlot {
    char *page;
    uint32_t id;
};

FreeSlot
TakeSlot(NodeEditor *editor, WalRecord *record, MetaPage *meta)
{
    const Geometry &geometry = editor->geometry();
    Relation index = editor->index();
    BlockNumber block = meta->node_room_head;
    char *page;
    if (block != kNoBlock) {
        page = record->Held(block);
        if (page == nullptr)
            page = record->Add(block);
        RequireKind(index, block, page, PageKind::kNode);
    } else {
        Buffer buffer = NewPage(index);
        block = BufferGetBlockNumber(buffer);
        RequireNodeNumbers(index, geometry, block);
        page = record->AddLocked(buffer, true);
        StartNodePage(meta, geometry, page, block);
    }
    uint32_t found = geometry.slots_per_page;
    uint32_t free_slots = 0;
    for (uint32_t slot = geometry.slots_per_page; slot-- > 0;) {
        if (NodeAt(page, geometry, slot).header()->state ==
            static_cast<uint8_t>(NodeState::kFree)) {
            found = slot;
            ++free_slots;
        }
    }
    if (free_slots == 0)
        RaiseDamaged(index, block, PageFault::kBadCount);
    if (free_slots == 1)
        UnlistRoom(&meta->node_room_head, page);
    --meta->free_slots;
    return {page, NodeId(geometry, block, found)};
}

// Registers a delta page. Returns its items.
DeltaItem *
AddItems(NodeEditor *editor, WalRecord *record, BlockNumber block)
{
    char *page = record->Add(block);
    RequireKind(editor->index(), block, page, PageKind::kDelta);
    return DeltaOf(page, editor->geometry()).items();
}

// Registers what a row's move from the delta to a node changes: meta, the delta page, the node page.
struct RowMove {
    MetaPage *meta;
    DeltaItem *item;
    NodeHeader *header;
};

RowMove
BeginMove(NodeEditor *editor, WalRecord *record, DeltaPlace place, uint32_t id)
{
    const Geometry &geometry = editor->geometry();
    MetaPage *meta = MetaOf(record->Add(0));
    DeltaItem *item = &AddItems(editor, record, place.block)[place.at];
    char *page = record->Add(NodeBlock(geometry, id));
    return {meta, item, NodeAt(page, geometry, NodeSlot(geometry, id)).header()};
}

} // namespace

NodeView
JoiningNode(NodeEditor *editor, const DeltaItem &item, const int8_t *own)
{
    const Geometry &geometry = editor->geometry();
    char *slot = editor->pool().NewZeroedArray<char>(geometry.slot_bytes);
    NodeView node = {slot, &geometry};
    NodeHeader *header = node.header();
    header->state = static_cast<uint8_t>(NodeState::kJoining);
    header->step = item.step;
    header->norm_squared = item.norm_squared;
    header->error = item.error;
    header->mean_dot = item.mean_dot;
    header->cold_block = item.cold_block;
    header->cold_slot = item.cold_slot;
    header->segment_block = kNoBlock;
    memcpy(node.own(), own, geometry.coded);
    return node;
}

// LOCKS: meta, the delta page, up to two node pages, exclusively. Returns how many rows the record holds.
static size_t
WriteSomeJoining(NodeEditor *editor, JoiningRow *rows, size_t count)
{
    const Geometry &geometry = editor->geometry();
    WalRecord record(editor->index());
    MetaPage *meta = MetaOf(record.Add(0));
    BlockNumber delta = rows[0].place.block;
    DeltaItem *items = AddItems(editor, &record, delta);
    size_t done = 0;
    for (; done < count && rows[done].place.block == delta; ++done) {
        BlockNumber room = meta->node_room_head;
        bool held = room != kNoBlock && record.Held(room) != nullptr;
        if (!held && !record.HasRoom())
            break;
        JoiningRow *row = &rows[done];
        NodeHeader *header = row->node.header();
        FreeSlot free_slot = TakeSlot(editor, &record, meta);
        NodeView target = NodeAt(free_slot.page, geometry, NodeSlot(geometry, free_slot.id));
        header->generation = target.header()->generation;
        header->birth = meta->next_birth++;
        memcpy(target.base, row->node.base, geometry.slot_bytes);
        ++meta->joining_nodes;
        row->id = free_slot.id;
        items[row->place.at].state = static_cast<uint8_t>(DeltaState::kMerging);
        items[row->place.at].node = free_slot.id;
    }
    record.Finish();
    OMENDB_FAILURE_POINT("join: nodes written");
    return done;
}

void
WriteJoining(NodeEditor *editor, JoiningRow *rows, size_t count)
{
    for (size_t i = 0; i < count;) {
        VacuumDelay();
        i += WriteSomeJoining(editor, rows + i, count - i);
    }
}

// LOCKS: as WriteSomeJoining.
static size_t
MakeSomeLive(NodeEditor *editor, const JoiningRow *rows, size_t count)
{
    const Geometry &geometry = editor->geometry();
    WalRecord record(editor->index());
    MetaPage *meta = MetaOf(record.Add(0));
    BlockNumber delta = rows[0].place.block;
    DeltaItem *items = AddItems(editor, &record, delta);
    size_t done = 0;
    for (; done < count && rows[done].place.block == delta; ++done) {
        BlockNumber block = NodeBlock(geometry, rows[done].id);
        char *page = record.Held(block);
        if (page == nullptr) {
            if (!record.HasRoom())
                break;
            page = record.Add(block);
            RequireKind(editor->index(), block, page, PageKind::kNode);
        }
        DeltaItem *item = &items[rows[done].place.at];
        NodeHeader *header = NodeAt(page, geometry, NodeSlot(geometry, rows[done].id)).header();
        header->state = static_cast<uint8_t>(NodeState::kLive);
        header->inline_tids = 1;
        header->tids[0] = item->tid;
        --meta->joining_nodes;
        ++meta->live_nodes;
        item->state = static_cast<uint8_t>(DeltaState::kEmpty);
    }
    record.Finish();
    OMENDB_FAILURE_POINT("join: rows done");
    return done;
}

void
MakeLive(NodeEditor *editor, const JoiningRow *rows, size_t count)
{
    for (size_t i = 0; i < count;) {
        VacuumDelay();
        i += MakeSomeLive(editor, rows + i, count - i);
    }
}

void
ClearSlot(const Geometry &geometry, MetaPage *meta, char *page, uint32_t id)
{
    NodeHeader *header = NodeAt(page, geometry, NodeSlot(geometry, id)).header();
    auto generation = static_cast<uint8_t>((header->generation + 1) & kGenerationMask);
    *header = {};
    header->generation = generation;
    header->cold_block = header->segment_block = kNoBlock;
    ++meta->free_slots;
    ListRoom(&meta->node_room_head, page, NodeBlock(geometry, id));
}

void
AddTid(NodeEditor *editor, uint32_t id, const HeapTid &tid, DeltaPlace place)
{
    const Geometry &geometry = editor->geometry();
    WalRecord record(editor->index());
    RowMove move = BeginMove(editor, &record, place, id);
    NodeHeader *header = move.header;
    move.item->state = static_cast<uint8_t>(DeltaState::kEmpty);
    if (header->inline_tids < kInlineTids) {
        header->tids[header->inline_tids++] = tid;
        record.Finish();
        OMENDB_FAILURE_POINT("join: TID added to node");
        return;
    }

    // The newest segment if it has room, else a new one before it.
    uint32_t number = 0;
    if (header->segment_block != kNoBlock) {
        bool has_room = false;
        if (record.Held(header->segment_block) != nullptr)
            RaiseDamaged(editor->index(), header->segment_block, PageFault::kBadLink);
        WithSharedPage(editor->index(), header->segment_block, [&](const char *page) {
            RequireKind(editor->index(), header->segment_block, page, PageKind::kTids);
            const TidSegment *segment = SegmentsOf(page) + header->segment_slot;
            if (header->segment_slot >= geometry.segment_capacity || segment->owner != id)
                RaiseDamaged(editor->index(), header->segment_block, PageFault::kBadLink);
            has_room = segment->count < kTidsPerSegment;
            number = segment->number + 1;
        });
        if (has_room) {
            TidSegment *segment =
                SegmentsOf(record.Add(header->segment_block)) + header->segment_slot;
            segment->tids[segment->count++] = tid;
            record.Finish();
            OMENDB_FAILURE_POINT("join: TID added to segment");
            return;
        }
    }
    BlockNumber block = move.meta->tids_room_head;
    char *page;
    if (block == kNoBlock) {
        Buffer buffer = NewPage(editor->index());
        block = BufferGetBlockNumber(buffer);
        page = record.AddLocked(buffer, true);
        StartRoom(&move.meta->tids_room_head, page, block, PageKind::kTids);
        for (uint32_t i = 0; i < geometry.segment_capacity; ++i)
            SegmentsOf(page)[i].owner = kNoNode;
    } else {
        page = record.Add(block);
        RequireKind(editor->index(), block, page, PageKind::kTids);
    }
    TidSegment *segments = SegmentsOf(page);
    uint32_t slot = geometry.segment_capacity;
    uint32_t free_segments = 0;
    for (uint32_t i = geometry.segment_capacity; i-- > 0;) {
        if (segments[i].owner == kNoNode) {
            slot = i;
            ++free_segments;
        }
    }
    if (free_segments == 0)
        RaiseDamaged(editor->index(), block, PageFault::kBadCount);
    if (free_segments == 1)
        UnlistRoom(&move.meta->tids_room_head, page);
    segments[slot] = {};
    segments[slot].owner = id;
    segments[slot].number = number;
    segments[slot].next_block = header->segment_block;
    segments[slot].next_slot = header->segment_slot;
    segments[slot].generation = header->generation;
    segments[slot].count = 1;
    segments[slot].tids[0] = tid;
    header->segment_block = block;
    header->segment_slot = static_cast<uint16_t>(slot);
    record.Finish();
    OMENDB_FAILURE_POINT("join: segment added");
}

} // namespace omendb
