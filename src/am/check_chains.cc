// N6: chains, lists of pages with room, records and counts.
#include <algorithm>

#include "check_state.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

// ---- the delta

// A row that a merge has begun with. Returns whose its heap TID and its cold record are: true, the item's still.
static bool
CheckBegunItem(Check *check, BlockNumber block, uint32_t at, const DeltaItem &item)
{
    if (check->NodeIs(item.node, NodeState::kJoining)) {
        if (++check->nodes[item.node].named > 1) {
            Report(check, block, "N2", "item %u names node %u as another item does", at, item.node);
            check->nodes[item.node].named = 1;
        }
        return true;
    }
    if (check->BulkMergeIs(BulkMergeState::kWriting))
        return true;
    if (check->BulkMergeIs(BulkMergeState::kLinking) && check->NodeIs(item.node, NodeState::kLive))
        return false;
    Report(check, block, "N2", "item %u is being merged as node %u, which is not joining", at,
           item.node);
    return true;
}

static void
CheckDeltaItems(Check *check, BlockNumber block, ConstDeltaView view)
{
    for (uint32_t i = 0; i < view.header()->used; ++i) {
        const DeltaItem &item = view.items()[i];
        if (item.state == static_cast<uint8_t>(DeltaState::kEmpty))
            continue;
        bool begun = item.state == static_cast<uint8_t>(DeltaState::kMerging);
        if (begun && !CheckBegunItem(check, block, i, item))
            continue;
        check->tids.push_back({TidKey(item.tid), block, static_cast<uint16_t>(i), true});
        // The record of a row with a joining node is that node's.
        bool has_node = begun && check->NodeIs(item.node, NodeState::kJoining);
        if (!has_node && item.cold_block != kNoBlock)
            check->cold_owners.push_back({item.cold_block, item.cold_slot, true, block});
        char whose[32];
        snprintf(whose, sizeof(whose), "item %u", i);
        CheckOwnCode(check, block, whose, view.own(i), FactorsOf(item), item.cold_block,
                     item.cold_slot);
    }
}

// One page of a chain, in check->page. Returns false if the walk cannot go on from it.
static bool
CheckDeltaPage(Check *check, int chain, BlockNumber block, uint64_t sequence)
{
    if (!CopyPage(check, block, check->page)) {
        Report(check, 0, "N6", "delta chain %d leads to block %u, beyond the file", chain, block);
        return false;
    }
    PageFault fault = CheckKind(check->page, BLCKSZ, PageKind::kDelta);
    if (fault == PageFault::kNone)
        fault =
            CheckPageDeep(check->page, check->geometry, RelationGetNumberOfBlocks(check->index));
    if (fault != PageFault::kNone) {
        Report(check, block, "N6", "delta chain %d: %s", chain, PageFaultText(fault));
        return false;
    }
    if (block < check->blocks) {
        if (check->pages[block].met) {
            Report(check, block, "N6", "delta chain %d comes to a page that is in a chain already",
                   chain);
            return false;
        }
        check->pages[block].met = true;
    }
    uint64_t stands = TrailerOf(check->page, BLCKSZ)->sequence;
    if (stands != sequence)
        Report(check, block, "N6",
               "delta page has sequence " UINT64_FORMAT ", the link to it says " UINT64_FORMAT,
               stands, sequence);
    auto view = DeltaOf(static_cast<const char *>(check->page), check->geometry);
    if (view.header()->chain != chain)
        Report(check, block, "N6", "delta page says chain %u and is in chain %d",
               view.header()->chain, chain);
    return true;
}

