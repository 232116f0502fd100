// Recall of a session's searches against the truth.
#include "recall.h"

#include "interrupt.h"
#include "progress.h"

#include <algorithm>
#include <sstream>

namespace omendb::bench {
namespace {

double
RecallOf(std::vector<std::string> found, const std::vector<std::string> &accepted, int k)
{
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    int hits = 0;
    for (const std::string &id : found)
        hits += std::find(accepted.begin(), accepted.end(), id) != accepted.end();
    return std::min(1.0, static_cast<double>(hits) / k);
}

} // namespace

Recall
MeasureRecall(Searcher &searcher, const QuerySet &queries, const Truth &truth,
              const std::function<void()> &tick)
{
    Recall recall;
    for (size_t i = 0; i < queries.size(); i++) {
        ThrowIfInterrupted();
        std::vector<std::string> found = searcher.Search(queries[i]);
        recall.short_answers += found.size() < static_cast<size_t>(truth.k);
        recall.mean += RecallOf(std::move(found), truth.accepted[i], truth.k);
        tick();
    }
    recall.mean /= static_cast<double>(queries.size());
    return recall;
}

void
WarnWithoutIndex(const Side &side, const std::string &plan)
{
    Say("\n*** " + side.label +
        ": THE INDEX IS NOT USED. The figures of this side are those of another plan:");
    std::istringstream lines(plan);
    for (std::string line;
         std::getline(lines, line);) // a sort key spells out the whole query vector
        Say(line.size() > 150 ? line.substr(0, 150) + " ..." : line);
    Say("*** --force-index switches sequential scans off.\n");
}

} // namespace omendb::bench
