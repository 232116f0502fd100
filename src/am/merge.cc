#include "merge.h"

#include <algorithm>

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

// Takes the first page of a chain off it, or empties it for new rows when it is the last too. False: it stays, for
// it has rows, or is empty already.
// LOCKS: meta, then the page, exclusively. WAL: one record.
static bool
RetirePage(Relation index, const Geometry &geometry, int chain)
{
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    DeltaChain *at = &meta->delta[chain];
    BlockNumber block = at->head;
    if (block == kNoBlock) {
        record.Abandon();
        return false;
    }
    char *page = record.Add(block);
    RequireKind(index, block, page, PageKind::kDelta);
    auto view = DeltaOf(page, geometry);
    BlockNumber next = TrailerOf(page, BLCKSZ)->next;
    // An empty page stays when it is the chain's last. One can be empty and not the last: emptied after an
    // inserting backend found it full and before that put a new page behind it.
    if (!AllEmpty(DeltaOf(static_cast<const char *>(page), geometry)) ||
        (next == kNoBlock && view.header()->used == 0)) {
        record.Abandon();
        return false;
    }
    if (next == kNoBlock) {
        view.header()->used = 0;
        record.Finish();
        OMENDB_FAILURE_POINT("merge: last delta page emptied");
        return false;
    }
    at->head = next;
    at->head_sequence = view.header()->next_sequence;
    at->pages--;
    InitPage(page, PageKind::kFree);
    record.Finish();
    OMENDB_FAILURE_POINT("merge: delta page freed");
    RecordFreePage(index, block);
    return true;
}

// LOCKS: as RetirePage; before, heads of chains, shared.
static void
RetirePages(Relation index, const Geometry &geometry)
{
    MetaPage meta = ReadMeta(index);
    for (int chain = 0; chain < kDeltaChains; ++chain) {
        BlockNumber head = meta.delta[chain].head;
        if (head == kNoBlock)
            continue;
        bool empty = WithSharedPage(index, head, [&](const char *page) {
            RequireKind(index, head, page, PageKind::kDelta);
            return AllEmpty(DeltaOf(page, geometry));
        });
        while (empty && RetirePage(index, geometry, chain))
            CHECK_FOR_INTERRUPTS();
    }
}

static bool
IsBegun(const DeltaItem &item)
{
    return item.state == static_cast<uint8_t>(DeltaState::kMerging);
}

// Copies rows of the delta, oldest first a chain, at most `most`; or only those that a merge has begun with.
// LOCKS: delta pages, shared, one at a time.
static List<DeltaRow>
CopyRows(Relation index, const Geometry &geometry, Pool pool, bool begun, size_t most)
{
    List<DeltaRow> rows(pool);
    WalkDelta(index, geometry, ReadMeta(index),
              [&](BlockNumber block, uint64, ConstDeltaView view) {
                  for (uint32_t at = 0; at < view.header()->used && rows.size() < most; ++at) {
                      const DeltaItem &item = view.items()[at];
                      if (item.state == static_cast<uint8_t>(DeltaState::kEmpty) ||
                          (begun && !IsBegun(item)))
                          continue;
                      auto *own = pool.NewArray<int8_t>(geometry.coded);
                      memcpy(own, view.own(at), geometry.coded);
                      rows.push_back({{block, at}, item, own});
                  }
                  return rows.size() < most;
              });
    return rows;
}

uint64
DeltaRows(Relation index)
{
    return uint64{DeltaPages(ReadMeta(index))} * GetIndexState(index)->geometry.delta_capacity;
}

// Merges at most `most` rows, or completes the merges that were begun, batch by batch.
static uint64
MergeBatches(Relation index, bool begun, uint64 most)
{
    Geometry geometry = GetIndexState(index)->geometry;
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb merge", ALLOCSET_DEFAULT_SIZES);
    uint64 done = 0;
    while (done < most) {
        CHECK_FOR_INTERRUPTS();
        List<DeltaRow> rows = CopyRows(index, geometry, PoolOf(context), begun,
                                       Min(most - done, uint64{JoinBatch(geometry)}));
        DeltaRow *present = std::partition(rows.begin(), rows.end(),
                                           [](const DeltaRow &row) { return IsBegun(row.item); });
        if (present != rows.begin())
            FinishRows(index, rows.begin(), static_cast<size_t>(present - rows.begin()));
        if (present != rows.end())
            JoinRows(index, present, static_cast<size_t>(rows.end() - present));
        RetirePages(index, geometry);
        if (rows.empty())
            break;
        done += rows.size();
        MemoryContextReset(context);
    }
    MemoryContextDelete(context);
    return done;
}

uint64
MergeDelta(Relation index, uint64 max_rows)
{
    uint64 finished = FinishJoining(index, max_rows);
    return finished + MergeBatches(index, false, max_rows - Min(max_rows, finished));
}

uint64
MergeAll(Relation index)
{
    uint64 merged = FinishJoining(index);
    if (BulkMergePays(index))
        merged += MergeInBulk(index);
    return merged + MergeDelta(index, DeltaRows(index)); // the delta's pages go with their rows
}

uint64
FinishJoining(Relation index, uint64 most)
{
    MetaPage meta = ReadMeta(index);
    if (meta.bulk_merge == static_cast<uint8_t>(BulkMergeState::kWriting)) {
        UndoBulkMerge(index);
        return 0;
    }
    bool linking = meta.bulk_merge == static_cast<uint8_t>(BulkMergeState::kLinking);
    if (!linking && meta.joining_nodes == 0)
        return 0;
    uint64 finished = MergeBatches(index, true, most);
    if (linking && finished < most)
        SetBulkMerge(index, BulkMergeState::kNone);
    return finished;
}

} // namespace omendb
