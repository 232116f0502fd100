// The pass over the file: each page by itself, and what later passes want to know of it.
#include "check_state.h"

extern "C" {
#include <access/xact.h>
#include <miscadmin.h>
#include <utils/resowner.h>
}

namespace omendb {

namespace {

// Pages read in one subtransaction.
constexpr BlockNumber kBatch = 1024;

bool
HeaderIsOurs(const char *page)
{
    const auto *header = reinterpret_cast<const PageHeaderData *>(page);
    bool is_meta = TrailerOf(page, BLCKSZ)->kind == static_cast<uint8_t>(PageKind::kMeta);
    return header->pd_special == BLCKSZ - sizeof(Trailer) &&
           header->pd_upper == header->pd_special &&
           (header->pd_lower == header->pd_upper || (is_meta && header->pd_lower == kMetaEnd));
}

PageFault
FaultOf(Check *check, const char *page)
{
    if (!HeaderIsOurs(page))
        return PageFault::kNotOurs;
    PageFault fault = CheckPageDeep(page, check->geometry, check->blocks);
    // An insert may have linked a page that is newer than the check.
    if (fault == PageFault::kBadLink)
        fault = CheckPageDeep(page, check->geometry, RelationGetNumberOfBlocks(check->index));
    return fault;
}

void
TakeNodes(Check *check, BlockNumber block, const char *page)
{
    const Geometry &geometry = check->geometry;
    for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot) {
        const NodeHeader *header = NodeAt(page, geometry, slot).header();
        uint32_t id = NodeId(geometry, block, slot);
        NodeFact *fact = &check->nodes[id];
        fact->known = true;
        fact->state = header->state;
        fact->generation = header->generation;
        if (header->state == static_cast<uint8_t>(NodeState::kFree)) {
            check->pages[block].room = true;
            continue;
        }
        fact->birth = header->birth;
        fact->flags = header->flags;
        fact->segment_block = header->segment_block;
        fact->segment_slot = header->segment_slot;
        if (header->birth >= check->meta.next_birth)
            Report(check, block, "N3",
                   "node %u has birth number " UINT64_FORMAT
                   ", but the next to be given is " UINT64_FORMAT,
                   id, header->birth, check->meta.next_birth);
        bool live = header->state == static_cast<uint8_t>(NodeState::kLive);
        if (!live && (header->inline_tids > 0 || header->segment_block != kNoBlock))
            Report(check, block, "N2", "node %u is %s, yet has heap TIDs", id,
                   header->state == static_cast<uint8_t>(NodeState::kDead) ? "dead" : "joining");
        for (int i = 0; i < header->inline_tids; ++i)
            check->tids.push_back({TidKey(header->tids[i]), id, 0, false});
        if (header->cold_block != kNoBlock)
            check->cold_owners.push_back({header->cold_block, header->cold_slot, false, id});
    }
}

void
TakeSegments(Check *check, BlockNumber block, const char *page)
{
    PageFact *fact = &check->pages[block];
    fact->ordinal = static_cast<uint32_t>(check->segments.size());
    const TidSegment *segments = SegmentsOf(page);
    for (uint32_t i = 0; i < check->geometry.segment_capacity; ++i) {
        const TidSegment &segment = segments[i];
        check->segments.push_back({segment.owner, segment.number, segment.next_block,
                                   segment.next_slot, segment.generation, false});
        if (segment.owner == kNoNode) {
            fact->room = true;
            continue;
        }
        for (int j = 0; j < segment.count; ++j)
            check->tids.push_back({TidKey(segment.tids[j]), segment.owner, 0, false});
    }
}

void
TakePage(Check *check, BlockNumber block)
{
    const char *page = check->page;
    if (PageIsNew(check->page))
        return; // a crash after the file had grown
    PageFault fault = FaultOf(check, page);
    if (fault != PageFault::kNone) {
        Report(check, block, "page", "%s", PageFaultText(fault));
        return;
    }
    const Trailer *trailer = TrailerOf(page, BLCKSZ);
    PageFact *fact = &check->pages[block];
    fact->kind = trailer->kind;
    fact->flags = trailer->flags;
    fact->next = trailer->next;
    if (trailer->kind == static_cast<uint8_t>(PageKind::kNode))
        TakeNodes(check, block, page);
    else if (trailer->kind == static_cast<uint8_t>(PageKind::kTids))
        TakeSegments(check, block, page);
}

void
TakeBatch(Check *check)
{
    for (BlockNumber i = 0; i < kBatch && check->next < check->blocks; ++i) {
        CHECK_FOR_INTERRUPTS();
        CopyPage(check, check->next, check->page);
        TakePage(check, check->next);
        ++check->next;
    }
}

bool
IsDamage(int code)
{
    return code == ERRCODE_DATA_CORRUPTED || code == ERRCODE_INDEX_CORRUPTED ||
           code == ERRCODE_IO_ERROR;
}

} // namespace

// A page whose checksum is wrong raises when it is read. The subtransaction catches that, and puts right what
// the buffer manager had begun. While parallel workers run there can be none: then such a page ends the check.
bool
ReadGuarded(Check *check, void (*read)(Check *))
{
    if (IsInParallelMode()) {
        read(check);
        return true;
    }
    MemoryContext context = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    volatile bool done = false;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        read(check);
        ReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
        done = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
        if (!IsDamage(error->sqlerrcode))
            ReThrowError(error);
        Report(check, check->next, "page", "%s", error->message);
        FreeErrorData(error);
    }
    PG_END_TRY();
    return done;
}

void
CheckPages(Check *check)
{
    check->pages[0].kind = static_cast<uint8_t>(PageKind::kMeta);
    check->pages[0].met = true;
    check->next = 1;
    while (check->next < check->blocks)
        if (!ReadGuarded(check, TakeBatch))
            ++check->next;
}

void
CheckMean(Check *check)
{
    size_t floats = ModelDims(static_cast<Metric>(check->meta.metric), check->meta.dims);
    constexpr size_t a_page = BodyBytes(BLCKSZ) / sizeof(float);
    size_t wanted = (floats + a_page - 1) / a_page;
    size_t found = 0;
    BlockNumber block = check->meta.mean_head;
    check->mean_is_sound = true;
    while (block != kNoBlock) {
        if (!check->Is(block, PageKind::kMean) || check->pages[block].met) {
            Report(check, block, "N6",
                   "page %u of the mean's chain is damaged, of another kind, or "
                   "in two chains",
                   static_cast<unsigned>(found));
            check->mean_is_sound = false;
            return;
        }
        check->pages[block].met = true;
        ++found;
        block = check->pages[block].next;
    }
    // An index that began empty has no mean.
    if (found != 0 && found != wanted) {
        Report(check, 0, "N6", "the mean's chain has %zu pages instead of %zu", found, wanted);
        check->mean_is_sound = false;
    }
}

} // namespace omendb
