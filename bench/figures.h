// What a run finds out, as numbers; measure.cc fills it in, report.cc and plot.cc show it.
#pragma once

#include "build.h"
#include "load.h"

#include <optional>
#include <string>
#include <vector>

namespace omendb::bench {

struct SpeedFigures {
    int clients = 1;
    double queries_per_second = 0;             // median of the rounds
    double p50_ms = 0, p95_ms = 0, p99_ms = 0; // over all rounds
};

// One value of the search parameter.
struct Point {
    int parameter = 0;
    double recall = 0;
    int short_answers = 0;                             // queries that got fewer than k rows
    double pages_hit = 0, pages_read = 0;              // a query, after warming
    std::optional<double> cold_pages_read, cold_pages; // a first query after a restart
    std::vector<SpeedFigures> speed;                   // as Args::clients
};

struct SideFigures {
    std::string label, parameter, with;
    LoadFigures load;
    BuildFigures build;
    bool in_place = false;
    bool index_used = true;
    // The backend's private memory in bytes: before its first search, after the queries at the server's
    // default parameter, after the queries at the largest parameter of the sweep.
    std::optional<double> memory_before, memory_default, memory_largest;
    std::vector<Point> points;
};

struct Figures {
    std::string server_version, title, metric, truth_origin;
    int dims = 0, k = 0, rounds = 0;
    size_t queries = 0;
    double seconds = 0;
    bool one_cpu = false;
    SpeedFigures round_trip; // the parameter sent, nothing searched
    std::vector<double> recall_targets;
    std::vector<SideFigures> sides; // one, or two with --versus
};

} // namespace omendb::bench
