// One delta row becomes part of the graph.
#pragma once

#include "merge.h"
#include "node_edit.h"

namespace omendb {

// Where a delta row stands.
struct DeltaPlace {
    BlockNumber block;
    uint32_t at;
};

// Merges one row. `own` has `coded` values. Memory comes from the editor's pool.
// WAL: a twin of a node: one record; else the new node (joining) with the delta item, then each back-edge,
// then both made final in one record.
void JoinRow(NodeEditor *editor, const MetaPage &meta, DeltaPlace place, const DeltaItem &item,
             const int8_t *own);

// An image of a row's node, joining and without neighbours, in the editor's pool.
NodeView JoiningNode(NodeEditor *editor, const DeltaItem &item, const int8_t *own);

// Writes such an image to a free slot and notes it in the delta item. Returns the node's number.
// `birth`: one reserved before; null: the next. WAL: one record.
uint32_t WriteJoining(NodeEditor *editor, DeltaPlace place, NodeView node, const uint64_t *birth);

// Makes a joining node that is linked live, with its row's TID; the delta item goes. WAL: one record.
void MakeLive(NodeEditor *editor, DeltaPlace place, uint32_t node);

// The last steps of JoinRow, for a node that is already written: back-edges, anchor, final record.
void FinishRow(NodeEditor *editor, DeltaPlace place, uint32_t node);

// Adds a heap TID to a node; the delta item at `place` goes in the same WAL record.
void AddTid(NodeEditor *editor, uint32_t node, const HeapTid &tid, DeltaPlace place);

} // namespace omendb
