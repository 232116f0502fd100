// Parallel workers of CREATE INDEX. The leader and they scan the table together, take their pieces of each step
// of the bulk build (graph/bulk_crew.h), and write the node pages together.
//
// Phases of the team's barrier: 0 loading; then the steps of the bulk build; then laying out, which the
// leader does alone; writing. Whoever attaches late takes part in what is left.
#pragma once

#include "build_state.h"
#include "omendb/pg/shared_memory.h"
#include "write_pages.h"

extern "C" {
#include <access/parallel.h>
}

namespace omendb {

struct BuildTeam {
    struct TeamShared *shared;
    ParallelContext *context; // the leader's
    SharedMemory *memory;     // the leader's
    Snapshot snapshot;        // the leader's, registered
    bool leads;
};

// Workers that PostgreSQL's settings and the table's allow.
int PlanWorkers(const BuildState *build);

// Launches workers and begins a build in memory or beyond it. On success build->team is set, and what is
// allocated from build->graph_pool, at most `bytes`, is shared memory. False: the build goes on alone, and
// nothing but build->graph_pool has changed.
bool AssembleTeam(BuildState *build, int workers, size_t bytes, bool external);

// Scans the table with the team. False: there were more rows than build->capacity, and the team is gone.
bool LoadWithTeam(BuildState *build, double *heap_rows);

// The number of the next row. False: the graph is full.
bool ClaimRow(BuildTeam *team, uint32_t capacity, uint32_t *number);
// The first of the next node pages to be written, from 0.
uint32_t ClaimNodePages(BuildTeam *team, uint32_t count);

// The same of a build beyond memory, which never runs out of numbers.
uint32_t ClaimTeamRows(BuildTeam *team, uint32_t count);
uint32_t TeamRows(const BuildTeam *team);
int TeamMembers(const BuildTeam *team); // null: one
struct ExternalTeam ExternalTeamOf(BuildState *build);

BulkTeam BulkTeamOf(BuildState *build);

// Lets the workers write what the plan says.
void ShareNodePlan(BuildTeam *team, const PagePlan &plan);
// Waits for all members.
void MeetTeam(BuildTeam *team);

// Waits until the workers are gone; the shared memory stays until the build's context goes.
void DismissTeam(BuildState *build);

} // namespace omendb
