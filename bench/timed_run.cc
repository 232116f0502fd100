// The timed loops. Sessions are opened and each has searched a little before the clock starts: the first
// queries of a session plan and fill the catalog caches, and a prepared statement settles on its plan at
// the sixth.
#include "timed_run.h"

#include "interrupt.h"
#include "order.h"
#include "searcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <sched.h>
#include <stdexcept>
#include <thread>

namespace omendb::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kWarmingQueries = 20;

std::vector<int>
AllowedCpus()
{
    cpu_set_t allowed;
    std::vector<int> cpus;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &allowed))
                cpus.push_back(cpu);
    if (cpus.empty())
        throw std::runtime_error("--one-cpu cannot tell which CPUs there are");
    return cpus;
}

void
BindThread(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one); // it may run there: AllowedCpus says so
}

} // namespace

TimedRun
RunTimed(Work work, const Args &args, const Side &side, int parameter, int clients,
         const QuerySet &queries, size_t first)
{
    size_t count = static_cast<size_t>(clients);
    std::vector<std::unique_ptr<Searcher>> searchers;
    for (size_t client = 0; client < count; client++) {
        ThrowIfInterrupted();
        searchers.push_back(std::make_unique<Searcher>(args, side));
        searchers.back()->SetParameter(parameter);
        for (size_t i = 0; i < kWarmingQueries; i++)
            searchers.back()->SearchOnly(queries[i % queries.size()]);
    }
    std::vector<int> cpus = args.one_cpu ? AllowedCpus() : std::vector<int>();
    if (args.one_cpu)
        for (size_t client = 0; client < count; client++)
            searchers[client]->BindBackend(cpus[client % cpus.size()]);
    std::vector<std::vector<float>> times(count);
    std::vector<std::thread> threads;
    std::atomic<bool> go{false};
    std::exception_ptr failure;
    std::mutex failure_lock;
    Clock::time_point start;
    auto run_client = [&](size_t client) {
        if (args.one_cpu)
            BindThread(cpus[client % cpus.size()]);
        while (!go)
            std::this_thread::yield();
        Clock::time_point before = start;
        Clock::time_point end = start + std::chrono::duration_cast<Clock::duration>(
                                            std::chrono::duration<double>(args.seconds));
        try {
            for (size_t i = first + client * queries.size() / count; before < end && !Interrupted();
                 i++) {
                const std::string &query = queries[i % queries.size()];
                if (work == Work::kSearch)
                    searchers[client]->SearchOnly(query);
                else
                    searchers[client]->RoundTrip(query);
                Clock::time_point after = Clock::now();
                times[client].push_back(
                    std::chrono::duration<float, std::milli>(after - before).count());
                before = after;
            }
        } catch (...) {
            std::lock_guard<std::mutex> hold(failure_lock);
            failure = std::current_exception();
        }
    };
    for (size_t client = 0; client < count; client++)
        threads.emplace_back(run_client, client);
    start = Clock::now();
    go = true;
    for (std::thread &thread : threads)
        thread.join();
    double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    if (failure)
        std::rethrow_exception(failure);
    ThrowIfInterrupted();

    TimedRun run;
    for (const std::vector<float> &of_client : times)
        run.milliseconds.insert(run.milliseconds.end(), of_client.begin(), of_client.end());
    run.queries_per_second = static_cast<double>(run.milliseconds.size()) / elapsed;
    return run;
}

SpeedFigures
Summarise(int clients, const std::vector<TimedRun> &rounds)
{
    SpeedFigures figures;
    figures.clients = clients;
    std::vector<double> rates;
    std::vector<float> milliseconds;
    for (const TimedRun &run : rounds) {
        rates.push_back(run.queries_per_second);
        milliseconds.insert(milliseconds.end(), run.milliseconds.begin(), run.milliseconds.end());
    }
    figures.queries_per_second = Median(rates);
    std::sort(milliseconds.begin(), milliseconds.end());
    figures.p50_ms = Percentile(milliseconds, 0.50);
    figures.p95_ms = Percentile(milliseconds, 0.95);
    figures.p99_ms = Percentile(milliseconds, 0.99);
    return figures;
}

} // namespace omendb::bench