static void
CheckDeltaChain(Check *check, const MetaPage &meta, int chain)
{
    const DeltaChain &at = meta.delta[chain];
    if ((at.head == kNoBlock) != (at.tail == kNoBlock) ||
        (at.head == kNoBlock) != (at.pages == 0)) {
        Report(check, 0, "N6", "delta chain %d has head %u, tail %u and %u pages", chain, at.head,
               at.tail, at.pages);
        return;
    }
    BlockNumber block = at.head;
    uint64_t sequence = at.head_sequence;
    uint32_t found = 0;
    while (block != kNoBlock && found <= at.pages) {
        CHECK_FOR_INTERRUPTS();
        if (!CheckDeltaPage(check, chain, block, sequence))
            return;
        ++found;
        if (sequence >= meta.next_sequence)
            Report(check, block, "N6",
                   "delta page has sequence " UINT64_FORMAT
                   ", but the next to be given is " UINT64_FORMAT,
                   sequence, meta.next_sequence);
        auto view = DeltaOf(static_cast<const char *>(check->page), check->geometry);
        BlockNumber next = TrailerOf(check->page, BLCKSZ)->next;
        uint64_t next_sequence = view.header()->next_sequence;
        CheckDeltaItems(check, block, view);
        // Pages that inserts put behind the tail after the meta page was read hold nothing to look for.
        if (block == at.tail)
            break;
        if (next != kNoBlock && next_sequence <= sequence)
            Report(check, block, "N6",
                   "delta page after sequence " UINT64_FORMAT " has " UINT64_FORMAT, sequence,
                   next_sequence);
        if (next == kNoBlock)
            Report(check, block, "N6", "delta chain %d ends before its tail, block %u", chain,
                   at.tail);
        block = next;
        sequence = next_sequence;
    }
    if (found != at.pages)
        Report(check, 0, "N6", "delta chain %d has %u pages, the meta page says %u", chain, found,
               at.pages);
}

void
CheckDelta(Check *check)
{
    CopyPage(check, 0, check->page);
    MetaPage meta = *MetaOf(check->page);
    for (int chain = 0; chain < kDeltaChains; ++chain)
        CheckDeltaChain(check, meta, chain);
    for (BlockNumber block = 1; block < check->blocks; ++block)
        if (check->Is(block, PageKind::kDelta) && !check->pages[block].met)
            Report(check, block, "N6", "delta page is in no chain");
    for (uint32_t id = 0; id < check->NodeCount(); ++id)
        if (check->NodeIs(id, NodeState::kJoining) && check->nodes[id].named == 0)
            Report(check, NodeBlock(check->geometry, id), "N2",
                   "node %u is joining, but no delta row names it", id);
}

// ---- segments of TIDs

static SegmentFact *
SegmentAt(Check *check, uint32_t block, uint16_t slot)
{
    if (!check->Is(block, PageKind::kTids) || slot >= check->geometry.segment_capacity)
        return nullptr;
    return &check->segments[check->pages[block].ordinal + slot];
}

static void
WalkSegments(Check *check, uint32_t id, BlockNumber home)
{
    const NodeFact &node = check->nodes[id];
    uint32_t block = node.segment_block;
    uint16_t slot = node.segment_slot;
    uint64_t before = static_cast<uint64_t>(1) << 32;
    while (block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        SegmentFact *segment = SegmentAt(check, block, slot);
        if (segment == nullptr) {
            Report(check, home, "N6",
                   "TIDs of node %u lead to segment %u of block %u, which is none", id, slot,
                   block);
            return;
        }
        if (segment->owner != id || segment->generation != node.generation || segment->met ||
            segment->number >= before) {
            Report(check, block, "N6",
                   "segment %u belongs to node %u generation %u with number %u, but node %u "
                   "generation %u leads to it",
                   slot, segment->owner, segment->generation, segment->number, id, node.generation);
            return;
        }
        segment->met = true;
        before = segment->number;
        block = segment->next_block;
        slot = segment->next_slot;
    }
}

