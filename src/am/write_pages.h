// How a built graph's pages are written: what all that write nodes must know, and how a page is appended.
#pragma once

#include "build_state.h"
#include "omendb/graph/list_codes.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

// Where everything goes. Blocks: meta | mean | entries | nodes | cold records | TID segments.
struct PagePlan {
    uint32_t *order;  // nodes in the order of their numbers: rows; of a graph in memory
    uint32_t *number; // by row: position in order; of a graph in memory
    uint32_t
        *segments_before; // by node page: TID segments of the nodes before it; null: there are none
    uint32_t nodes;
    BlockNumber node_first, cold_first, segment_first;
    uint32_t node_pages;
    bool logged; // a worker cannot tell from its own view of a new relation

    uint32_t IdOf(const Geometry &geometry, uint32_t node) const
    {
        return node_first * geometry.slots_per_page + node;
    }
};

inline CodeShape
CodeShapeOf(const Geometry &geometry)
{
    return {geometry.coded, geometry.bits, geometry.code_bytes};
}

inline uint32_t
PagesFor(uint64_t items, uint64_t a_page)
{
    return static_cast<uint32_t>((items + a_page - 1) / a_page);
}

// Segments of a node beyond its inline TIDs.
inline uint32_t
SegmentsOfRows(uint32_t rows)
{
    return rows <= kInlineTids ? 0 : PagesFor(rows - kInlineTids, kTidsPerSegment);
}

// Appends a page and lends its image, exclusively locked.
// REQUIRES: nobody else appends meanwhile.
template <class Fill>
void
AppendPage(BuildState *build, BlockNumber expected, PageKind kind, Fill fill)
{
    CHECK_FOR_INTERRUPTS();
    Buffer buffer = ReadBufferExtended(build->index, MAIN_FORKNUM, P_NEW, RBM_NORMAL, nullptr);
    if (BufferGetBlockNumber(buffer) != expected)
        elog(ERROR, "index \"%s\" grew to block %u while block %u was to be written",
             RelationGetRelationName(build->index), BufferGetBlockNumber(buffer), expected);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    char *page = BufferGetPage(buffer);
    InitPage(page, kind);
    fill(page);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

// Logs blocks [first, end), which are filled. Shared out among members, for a build is as fast as its log: of
// 1,000,000 rows of 128 dimensions the leader alone took 6.5 s of 40.
void LogPages(BuildState *build, const PagePlan &plan, BlockNumber first, BlockNumber end);

// Appends, fills and logs all node pages, with the build's team if it has one.
void WriteNodes(BuildState *build, const PagePlan &plan);

// A member's part of it, until no page is left.
void WriteNodesOfTeam(BuildState *build, const PagePlan &plan);

} // namespace omendb
