// Merging a delta that is large beside its graph: the graph is linked anew in memory, old nodes and new rows
// together (graph/bulk_build.h), and then written node by node through the same states as a merge of single
// rows (join.h), so that a crash or an error at any moment leaves what those leave.
#pragma once

#include "index_state.h"

namespace omendb {

// Whether memory for so many new rows is within maintenance_work_mem (autovacuum_work_mem).
bool BulkMergeFits(Relation index, const MetaPage &meta, uint64 rows);

// Whether it is faster than row by row too. REQUIRES: the merge right.
bool BulkMergePays(Relation index);

// Merges the rows that the delta holds now. Returns how many.
// REQUIRES: the merge right; BulkMergePays; no merge is half done (FinishJoining).
uint64 MergeInBulk(Relation index);

// Notes in the meta page how far a merge by building has come. WAL: one record.
void SetBulkMerge(Relation index, BulkMergeState state);

// Takes back what a merge wrote that was cut off while it was kWriting. REQUIRES: the merge right.
void UndoBulkMerge(Relation index);

} // namespace omendb
