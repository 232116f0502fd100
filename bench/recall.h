// Recall: the share of the true neighbours that searches find.
#pragma once

#include "query_set.h"
#include "searcher.h"
#include "truth.h"

#include <functional>
#include <string>

namespace omendb::bench {

struct Recall {
    double mean = 0;       // over the queries, of the share of the k
    int short_answers = 0; // queries that got fewer than k rows
};

// Searches for every query as the searcher is set; calls `tick` after each. Ctrl-C ends it by exception.
Recall MeasureRecall(Searcher &searcher, const QuerySet &queries, const Truth &truth,
                     const std::function<void()> &tick);

// Says that another plan than the side's index answers.
void WarnWithoutIndex(const Side &side, const std::string &plan);

} // namespace omendb::bench
