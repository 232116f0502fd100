#include "delta_append.h"

#include "omendb/pg/failure_points.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

namespace {

// Puts as many rows as there is room for into the page's next items. Returns how many.
uint32_t
Append(char *page, const Geometry &geometry, NewRows rows)
{
    auto view = DeltaOf(page, geometry);
    uint32_t at = view.header()->used;
    uint32_t count = Min(rows.count, geometry.delta_capacity - at);
    for (uint32_t i = 0; i < count; ++i) {
        view.items()[at + i] = rows.items[i];
        memcpy(view.own(at + i), rows.codes + size_t{i} * geometry.coded, geometry.coded);
    }
    view.header()->used = static_cast<uint16_t>(at + count);
    return count;
}

// Returns how many rows the chain's last page took: none if it is full, or no longer the last.
// LOCKS: the page, exclusively.
uint32_t
AppendToTail(Relation index, const Geometry &geometry, int chain, BlockNumber tail, NewRows rows)
{
    Buffer buffer = ReadLinked(index, tail);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    const char *seen = BufferGetPage(buffer);
    bool ours = CheckKind(seen, BLCKSZ, PageKind::kDelta) == PageFault::kNone &&
                DeltaOf(seen, geometry).header()->chain == chain &&
                TrailerOf(seen, BLCKSZ)->next == kNoBlock &&
                DeltaOf(seen, geometry).header()->used < geometry.delta_capacity;
    if (!ours) {
        UnlockReleaseBuffer(buffer);
        return 0;
    }
    WalRecord record(index);
    uint32_t count = Append(record.AddLocked(buffer, false), geometry, rows);
    record.Finish();
    OMENDB_FAILURE_POINT("insert: row appended");
    return count;
}

// Returns how many rows a new last page took.
// LOCKS: meta, the chain's last page, a new page: exclusively, in this order.
uint32_t
AppendToNewTail(Relation index, const Geometry &geometry, int chain, NewRows rows)
{
    Buffer fresh = NewPage(index);
    // NewPage's lock is on a page that no other backend can name, so meta may be locked after it.
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    DeltaChain *at = &meta->delta[chain];
    uint64_t sequence = meta->next_sequence++;
    BlockNumber block = BufferGetBlockNumber(fresh);
    if (at->tail != kNoBlock) {
        char *tail = record.Add(at->tail);
        RequireKind(index, at->tail, tail, PageKind::kDelta);
        TrailerOf(tail, BLCKSZ)->next = block;
        DeltaOf(tail, geometry).header()->next_sequence = sequence;
    } else {
        at->head = block;
        at->head_sequence = sequence;
    }
    at->tail = block;
    at->pages++;
    char *page = record.AddLocked(fresh, true);
    InitPage(page, PageKind::kDelta);
    TrailerOf(page, BLCKSZ)->sequence = sequence;
    DeltaOf(page, geometry).header()->chain = static_cast<uint16_t>(chain);
    uint32_t count = Append(page, geometry, rows);
    record.Finish();
    OMENDB_FAILURE_POINT("insert: delta page added");
    return count;
}

} // namespace

void
AppendRows(Relation index, NewRows rows, uint32_t *appended)
{
    Geometry geometry = GetIndexState(index)->geometry;
    int chain = MyProcPid % kDeltaChains;
    BlockNumber tail = ReadMeta(index).delta[chain].tail;
    while (rows.count > 0) {
        CHECK_FOR_INTERRUPTS();
        uint32_t count = tail == kNoBlock ? 0 : AppendToTail(index, geometry, chain, tail, rows);
        if (count == 0) {
            BlockNumber now = ReadMeta(index).delta[chain].tail;
            if (now != tail) { // another backend of this chain was faster
                tail = now;
                continue;
            }
            OMENDB_FAILURE_POINT("insert: delta page found full");
            count = AppendToNewTail(index, geometry, chain, rows);
            tail = ReadMeta(index).delta[chain].tail;
        }
        if (appended != nullptr)
            *appended += count;
        rows = {rows.items + count, rows.codes + size_t{count} * geometry.coded,
                rows.count - count};
    }
}

} // namespace omendb