void
CheckSegments(Check *check)
{
    for (uint32_t id = 0; id < check->NodeCount(); ++id)
        if (check->NodeIs(id, NodeState::kLive))
            WalkSegments(check, id, NodeBlock(check->geometry, id));
    for (BlockNumber block = 1; block < check->blocks; ++block) {
        if (!check->Is(block, PageKind::kTids))
            continue;
        for (uint32_t i = 0; i < check->geometry.segment_capacity; ++i) {
            const SegmentFact &segment = check->segments[check->pages[block].ordinal + i];
            if (segment.owner != kNoNode && !segment.met)
                Report(check, block, "N6", "segment %u is not reached from its owner, node %u", i,
                       segment.owner);
        }
    }
}

// ---- cold records

// True for a record that the page at hand (check->page, of `block`) has in use.
static bool
RecordIsUsed(const Check *check, const ColdOwner &owner)
{
    return owner.slot < check->geometry.cold_capacity &&
           (ColdOf(static_cast<const char *>(check->page))->used >> owner.slot & 1) != 0;
}

// The further pages of a record that is larger than a page.
static void
CheckSpan(Check *check, const ColdOwner &owner)
{
    BlockNumber block = owner.block;
    for (uint32_t part = 1; part < check->geometry.cold_span; ++part) {
        block = TrailerOf(check->page, BLCKSZ)->next;
        if (block == kNoBlock || !CopyPage(check, block, check->page) ||
            CheckKind(check->page, BLCKSZ, PageKind::kCold) != PageFault::kNone) {
            Report(check, owner.block, "N6", "cold record ends after %u of %u pages", part,
                   check->geometry.cold_span);
            return;
        }
        if (block < check->blocks) {
            if (check->pages[block].met)
                Report(check, block, "N6", "cold page is in two records");
            check->pages[block].met = true;
        }
    }
}

void
CheckCold(Check *check)
{
    List<ColdOwner> &owners = check->cold_owners;
    std::sort(owners.begin(), owners.end(), [](const ColdOwner &a, const ColdOwner &b) {
        return a.block != b.block ? a.block < b.block : a.slot < b.slot;
    });
    BlockNumber at = kNoBlock;
    bool is_cold = false;
    for (size_t i = 0; i < owners.size(); ++i) {
        CHECK_FOR_INTERRUPTS();
        const ColdOwner &owner = owners[i];
        if (i > 0 && owner.block == owners[i - 1].block && owner.slot == owners[i - 1].slot) {
            Report(check, owner.block, "N6", "cold record %u has two owners", owner.slot);
            continue;
        }
        bool spans = check->geometry.cold_span > 1;
        if (owner.block != at || spans) {
            at = owner.block;
            is_cold = CopyPage(check, at, check->page) &&
                      CheckKind(check->page, BLCKSZ, PageKind::kCold) == PageFault::kNone;
        }
        if (!is_cold || !RecordIsUsed(check, owner)) {
            Report(check, owner.block, "N6", "cold record %u is named by %s %u, but not in use",
                   owner.slot, owner.delta ? "the delta page" : "node", owner.owner);
            continue;
        }
        if (spans)
            CheckSpan(check, owner);
    }
}

// ---- pages with room

static bool
HasColdRoom(const Check *check, const char *page)
{
    uint32_t capacity = check->geometry.cold_capacity;
    uint64_t all = capacity == 64 ? ~uint64_t{0} : (uint64_t{1} << capacity) - 1;
    return check->geometry.cold_span == 1 && (ColdOf(page)->used & all) != all;
}

// Follows one list whose pages cannot change while the caller keeps it from changing.
static void
WalkRooms(Check *check, const char *what, BlockNumber head, PageKind kind)
{
    BlockNumber block = head;
    while (block != kNoBlock) {
        if (!CopyPage(check, block, check->page) ||
            CheckKind(check->page, BLCKSZ, kind) != PageFault::kNone) {
            Report(check, 0, "N6", "list of %s pages with room leads to block %u, which is none",
                   what, block);
            return;
        }
        const Trailer *trailer = TrailerOf(check->page, BLCKSZ);
        if ((trailer->flags & kListed) == 0)
            Report(check, block, "N6", "%s page is on the list of those with room, but not flagged",
                   what);
        if (block < check->blocks) {
            if (check->pages[block].met) {
                Report(check, block, "N6", "list of %s pages with room comes here twice", what);
                return;
            }
            check->pages[block].met = true;
        }
        block = trailer->next;
    }
}

