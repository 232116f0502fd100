// How the two sides are measured so that their ratio means something: recall and pages first, which also
// warms every cache; then rounds, each visiting every point of both sides in turn (A B A B ...), so that a
// machine that slows down for a while slows both. The median of the rounds counts.
#include "measure.h"

#include "interrupt.h"
#include "progress.h"
#include "recall.h"
#include "searcher.h"
#include "timed_run.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace omendb::bench {
namespace {

constexpr int kMemorySessions = 3;
constexpr size_t kMemoryQueries = 300;

// Private memory of a session before and after a few hundred queries; `parameter` 0: the server's default.
// Of three sessions the smallest: one that starts just after a catalog changed rebuilds the relation
// cache's file, and its memory is none of the index's.
void
MeasureMemory(const Args &args, const Side &side, const QuerySet &queries, int parameter,
              std::optional<double> &before, std::optional<double> &after)
{
    for (int session = 0; session < kMemorySessions; session++) {
        Searcher searcher(args, side);
        std::optional<double> at_start = searcher.PrivateBytes();
        if (!at_start)
            return;
        if (parameter > 0)
            searcher.SetParameter(parameter);
        for (size_t i = 0; i < std::min(queries.size(), kMemoryQueries); i++) {
            ThrowIfInterrupted();
            searcher.SearchOnly(queries[i]);
        }
        std::optional<double> at_end = searcher.PrivateBytes();
        if (at_end && (!after || *at_end < *after)) {
            before = at_start;
            after = at_end;
        }
    }
}

// First figures of one side: plan, memory, recall and pages at every point.
void
Survey(const Args &args, const Side &side, const QuerySet &queries, const Truth &truth,
       SideFigures &figures)
{
    Say(side.label + ": recall and pages");
    MeasureMemory(args, side, queries, 0, figures.memory_before, figures.memory_default);
    Searcher searcher(args, side);
    std::string other_plan = searcher.PlanWithoutIndex(queries[0]);
    figures.index_used = other_plan.empty();
    if (!figures.index_used)
        WarnWithoutIndex(side, other_plan);

    Progress progress(side.label + ": recall",
                      static_cast<double>(queries.size() * side.args.sweep.size()));
    double done = 0;
    for (int parameter : side.args.sweep) {
        Point point;
        point.parameter = parameter;
        searcher.SetParameter(parameter);
        Recall recall = MeasureRecall(searcher, queries, truth, [&] { progress.Update(++done); });
        point.recall = recall.mean;
        point.short_answers = recall.short_answers;
        PageCount pages = searcher.CountPages(queries, static_cast<size_t>(args.explain_sample));
        point.pages_hit = pages.hit;
        point.pages_read = pages.read;
        figures.points.push_back(point);
    }
    std::optional<double> unused;
    MeasureMemory(args, side, queries,
                  *std::max_element(side.args.sweep.begin(), side.args.sweep.end()), unused,
                  figures.memory_largest);
}

// One timed run of every point and number of clients of one side, kept until the rounds are over.
struct Runs {
    std::vector<std::vector<std::vector<TimedRun>>> of; // [point][clients][round]
};

void
TimeRounds(const Args &args, const std::vector<Side> &sides, const QuerySet &queries,
           Figures &figures)
{
    size_t most_points = 0;
    double steps = 0;
    std::vector<Runs> runs(sides.size());
    for (size_t s = 0; s < sides.size(); s++) {
        size_t points = sides[s].args.sweep.size();
        runs[s].of.assign(points, std::vector<std::vector<TimedRun>>(args.clients.size()));
        most_points = std::max(most_points, points);
        steps += static_cast<double>(points * args.clients.size()) * args.rounds;
    }
    Progress progress("speed", steps);
    double done = 0;
    std::vector<TimedRun> round_trips;
    for (int round = 0; round < args.rounds; round++) {
        round_trips.push_back(
            RunTimed(Work::kRoundTrip, args, sides[0], sides[0].args.sweep.front(), 1, queries, 0));
        for (size_t p = 0; p < most_points; p++) {
            for (size_t c = 0; c < args.clients.size(); c++) {
                for (size_t s = 0; s < sides.size(); s++) {
                    if (p >= sides[s].args.sweep.size())
                        continue;
                    int parameter = sides[s].args.sweep[p];
                    progress.Update(done++, sides[s].label + " at " + std::to_string(parameter) +
                                                ", " + std::to_string(args.clients[c]) +
                                                " client(s), round " + std::to_string(round + 1));
                    size_t first = queries.size() * static_cast<size_t>(round) /
                                   static_cast<size_t>(args.rounds);
                    runs[s].of[p][c].push_back(RunTimed(Work::kSearch, args, sides[s], parameter,
                                                        args.clients[c], queries, first));
                }
            }
        }
    }
    figures.round_trip = Summarise(1, round_trips);
    for (size_t s = 0; s < sides.size(); s++) {
        for (size_t p = 0; p < runs[s].of.size(); p++) {
            for (size_t c = 0; c < args.clients.size(); c++)
                figures.sides[s].points[p].speed.push_back(
                    Summarise(args.clients[c], runs[s].of[p][c]));
        }
    }
}

// Restarts the server before every query, so that it finds nothing in shared_buffers.
void
MeasureCold(const Args &args, const std::vector<Side> &sides, const QuerySet &queries,
            Figures &figures)
{
    double steps = 0, done = 0;
    for (const Side &side : sides)
        steps += static_cast<double>(side.args.sweep.size()) * args.cold_sample;
    Progress progress("cold", steps);
    for (size_t s = 0; s < sides.size(); s++) {
        for (Point &point : figures.sides[s].points) {
            size_t sample = std::min(queries.size(), static_cast<size_t>(args.cold_sample));
            double read = 0, all = 0;
            for (size_t i = 0; i < sample; i++) {
                ThrowIfInterrupted();
                if (system(args.cold_command.c_str()) != 0)
                    throw std::runtime_error("--cold-command failed: " + args.cold_command);
                Searcher searcher(args, sides[s]);
                searcher.SetParameter(point.parameter);
                PageCount pages = searcher.CountPages({queries[i]}, 1);
                read += pages.read;
                all += pages.read + pages.hit;
                progress.Update(++done);
            }
            point.cold_pages_read = read / static_cast<double>(sample);
            point.cold_pages = all / static_cast<double>(sample);
        }
    }
}

} // namespace

void
Measure(const Args &args, const std::vector<Side> &sides, const QuerySet &queries,
        const Truth &truth, Figures &figures)
{
    for (size_t s = 0; s < sides.size(); s++) {
        Survey(args, sides[s], queries, truth, figures.sides[s]);
        int most_short = 0;
        for (const Point &point : figures.sides[s].points)
            most_short = std::max(most_short, point.short_answers);
        if (most_short > 0)
            Say("*** " + sides[s].label + ": up to " + std::to_string(most_short) + " of " +
                std::to_string(queries.size()) + " queries got fewer than " +
                std::to_string(truth.k) + " rows (column short)");
    }
    TimeRounds(args, sides, queries, figures);
    if (!args.cold_command.empty())
        MeasureCold(args, sides, queries, figures);
}

} // namespace omendb::bench
