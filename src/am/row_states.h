// The states of a row on its way from the delta into the graph, each reached by one WAL record over meta, delta
// and node pages; src/am/README.md says what a crash between two of them leaves.
//
//     delta  →  delta, joining node  →  live node          (WriteJoining, MakeLive)
//     delta  →  TID of a live node of the same code        (AddTid)
#pragma once

#include "node_edit.h"

namespace omendb {

// Where a delta row stands.
struct DeltaPlace {
    BlockNumber block;
    uint32_t at;
};

struct JoiningRow {
    DeltaPlace place;
    NodeView node; // image of its node
    uint32_t id;   // its number; kNoNode before it is written
};

// An image of a row's node, joining and without neighbours, in the editor's pool.
NodeView JoiningNode(NodeEditor *editor, const DeltaItem &item, const int8_t *own);

// Writes images to free slots, notes their numbers in the delta items and in the rows, and their births in the
// images.
// WAL: one record for as many rows as follow each other in one delta page and two node pages.
void WriteJoining(NodeEditor *editor, JoiningRow *rows, size_t count);

// Makes joining nodes that are linked live, with their rows' TIDs; the delta items go. WAL: as WriteJoining.
void MakeLive(NodeEditor *editor, const JoiningRow *rows, size_t count);

// Adds a heap TID to a live node; the delta item at `place` goes in the same WAL record.
void AddTid(NodeEditor *editor, uint32_t node, const HeapTid &tid, DeltaPlace place);

// Frees a node's slot in the image of its page, and raises its generation; the page goes on the list of those with room.
// The node's count in `meta` is the caller's business, and so is its cold record.
void ClearSlot(const Geometry &geometry, MetaPage *meta, char *page, uint32_t id);

} // namespace omendb
