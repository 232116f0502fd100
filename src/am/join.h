// Delta rows become part of the graph, many at once: each is searched for, then all are written as joining nodes,
// then the back-edges of all go into the lists page by page, then all come alive.
#pragma once

#include "row_states.h"

namespace omendb {

// A row of the delta, copied.
struct DeltaRow {
    DeltaPlace place;
    DeltaItem item;
    const int8_t *own; // `coded` values
};

// Rows that are best joined together: so many that pages are shared, so few that their memory is small.
uint32_t JoinBatch(const Geometry &geometry);

// Merges rows that no merge has begun with, at most JoinBatch of them. Rows of one batch become each other's
// neighbours as well; of equal ones, one becomes a node.
// WAL: of a row equal to a node one record; else nodes, then back-edges and entries, then the end (row_states.h,
// back_edges.h).
// REQUIRES: the merge right; no other node is joining.
void JoinRows(Relation index, const DeltaRow *rows, size_t count);

// Completes merges that were cut off, of rows whose nodes are joining: back-edges, anchors, the end. Of a row whose node
// is live, which a merge by building leaves, only the end. The rows may change places.
void FinishRows(Relation index, DeltaRow *rows, size_t count);

} // namespace omendb
