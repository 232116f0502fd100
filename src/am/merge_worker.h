// Merging off the user's path: a background worker that an inserting backend starts when the delta is past its
// limit. It needs no shared_preload_libraries. src/am/README.md has its life.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include <utils/rel.h>
}

namespace omendb {

// Sees to it that a worker merges the index's delta, soon. False: none can be had (omendb.background_merge is
// off, max_worker_processes are all in use, or only this backend can see the index), so the caller has to.
bool RequestMergeWorker(Relation index);

// Notes that the delta is within its limit.
void ForgetMergeWorker(Relation index);

// Called now and then while merging. In a worker: ends the merge with an error when someone waits for the index.
void GiveWay();

} // namespace omendb
