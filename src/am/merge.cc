#include "merge.h"

#include "bulk_merge.h"
#include "delta.h"
#include "join.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"

extern "C" {
#include <storage/lmgr.h>
}

namespace omendb {

void
LockMerging(Relation index)
{
    LockPage(index, 0, ExclusiveLock);
}

bool
TryLockMerging(Relation index)
{
    return ConditionalLockPage(index, 0, ExclusiveLock);
}

void
UnlockMerging(Relation index)
{
    UnlockPage(index, 0, ExclusiveLock);
}

static bool
AllEmpty(ConstDeltaView view)
{
    for (uint32_t i = 0; i < view.header()->used; ++i)
        if (view.items()[i].state != static_cast<uint8_t>(DeltaState::kEmpty))
            return false;
    return true;
}

// Takes the first page of a chain off it, or empties it for new rows when it is the last too.
// LOCKS: meta, then the page, exclusively. WAL: one record.
static void
RetirePage(Relation index, const Geometry &geometry, int chain, BlockNumber block)
{
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page = record.Add(block);
    RequireKind(index, block, page, PageKind::kDelta);
    auto view = DeltaOf(page, geometry);
    BlockNumber next = TrailerOf(page, BLCKSZ)->next;
    if (!AllEmpty(DeltaOf(static_cast<const char *>(page), geometry))) {
        record.Abandon(); // a row was appended meanwhile
        return;
    }
    if (next == kNoBlock) {
        view.header()->used = 0;
        record.Finish();
        OMENDB_FAILURE_POINT("merge: last delta page emptied");
        return;
    }
    DeltaChain *at = &meta->delta[chain];
    at->head = next;
    at->head_sequence = view.header()->next_sequence;
    at->pages--;
    InitPage(page, PageKind::kFree);
    record.Finish();
    OMENDB_FAILURE_POINT("merge: delta page freed");
    RecordFreePage(index, block);
}

// A page of the delta, copied.
struct DeltaCopy {
    char *page;
    BlockNumber next;
    ConstDeltaView view;
};

static DeltaCopy
CopyDelta(Relation index, const Geometry &geometry, Pool pool, BlockNumber block)
{
    DeltaCopy copy;
    copy.page = pool.NewArray<char>(BLCKSZ);
    WithSharedPage(index, block, [&](const char *page) {
        RequireKind(index, block, page, PageKind::kDelta);
        memcpy(copy.page, page, BLCKSZ);
    });
    copy.next = TrailerOf(copy.page, BLCKSZ)->next;
    copy.view = DeltaOf(static_cast<const char *>(copy.page), geometry);
    if (copy.view.header()->used > geometry.delta_capacity)
        RaiseDamaged(index, block, PageFault::kBadCount);
    return copy;
}

// Memory of one row's merge and of one page's.
struct MergeMemory {
    MemoryContext page;
    MemoryContext row;
};

static MergeMemory
NewMergeMemory()
{
    MemoryContext page =
        AllocSetContextCreate(CurrentMemoryContext, "omendb merge page", ALLOCSET_DEFAULT_SIZES);
    return {page, AllocSetContextCreate(page, "omendb merge row", ALLOCSET_DEFAULT_SIZES)};
}

static void
MergeItem(Relation index, MergeMemory memory, DeltaPlace place, const DeltaItem &item,
          const int8_t *own)
{
    MemoryContext old = MemoryContextSwitchTo(memory.row);
    NodeEditor editor(index, PoolOf(memory.row));
    if (item.state == static_cast<uint8_t>(DeltaState::kMerging))
        FinishRow(&editor, place, item.node);
    else
        JoinRow(&editor, ReadMeta(index), place, item, own);
    MemoryContextSwitchTo(old);
    MemoryContextReset(memory.row);
}

uint64
DeltaRows(Relation index)
{
    MetaPage meta = ReadMeta(index);
    uint64 pages = 0;
    for (const DeltaChain &chain : meta.delta)
        pages += chain.pages;
    return pages * GetIndexState(index)->geometry.delta_capacity;
}

uint64
MergeDelta(Relation index, uint64 max_rows)
{
    MergeMemory memory = NewMergeMemory();
    Geometry geometry = GetIndexState(index)->geometry;
    uint64 merged = 0;
    for (int chain = 0; chain < kDeltaChains; ++chain) {
        while (merged < max_rows) {
            CHECK_FOR_INTERRUPTS();
            BlockNumber block = ReadMeta(index).delta[chain].head;
            if (block == kNoBlock)
                break;
            DeltaCopy copy = CopyDelta(index, geometry, PoolOf(memory.page), block);
            uint32_t used = copy.view.header()->used;
            uint32_t at = 0;
            for (; at < used && merged < max_rows; ++at) {
                CHECK_FOR_INTERRUPTS();
                const DeltaItem &item = copy.view.items()[at];
                if (item.state == static_cast<uint8_t>(DeltaState::kEmpty))
                    continue;
                MergeItem(index, memory, {block, at}, item, copy.view.own(at));
                ++merged;
            }
            bool last = copy.next == kNoBlock;
            MemoryContextResetOnly(memory.page);
            if (at < used)
                break;
            // An empty page stays when it is the chain's last. One can be empty and not the last: emptied
            // after an inserting backend found it full and before that put a new page behind it.
            if (used > 0 || !last)
                RetirePage(index, geometry, chain, block);
            if (last)
                break;
        }
    }
    MemoryContextDelete(memory.page);
    return merged;
}

uint64
MergeAll(Relation index)
{
    uint64 merged = BulkMergePays(index) ? MergeInBulk(index) : 0;
    return merged + MergeDelta(index, DeltaRows(index)); // the delta's pages go with their rows
}

uint64
FinishJoining(Relation index)
{
    if (ReadMeta(index).joining_nodes == 0)
        return 0;
    uint64 finished = 0;
    MergeMemory memory = NewMergeMemory();
    Geometry geometry = GetIndexState(index)->geometry;
    MetaPage meta = ReadMeta(index);
    for (const DeltaChain &chain : meta.delta) {
        for (BlockNumber block = chain.head; block != kNoBlock;) {
            CHECK_FOR_INTERRUPTS();
            DeltaCopy copy = CopyDelta(index, geometry, PoolOf(memory.page), block);
            for (uint32_t at = 0; at < copy.view.header()->used; ++at) {
                const DeltaItem &item = copy.view.items()[at];
                if (item.state != static_cast<uint8_t>(DeltaState::kMerging))
                    continue;
                CHECK_FOR_INTERRUPTS();
                MergeItem(index, memory, {block, at}, item, copy.view.own(at));
                ++finished;
            }
            block = copy.next;
            MemoryContextResetOnly(memory.page);
        }
    }
    MemoryContextDelete(memory.page);
    return finished;
}

} // namespace omendb
