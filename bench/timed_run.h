// Queries against the clock, by one client or several.
#pragma once

#include "args.h"
#include "figures.h"
#include "query_set.h"
#include "side.h"

#include <vector>

namespace omendb::bench {

struct TimedRun {
    double queries_per_second = 0;
    std::vector<float> milliseconds; // of every query
};

// `clients` sessions, a thread each, started together; each goes round the queries from a place of its
// own until args.seconds have passed. The first starts at query `first`: a slow index does not get round
// in one run, and rounds that start elsewhere let it answer the same queries as a fast one.
enum class Work { kSearch, kRoundTrip };

TimedRun RunTimed(Work work, const Args &args, const Side &side, int parameter, int clients,
                  const QuerySet &queries, size_t first);

SpeedFigures Summarise(int clients, const std::vector<TimedRun> &rounds);

} // namespace omendb::bench
