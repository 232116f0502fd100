// Lists of the pages that have room: for nodes, for TIDs, for cold records. Each begins at its head in the meta page;
// a page on it has kListed in its trailer, and in `next` the one behind it. All of this changes images of a WAL record.
#pragma once

#include "index_state.h"
#include "omendb/page/views.h"
#include "omendb/pg/buffers.h"

namespace omendb {

// Puts a page at the head, unless it is on the list.
inline void
ListRoom(uint32_t *head, char *page, BlockNumber block)
{
    Trailer *trailer = TrailerOf(page, BLCKSZ);
    if ((trailer->flags & kListed) != 0)
        return;
    trailer->flags |= kListed;
    trailer->next = *head;
    *head = block;
}

// Takes a page off that `link` leads to: the head, or `next` of the page before it.
inline void
UnlistRoom(uint32_t *link, char *page)
{
    Trailer *trailer = TrailerOf(page, BLCKSZ);
    *link = trailer->next;
    trailer->next = kNoBlock;
    trailer->flags = 0;
}

// Makes a page that was nobody's an empty one of a kind, at the head.
inline void
StartRoom(uint32_t *head, char *page, BlockNumber block, PageKind kind)
{
    InitPage(page, kind);
    ListRoom(head, page, block);
}

// The same of a node page, whose slots count.
inline void
StartNodePage(MetaPage *meta, const Geometry &geometry, char *page, BlockNumber block)
{
    StartRoom(&meta->node_room_head, page, block, PageKind::kNode);
    meta->free_slots += geometry.slots_per_page;
    ++meta->node_pages;
}

// ERRORS: program_limit_exceeded when nodes of the block would have no number.
inline void
RequireNodeNumbers(Relation index, const Geometry &geometry, BlockNumber block)
{
    if (block >= kMaxNodes / geometry.slots_per_page)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" has reached its limit of %u node slots",
                               RelationGetRelationName(index), kMaxNodes)));
}

} // namespace omendb