static void
CheckListed(Check *check, BlockNumber block, const char *what, bool listed, bool room, bool met)
{
    if (room && !listed)
        Report(check, block, "N6", "%s page has room, but is on no list", what);
    else if (listed && !room)
        Report(check, block, "N6", "%s page is listed as one with room, but is full", what);
    else if (listed && !met)
        Report(check, block, "N6", "%s page is flagged as listed, but not on the list", what);
}

// Inserts take cold records meanwhile, and lock the meta page for it: so does this.
// LOCKS: meta shared, and under it cold pages, shared, one at a time.
static void
CheckColdRooms(Check *check)
{
    List<uint32_t> doubtful(check->pool);
    for (BlockNumber block = 1; block < check->blocks; ++block)
        if (check->Is(block, PageKind::kCold) && check->geometry.cold_span == 1)
            doubtful.push_back(block);
    if (doubtful.empty())
        return;
    Buffer meta = ReadBuffer(check->index, 0);
    LockBuffer(meta, BUFFER_LOCK_SHARE);
    const char *meta_page = BufferGetPage(meta);
    WalkRooms(check, "cold", MetaOf(meta_page)->cold_room_head, PageKind::kCold);
    for (BlockNumber block : doubtful) {
        CopyPage(check, block, check->page);
        if (CheckKind(check->page, BLCKSZ, PageKind::kCold) != PageFault::kNone)
            continue; // reported by the first pass, or freed and taken for something else
        CheckListed(check, block, "cold", (TrailerOf(check->page, BLCKSZ)->flags & kListed) != 0,
                    HasColdRoom(check, check->page), check->pages[block].met);
    }
    UnlockReleaseBuffer(meta);
}

void
CheckRooms(Check *check)
{
    WalkRooms(check, "node", check->meta.node_room_head, PageKind::kNode);
    WalkRooms(check, "tids", check->meta.tids_room_head, PageKind::kTids);
    for (BlockNumber block = 1; block < check->blocks; ++block) {
        const PageFact &fact = check->pages[block];
        bool node = check->Is(block, PageKind::kNode);
        if (node || check->Is(block, PageKind::kTids))
            CheckListed(check, block, node ? "node" : "tids", (fact.flags & kListed) != 0,
                        fact.room, fact.met);
        else if (check->Is(block, PageKind::kMean) && !fact.met)
            Report(check, block, "N6", "mean page is in no chain");
    }
    CheckColdRooms(check);
}

// ---- counts

static void
CompareCount(Check *check, const char *what, uint64_t meta, uint64_t found)
{
    if (meta != found)
        Report(check, 0, "N6",
               "the meta page counts " UINT64_FORMAT " %s, there are " UINT64_FORMAT, meta, what,
               found);
}

void
CheckCounts(Check *check)
{
    uint64_t states[4] = {};
    for (uint32_t id = 0; id < check->NodeCount(); ++id)
        if (check->nodes[id].known)
            ++states[check->nodes[id].state];
    uint64_t node_pages = 0;
    for (BlockNumber block = 1; block < check->blocks; ++block)
        node_pages += check->Is(block, PageKind::kNode);
    const MetaPage &meta = check->meta;
    CompareCount(check, "live nodes", meta.live_nodes, states[static_cast<int>(NodeState::kLive)]);
    CompareCount(check, "joining nodes", meta.joining_nodes,
                 states[static_cast<int>(NodeState::kJoining)]);
    CompareCount(check, "dead nodes", meta.dead_nodes, states[static_cast<int>(NodeState::kDead)]);
    CompareCount(check, "free slots", meta.free_slots, states[static_cast<int>(NodeState::kFree)]);
    CompareCount(check, "node pages", meta.node_pages, node_pages);
}

} // namespace omendb
