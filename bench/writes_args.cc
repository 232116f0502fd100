// The command line of omendb_writes.
#include "writes_args.h"

#include "options.h"

#include <algorithm>

namespace omendb::bench {
namespace {

constexpr const char *kUsage =
    "omendb_writes: what writing into a table with a vector index costs, on your own data.\n\n"
    "  omendb_writes --base b.fbin [--queries q.fbin] [--steps copy,insert,...] [options]\n";

const std::vector<std::string> kSteps{"copy", "insert", "wal", "update", "vacuum", "churn"};

std::vector<std::string>
StepsOf(const std::string &text)
{
    std::vector<std::string> wanted = Split(text), ordered;
    for (const std::string &step : wanted) {
        if (std::find(kSteps.begin(), kSteps.end(), step) == kSteps.end())
            throw std::runtime_error("there is no step \"" + step + '"');
    }
    for (const std::string &step : kSteps) {
        if (std::find(wanted.begin(), wanted.end(), step) != wanted.end())
            ordered.push_back(step);
    }
    return ordered;
}

std::vector<Option<WritesArgs>>
Options()
{
    using A = WritesArgs;
    using S = const std::string &;
    constexpr int kMostRows = 1000000000;
    std::vector<Option<A>> options{
        {nullptr, nullptr, "The server", nullptr},
        {"dbname", "STRING", "connection string; PGHOST, PGUSER, ... count as in psql",
         [](A &a, S v) { a.connection = v; }},

        {nullptr, nullptr, "The data", nullptr},
        {"base", "FILE", "vectors, .fbin or .fvecs: the first are indexed, the next inserted",
         [](A &a, S v) { a.base_file = v; }},
        {"queries", "FILE", "query vectors for recall (the last rows of --base)",
         [](A &a, S v) { a.query_file = v; }},
        {"query-limit", "N", "how many of them (200)",
         [](A &a, S v) { a.query_limit = Whole(v, 1, 1000000); }},
        {"rows", "N", "rows in the index when a step begins (200000, fewer of a small file)",
         [](A &a, S v) { a.rows = Whole(v, 100, kMostRows); }},
        {"metric", "M", "cos, l2, ip or l1 (cos)", [](A &a, S v) { a.metric = MetricOf(v); }},
        {"k", "N", "neighbours asked for (10)", [](A &a, S v) { a.k = Whole(v, 1, 10000); }},
    };
    for (const Option<Args> &option : SideOptions())
        options.push_back({option.name, option.value, option.help, option.apply});
    const std::vector<Option<A>> rest{
        {nullptr, nullptr, "The measurement", nullptr},
        {"steps", "LIST", "of copy,insert,wal,update,vacuum,churn (all of them)",
         [](A &a, S v) { a.steps = StepsOf(v); }},
        {"small-copy", "N", "copy: rows of a COPY that fits the delta (1000)",
         [](A &a, S v) { a.small_copy_rows = Whole(v, 1, kMostRows); }},
        {"copy", "N", "copy: rows of the large COPY (100000, at most a tenth of the file)",
         [](A &a, S v) { a.copy_rows = Whole(v, 1, kMostRows); }},
        {"versus-copy", "N", "the same for the other index, where it is slow",
         [](A &a, S v) { a.versus_copy_rows = Whole(v, 1, kMostRows); }},
        {"clients", "N", "insert: sessions that insert at once (8)",
         [](A &a, S v) { a.insert_clients = Whole(v, 1, 1000); }},
        {"seconds", "S", "insert: for how long (10)",
         [](A &a, S v) { a.seconds = Number(v, 0.1, 86400); }},
        {"wal-rows", "N", "wal: rows of each COPY (2000)",
         [](A &a, S v) { a.wal_rows = Whole(v, 1, kMostRows); }},
        {"update-rows", "N", "update: rows of each UPDATE (10000)",
         [](A &a, S v) { a.update_rows = Whole(v, 1, kMostRows); }},
        {"rounds", "N", "copy (the small one), update: the median of N counts (3)",
         [](A &a, S v) { a.rounds = Whole(v, 1, 1000); }},
        {"churn-rounds", "N", "churn: rounds of 20 % deleted and inserted (5)",
         [](A &a, S v) { a.churn_rounds = Whole(v, 1, 1000); }},
        {"ef", "N", "vacuum, churn: the search parameter (the server's default)",
         [](A &a, S v) { a.side.sweep = {Whole(v, 1, 1000000)}; }},
        {"versus-ef", "N", "as --ef", [](A &a, S v) { a.versus.sweep = {Whole(v, 1, 1000000)}; }},
        {"force-index", nullptr, "enable_seqscan = off while searching",
         [](A &a, S) { a.force_index = true; }},
        {"wait", nullptr, "wait until the delta has been merged by itself; else omendb_merge",
         [](A &a, S) { a.wait = true; }},
        {"maintenance-work-mem", "SIZE", "in every session, as 1GB",
         [](A &a, S v) { a.maintenance_work_mem = v; }},
        {"build-workers", "N", "max_parallel_maintenance_workers for the builds",
         [](A &a, S v) { a.build_workers = Whole(v, 0, 1024); }},

        {nullptr, nullptr, "The result", nullptr},
        {"out", "PREFIX", "write PREFIX.txt and .csv", [](A &a, S v) { a.out = v; }},
        {"title", "TEXT", "its first line (the file's name)", [](A &a, S v) { a.title = v; }},
        {"keep", nullptr, "keep tables and databases; say where they are",
         [](A &a, S) { a.keep = true; }},
    };
    options.insert(options.end(), rest.begin(), rest.end());
    return options;
}

void
Check(WritesArgs &args)
{
    if (args.base_file.empty())
        throw std::runtime_error("give the data: --base FILE (--help lists all options)");
    RequireValues(args.metric, true);
    if (args.steps.empty())
        args.steps = kSteps;
    if (args.side.method.empty())
        args.side.method = "omendb";
    CompleteSide(args.side);
    if (!args.versus.method.empty())
        CompleteSide(args.versus);
    if (args.maintenance_work_mem.empty())
        return;
    for (SideArgs *side : {&args.side, &args.versus})
        side->settings.push_back("maintenance_work_mem=" + args.maintenance_work_mem);
}

} // namespace

WritesArgs
ParseWritesArgs(int argc, char **argv)
{
    WritesArgs args;
    args.seconds = 10;
    args.query_limit = 200;
    ParseOptions(Options(), kUsage, argc, argv, args);
    Check(args);
    return args;
}

} // namespace omendb::bench
