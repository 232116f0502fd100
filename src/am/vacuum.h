// Vacuum's second half: what bulk delete left as dead nodes leaves the graph.
#pragma once

#include "index_state.h"
#include "merge_worker.h"

extern "C" {
#include <commands/vacuum.h>
}

namespace omendb {

// Cost-based delay and interrupts, by the server's version; in a merge worker, giving way too.
inline void
VacuumDelay()
{
    GiveWay();
#if PG_VERSION_NUM >= 180000
    vacuum_delay_point(false);
#else
    vacuum_delay_point();
#endif
}

// Re-anchors the children of dead nodes, mends the lists that name them, takes them out of the entries, and
// frees their slots. Each step is one WAL record that keeps the invariants; a crash between leaves nodes
// dead and linked, and the next vacuum goes on.
// REQUIRES: the merge right; no joining nodes. Memory: a bit a slot.
void RemoveDeadNodes(Relation index);

} // namespace omendb
