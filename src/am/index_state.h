// What a backend knows of an index: its meta page's fixed part, kept in rd_amcache, and small reads of the
// part that changes.
#pragma once

#include "omendb/codec/space.h"
#include "omendb/page/check.h"
#include "omendb/page/layout.h"
#include "omendb/pg/buffers.h"
#include "row_value.h"

extern "C" {
#include <storage/itemptr.h>
}

namespace omendb {

// One chunk of memory in the relation's cache; gone at any relation cache invalidation, so nobody keeps the
// pointer across anything that may process one (locks on relations, user functions).
struct IndexState {
    Geometry geometry;
    RowShape shape;
    Space space; // its arrays lie in the same chunk
    bool scaled;
    // Where each block was last found: buffers by block number, see ReadPage.
    uint32_t recent_mask;
    Buffer *recent;
};

// The state, read from the meta page on first use.
// LOCKS: meta, then mean pages, shared, one at a time.
// ERRORS: index_corrupted naming index and block; feature_not_supported for another format version.
IndexState *GetIndexState(Relation index);

// Forgets the cached state, for the backend that changed the meta page's fixed part.
void DropIndexState(Relation index);

// Page of a block in a state's recents.
inline Buffer
ReadRecent(Relation index, IndexState *state, BlockNumber block)
{
    return ReadPage(index, block, &state->recent[block & state->recent_mask]);
}

// A copy of the meta page's changing part. LOCKS: meta shared.
MetaPage ReadMeta(Relation index);

// Initializes a page image as an empty page of a kind.
void InitPage(char *page, PageKind kind);

// ERRORS: always, index_corrupted: names index, block and what is wrong, and says to REINDEX.
[[noreturn]] void RaiseDamaged(Relation index, BlockNumber block, PageFault fault);

// Raises for any fault.
inline void
RequireKind(Relation index, BlockNumber block, const char *page, PageKind kind)
{
    PageFault fault = CheckKind(page, BLCKSZ, kind);
    if (unlikely(fault != PageFault::kNone))
        RaiseDamaged(index, block, fault);
}

inline HeapTid
FromItemPointer(const ItemPointerData &tid)
{
    return HeapTid{tid.ip_blkid.bi_hi, tid.ip_blkid.bi_lo, tid.ip_posid};
}

inline ItemPointerData
ToItemPointer(const HeapTid &tid)
{
    ItemPointerData pointer;
    pointer.ip_blkid.bi_hi = tid.block_high;
    pointer.ip_blkid.bi_lo = tid.block_low;
    pointer.ip_posid = tid.offset;
    return pointer;
}

} // namespace omendb
