// Merging delta rows into the graph. One backend at a time holds the merge right, a heavyweight lock on the
// meta page; whoever holds it is the only writer of node, entry and tids pages, and so may read them
// without fear that they change under it.
#pragma once

#include "index_state.h"

namespace omendb {

// Rows that an inserting backend merges when the delta is past its limit: bounded help.
constexpr uint64 kInsertMergeRows = 16;

void LockMerging(Relation index);
bool TryLockMerging(Relation index);
void UnlockMerging(Relation index);

// Merges at most `max_rows` delta rows, oldest first a chain. Returns how many.
// REQUIRES: the merge right. Restartable: an error or a crash leaves every row either in the delta or in the
// graph; src/am/README.md has the steps.
uint64 MergeDelta(Relation index, uint64 max_rows);

// Merges what the delta holds now, by building if that pays (bulk_merge.h). Returns how many rows.
// REQUIRES: the merge right.
uint64 MergeAll(Relation index);

// At least as many rows as the delta holds now: a merge of so many ends, however fast others insert.
uint64 DeltaRows(Relation index);

// Completes the merges of rows that an earlier merge left half done, at most so many; with as many, there may be more,
// else none is left. Returns how many. REQUIRES: the merge right.
uint64 FinishJoining(Relation index, uint64 most = UINT64_MAX);

} // namespace omendb
