#include "join.h"

#include "cold.h"
#include "omendb/graph/entries.h"
#include "omendb/graph/search.h"
#include "omendb/pg/failure_points.h"
#include "omendb/simd/kernels.h"
#include "page_storage.h"

namespace omendb {

namespace {

// Pool of the search for a new row's neighbours: 128 measured .979 recall at pool 128 against .975 with 64
// (DESIGN.md section 14).
constexpr size_t kJoinWidth = 128;

// Copies every node that the search expands.
struct JoinVisitor {
    NodeEditor *editor;
    List<NodeCopy> nodes;
    List<float> distances;

    void OnNode(uint32_t id, ConstNodeView node, float distance_squared)
    {
        size_t bytes = editor->geometry().slot_bytes;
        char *slot = editor->pool().NewArray<char>(bytes);
        memcpy(slot, node.base, bytes);
        nodes.push_back(editor->Describe(id, slot));
        distances.push_back(distance_squared);
    }
};

float *
Decode(Pool pool, const int8_t *own, float step, size_t coded)
{
    float *query = pool.NewArray<float>(coded);
    for (size_t i = 0; i < coded; ++i)
        query[i] = step * own[i];
    return query;
}

bool
IsTwin(const NodeEditor &editor, const NodeCopy &node, const DeltaItem &item, const int8_t *own)
{
    const NodeHeader *header = node.view.header();
    if (header->step != item.step || header->error != item.error ||
        header->norm_squared != item.norm_squared || header->mean_dot != item.mean_dot ||
        memcmp(node.view.own(), own, editor.geometry().coded) != 0)
        return false;
    if (editor.geometry().cold_bytes == 0)
        return true;
    const Geometry &geometry = editor.geometry();
    int8_t *mine = editor.pool().NewArray<int8_t>(geometry.cold_bytes);
    int8_t *its = editor.pool().NewArray<int8_t>(geometry.cold_bytes);
    ReadCold(editor.index(), geometry, {item.cold_block, item.cold_slot}, mine);
    ReadCold(editor.index(), geometry, {header->cold_block, header->cold_slot}, its);
    return memcmp(mine, its, geometry.cold_bytes) == 0;
}

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
        page = record->Add(block);
        RequireKind(index, block, page, PageKind::kNode);
    } else {
        Buffer buffer = NewPage(index);
        block = BufferGetBlockNumber(buffer);
        if (block >= kMaxNodes / geometry.slots_per_page)
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("index \"%s\" has reached its limit of %u node slots",
                                   RelationGetRelationName(index), kMaxNodes)));
        page = record->AddLocked(buffer, true);
        InitPage(page, PageKind::kNode);
        TrailerOf(page, BLCKSZ)->flags = kListed;
        meta->node_room_head = block;
        meta->free_slots += geometry.slots_per_page;
        ++meta->node_pages;
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
    if (free_slots == 1) {
        Trailer *trailer = TrailerOf(page, BLCKSZ);
        meta->node_room_head = trailer->next;
        trailer->next = kNoBlock;
        trailer->flags = 0;
    }
    --meta->free_slots;
    return {page, NodeId(geometry, block, found)};
}

// Registers the delta page of an item.
DeltaItem *
AddItem(NodeEditor *editor, WalRecord *record, DeltaPlace place)
{
    char *page = record->Add(place.block);
    RequireKind(editor->index(), place.block, page, PageKind::kDelta);
    return &DeltaOf(page, editor->geometry()).items()[place.at];
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
    DeltaItem *item = AddItem(editor, record, place);
    char *page = record->Add(NodeBlock(geometry, id));
    return {meta, item, NodeAt(page, geometry, NodeSlot(geometry, id)).header()};
}

