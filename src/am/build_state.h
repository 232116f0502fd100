// CREATE INDEX: sample, load, link, write (DESIGN.md section 6).
#pragma once

#include "index_state.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/memory_graph.h"
#include "row_value.h"

extern "C" {
#include <nodes/execnodes.h>
}

namespace omendb {

// Phases in pg_stat_progress_create_index; their names are in handler.cc.
enum BuildPhase : int64 {
    kPhaseSampling = 2,
    kPhaseLoading = 3,
    kPhaseLinking = 4, // and one for each BulkPhase
    kPhaseWriting = 9,
    kPhaseMerging = 10,
};

struct BuildTeam;
struct ExternalBuild;

struct BuildState {
    Relation heap;
    Relation index;
    IndexInfo *info;
    MemoryContext context; // everything of the build
    Pool pool;
    RowShape shape;
    Metric metric;
    uint32_t dims;
    Geometry geometry;
    Space space;
    bool scaled; // false: no row was there to choose a scale by

    // Parallel workers, and the memory of what they share; null: there are none.
    BuildTeam *team;
    Pool graph_pool;         // of the graph and what is made of it; the team sees it
    ExternalBuild *external; // null: the graph is in memory
    MemoryGraph *graph;
    HeapTid *tids; // by row
    float *norms;  // by row; inner product only
    uint32_t capacity;
    float *encoded; // scratch, `padded`
    MemoryContext row_context;
    bool full;    // rows were left out, for there is no room
    bool flushed; // the graph is in its pages; further rows are inserted
    double index_rows;
};

// Fills in metric, dimensions and geometry from the index's catalog entries.
// ERRORS: invalid_parameter_value: column without dimensions; program_limit_exceeded: too many.
void DescribeIndex(BuildState *build);

// table_index_build_scan's callback; its argument is the BuildState.
void LoadRow(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive,
             void *argument);

// The options of any build, without what only its leader knows.
BulkOptions CommonBulkOptions();

// Makes an empty graph for build->capacity rows in build->graph_pool.
void MakeGraph(BuildState *build);

// The meta page of an index without rows.
void InitMeta(const BuildState *build, char *page);

// Chooses mean, scale and largest norm from a sample of the table. `sampled` is false for an empty table.
void SampleTable(BuildState *build);

// Writes the linked graph into the index's pages and logs them.
// REQUIRES: the index has no pages yet.
void WriteGraph(BuildState *build);

} // namespace omendb
