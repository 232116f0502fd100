// The delta: rows inserted and not yet merged (DESIGN.md section 7). src/am/README.md says who locks what.
#pragma once

#include "index_state.h"
#include "omendb/page/views.h"
#include "vacuum.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

// Pages of all chains.
inline uint32_t
DeltaPages(const MetaPage &meta)
{
    uint32_t pages = 0;
    for (const DeltaChain &chain : meta.delta)
        pages += chain.pages;
    return pages;
}

// Calls use(block, sequence, ConstDeltaView) for every delta page, each under its share lock, and
// guarantees: a row that was in the delta when the walk began, and is not in a page it saw, has been merged
// before the walk ends. If use returns a bool, false ends the walk. A page can be seen twice (the walk starts a
// chain over when merging overtook it).
// LOCKS: meta, then delta pages, shared, one at a time.
template <class Use>
void
WalkDelta(Relation index, const Geometry &geometry, const MetaPage &meta, Use use)
{
    for (int chain = 0; chain < kDeltaChains; ++chain) {
        DeltaChain at = meta.delta[chain];
        BlockNumber block = at.head;
        uint64_t sequence = at.head_sequence;
        uint64_t started = sequence;
        while (block != kNoBlock) {
            CHECK_FOR_INTERRUPTS();
            Buffer buffer = ReadRecent(index, GetIndexState(index), block);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            const char *page = BufferGetPage(buffer);
            const Trailer *trailer = TrailerOf(page, BLCKSZ);
            if (trailer->page_id != kPageId)
                RaiseDamaged(index, block, PageFault::kNotOurs);
            if (trailer->kind != static_cast<uint8_t>(PageKind::kDelta) ||
                trailer->sequence != sequence) {
                // Merged and freed since we learned of it; so was everything before it, the head first.
                UnlockReleaseBuffer(buffer);
                MetaPage now = ReadMeta(index);
                if (now.delta[chain].head_sequence == started)
                    RaiseDamaged(index, block, PageFault::kWrongKind);
                block = now.delta[chain].head;
                sequence = started = now.delta[chain].head_sequence;
                continue;
            }
            auto view = DeltaOf(page, geometry);
            if (view.header()->used > geometry.delta_capacity)
                RaiseDamaged(index, block, PageFault::kBadCount);
            bool more = true;
            if constexpr (std::is_same_v<decltype(use(block, sequence, view)), bool>)
                more = use(block, sequence, view);
            else
                use(block, sequence, view);
            sequence = view.header()->next_sequence;
            block = trailer->next;
            UnlockReleaseBuffer(buffer);
            if (!more)
                return;
        }
    }
}

// Calls change(item, i), which returns whether it has changed the item, for the delta items of rows `from` to `end`;
// place(i) says where each stands. LOCKS: delta pages, exclusively, one at a time. WAL: one record for the rows of a
// page that follow each other.
template <class Place, class Change>
void
ChangeItems(Relation index, const Geometry &geometry, size_t from, size_t end, Place place,
            Change change)
{
    for (size_t i = from; i < end;) {
        VacuumDelay();
        BlockNumber block = place(i).block;
        WalRecord record(index);
        char *page = record.Add(block);
        RequireKind(index, block, page, PageKind::kDelta);
        DeltaItem *items = DeltaOf(page, geometry).items();
        bool any = false;
        for (; i < end && place(i).block == block; ++i)
            any |= change(&items[place(i).at], i);
        if (any)
            record.Finish();
        else
            record.Abandon();
    }
}

} // namespace omendb