// As many entries as a build would choose, grown with the graph.
bool
WantsEntry(const MetaPage &meta)
{
    return meta.entries < WantedEntries(static_cast<double>(meta.live_nodes));
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

uint32_t
WriteJoining(NodeEditor *editor, DeltaPlace place, NodeView node, const uint64_t *birth)
{
    const Geometry &geometry = editor->geometry();
    NodeHeader *header = node.header();
    WalRecord record(editor->index());
    MetaPage *meta = MetaOf(record.Add(0));
    DeltaItem *noted = AddItem(editor, &record, place);
    FreeSlot free_slot = TakeSlot(editor, &record, meta);
    NodeView target = NodeAt(free_slot.page, geometry, NodeSlot(geometry, free_slot.id));
    header->generation = target.header()->generation;
    header->birth = birth != nullptr ? *birth : meta->next_birth++;
    memcpy(target.base, node.base, geometry.slot_bytes);
    ++meta->joining_nodes;
    noted->state = static_cast<uint8_t>(DeltaState::kMerging);
    noted->node = free_slot.id;
    record.Finish();
    OMENDB_FAILURE_POINT("join: node written");
    return free_slot.id;
}

void
MakeLive(NodeEditor *editor, DeltaPlace place, uint32_t id)
{
    WalRecord record(editor->index());
    RowMove move = BeginMove(editor, &record, place, id);
    move.header->state = static_cast<uint8_t>(NodeState::kLive);
    move.header->inline_tids = 1;
    move.header->tids[0] = move.item->tid;
    --move.meta->joining_nodes;
    ++move.meta->live_nodes;
    move.item->state = static_cast<uint8_t>(DeltaState::kEmpty);
    record.Finish();
    OMENDB_FAILURE_POINT("join: row done");
}

void
FinishRow(NodeEditor *editor, DeltaPlace place, uint32_t id)
{
    const Geometry &geometry = editor->geometry();
    NodeCopy node = editor->Read(id);
    if (node.view.header()->state != static_cast<uint8_t>(NodeState::kJoining))
        RaiseDamaged(editor->index(), NodeBlock(geometry, id), PageFault::kBadState);
    auto arrays = node.view.neighbours();
    uint32_t degree = node.view.header()->degree;
    bool is_entry = (node.view.header()->flags & kNodeIsEntry) != 0;

    // Neighbours stand nearest first. The anchor is the nearest that can hold one; an earlier attempt may
    // have set it already.
    uint32_t anchor = kNoNode;
    for (uint32_t i = 0; i < degree; ++i) {
        NodeCopy from = editor->Read(arrays.ids[i]);
        bool anchored = false;
        if (NodeEditor::HasEdge(from, id, &anchored) && anchored)
            anchor = arrays.ids[i];
    }
    bool may_anchor = anchor == kNoNode && !is_entry && !WantsEntry(ReadMeta(editor->index()));
    for (uint32_t i = 0; i < degree; ++i) {
        CHECK_FOR_INTERRUPTS();
        NodeCopy from = editor->Read(arrays.ids[i]);
        bool anchored = false;
        bool has = NodeEditor::HasEdge(from, id, &anchored);
        bool here = may_anchor && anchor == kNoNode && editor->MayAnchor(from) &&
                    from.view.header()->birth < node.view.header()->birth &&
                    from.view.header()->state == static_cast<uint8_t>(NodeState::kLive);
        if (!has)
            editor->AddEdge(arrays.ids[i], node, here);
        else if (here)
            editor->AnchorEdge(arrays.ids[i], id);
        if (here)
            anchor = arrays.ids[i];
    }
    if (anchor == kNoNode && !is_entry)
        editor->AddEntry(node);
    MakeLive(editor, place, id);
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
        if (record.Holds(header->segment_block))
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
        InitPage(page, PageKind::kTids);
        TrailerOf(page, BLCKSZ)->flags = kListed;
        for (uint32_t i = 0; i < geometry.segment_capacity; ++i)
            SegmentsOf(page)[i].owner = kNoNode;
        move.meta->tids_room_head = block;
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
    if (free_segments == 1) {
        Trailer *trailer = TrailerOf(page, BLCKSZ);
        move.meta->tids_room_head = trailer->next;
        trailer->next = kNoBlock;
        trailer->flags = 0;
    }
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

void
JoinRow(NodeEditor *editor, const MetaPage &meta, DeltaPlace place, const DeltaItem &item,
        const int8_t *own)
{
    Pool pool = editor->pool();
    const Geometry &geometry = editor->geometry();
    float *query = Decode(pool, own, item.step, geometry.coded);
    JoinVisitor visitor = {editor, List<NodeCopy>(pool), List<float>(pool)};
    PageStorage<JoinVisitor> storage(editor->index(), pool, query, &visitor);
    CandidatePool candidates(pool, kJoinWidth);
    storage.OfferEntries(meta.entry_head, candidates);
    SearchGraph(storage, candidates);

    auto *found = pool.NewArray<PruneCandidate>(visitor.nodes.size());
    size_t count = 0;
    for (size_t i = 0; i < visitor.nodes.size(); ++i) {
        const NodeCopy &node = visitor.nodes[i];
        uint8_t state = node.view.header()->state;
        // Never a dead twin: a vacuum that was cut off may have unlinked it, all but freed.
        if (state == static_cast<uint8_t>(NodeState::kLive) && IsTwin(*editor, node, item, own)) {
            // Which cold record is whose stays as it was; the row's own goes after it is no longer named.
            AddTid(editor, node.id, item.tid, place);
            FreeCold(editor->index(), geometry, {item.cold_block, item.cold_slot});
            return;
        }
        if (state == static_cast<uint8_t>(NodeState::kLive))
            found[count++] = {visitor.distances[i], node.id, static_cast<uint32_t>(i), false};
    }
    size_t chosen = PruneNeighbours(
        found, count, geometry.degree, [&](const PruneCandidate &a, const PruneCandidate &b) {
            return editor->Distance(visitor.nodes[a.payload], visitor.nodes[b.payload]);
        });
    NodeView node = JoiningNode(editor, item, own);
    for (size_t i = 0; i < chosen; ++i)
        editor->Encode(node, static_cast<uint32_t>(i), visitor.nodes[found[i].payload], false);
    node.header()->degree = static_cast<uint16_t>(chosen);
    FinishRow(editor, place, WriteJoining(editor, place, node, nullptr));
}

} // namespace omendb
