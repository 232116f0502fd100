// The command line of omendb_bench.
#include "args.h"

#include "options.h"

namespace omendb::bench {
namespace {

TruthSource
TruthOf(const std::string &text)
{
    if (text == "threads")
        return TruthSource::kThreads;
    if (text == "sql")
        return TruthSource::kSql;
    throw std::runtime_error("--truth is threads or sql, not \"" + text + '"');
}

using A = Args;
using S = const std::string &;

std::vector<Option<Args>>
Options()
{
    std::vector<Option<Args>> options{
        {nullptr, nullptr, "The server", nullptr},
        {"dbname", "STRING", "connection string; PGHOST, PGUSER, ... count as in psql",
         [](A &a, S v) { a.connection = v; }},

        {nullptr, nullptr, "The data: files", nullptr},
        {"base", "FILE", "vectors to index, .fbin or .fvecs", [](A &a, S v) { a.base_file = v; }},
        {"queries", "FILE", "query vectors, .fbin or .fvecs", [](A &a, S v) { a.query_file = v; }},
        {"truth-file", "FILE", "true neighbours, .ibin or .ivecs; computed when absent",
         [](A &a, S v) { a.truth_file = v; }},
        {nullptr, nullptr, "The data: an existing table", nullptr},
        {"table", "NAME", "table or materialized view, may be schema.name",
         [](A &a, S v) { a.table = v; }},
        {"column", "NAME", "its vector column", [](A &a, S v) { a.column = v; }},
        {"id", "NAME", "its unique column (default: id)", [](A &a, S v) { a.id = v; }},
        {nullptr, nullptr, "Both", nullptr},
        {"rows", "N", "use the first N rows only (copies, not --table in place)",
         [](A &a, S v) { a.row_limit = Whole(v, 1, 2000000000); }},
        {"query-limit", "N", "use, or sample from the table, N queries (1000)",
         [](A &a, S v) { a.query_limit = Whole(v, 1, 10000000); }},
        {"metric", "M", "cos, l2, ip, l1; of a table's bits: hamming, jaccard (cos)",
         [](A &a, S v) { a.metric = MetricOf(v); }},
        {"truth", "HOW", "threads (in this program) or sql (sequential scans)",
         [](A &a, S v) { a.truth = TruthOf(v); }},
        {"k", "N", "neighbours asked for, LIMIT (10)", [](A &a, S v) { a.k = Whole(v, 1, 10000); }},
    };
    for (const Option<Args> &option : SideOptions())
        options.push_back(option);
    const std::vector<Option<Args>> rest{
        {nullptr, nullptr, "The measurement", nullptr},
        {"ef", "LIST", "values of the search parameter (16,32,64,128,256,512)",
         [](A &a, S v) { a.side.sweep = WholeList(v, 1, 1000000); }},
        {"versus-ef", "LIST", "as --ef; default the same values",
         [](A &a, S v) { a.versus.sweep = WholeList(v, 1, 1000000); }},
        {"clients", "LIST", "numbers of clients (1)",
         [](A &a, S v) { a.clients = WholeList(v, 1, 1000); }},
        {"rounds", "N", "timed runs of every point, the median counts (3)",
         [](A &a, S v) { a.rounds = Whole(v, 1, 1000); }},
        {"seconds", "S", "length of a timed run (2)",
         [](A &a, S v) { a.seconds = Number(v, 0.01, 86400); }},
        {"one-cpu", nullptr, "a client and its backend take turns on one CPU while timed",
         [](A &a, S) { a.one_cpu = true; }},
        {"explain", "N", "queries whose pages are counted (50)",
         [](A &a, S v) { a.explain_sample = Whole(v, 1, 1000000); }},
        {"recall", "LIST", "recalls at which the two are compared (0.95,0.99)",
         [](A &a, S v) {
             a.recall_targets.clear();
             for (const std::string &part : Split(v))
                 a.recall_targets.push_back(Number(part, 0.0, 1.0));
         }},
        {"force-index", nullptr, "enable_seqscan = off while searching",
         [](A &a, S) { a.force_index = true; }},
        {"maintenance-work-mem", "SIZE", "for the builds, as 1GB",
         [](A &a, S v) { a.maintenance_work_mem = v; }},
        {"build-workers", "N", "max_parallel_maintenance_workers for the builds",
         [](A &a, S v) { a.build_workers = Whole(v, 0, 1024); }},
        {"cold-command", "SHELL",
         "restarts the server; run before each query of the cold measurement",
         [](A &a, S v) { a.cold_command = v; }},
        {"cold-sample", "N", "queries measured cold (5)",
         [](A &a, S v) { a.cold_sample = Whole(v, 1, 1000); }},

        {nullptr, nullptr, "The result", nullptr},
        {"out", "PREFIX", "write PREFIX.txt, .csv, .json and .svg", [](A &a, S v) { a.out = v; }},
        {"title", "TEXT", "of the plot (the data's name)", [](A &a, S v) { a.title = v; }},
        {"keep", nullptr, "keep tables, indexes and databases; say where they are",
         [](A &a, S) { a.keep = true; }},
    };
    options.insert(options.end(), rest.begin(), rest.end());
    return options;
}

constexpr const char *kUsage =
    "omendb_bench: recall, speed and size of a vector index, on your own data.\n\n"
    "  omendb_bench --base b.fbin --queries q.fbin [--truth-file t.ibin] [options]\n"
    "  omendb_bench --table t --column c [--id id] [--queries q.fbin] [options]\n";

void
Check(Args &args)
{
    if (args.base_file.empty() == args.table.empty())
        throw std::runtime_error(
            "give the data: either --base with --queries, or --table with --column "
            "(--help lists all options)");
    if (!args.base_file.empty() && args.query_file.empty())
        throw std::runtime_error("--base needs --queries");
    RequireValues(args.metric, !args.base_file.empty() || !args.query_file.empty());
    if (!args.table.empty()) {
        if (args.column.empty())
            throw std::runtime_error("--table needs --column");
        if (!args.truth_file.empty() || args.truth == TruthSource::kThreads)
            throw std::runtime_error("true neighbours of a table's rows come from SQL: leave out "
                                     "--truth-file and --truth threads");
        if (args.id.empty())
            args.id = "id";
    }
    if (!args.truth_file.empty() && args.row_limit != 0)
        throw std::runtime_error("--rows changes the true neighbours: leave out --truth-file");
    if (args.side.method.empty())
        args.side.method = "omendb";
    if (args.side.sweep.empty())
        args.side.sweep = {16, 32, 64, 128, 256, 512};
    CompleteSide(args.side);
    if (args.versus.method.empty())
        return;
    if (args.versus.sweep.empty())
        args.versus.sweep = args.side.sweep;
    CompleteSide(args.versus);
}

} // namespace

Args
ParseArgs(int argc, char **argv)
{
    Args args;
    ParseOptions(Options(), kUsage, argc, argv, args);
    Check(args);
    return args;
}

const char *
MetricName(Metric metric)
{
    switch (metric) {
    case Metric::kCosine:
        return "cos";
    case Metric::kL2:
        return "l2";
    case Metric::kInnerProduct:
        return "ip";
    case Metric::kL1:
        return "l1";
    case Metric::kHamming:
        return "hamming";
    case Metric::kJaccard:
        return "jaccard";
    }
    return "";
}

const char *
MetricOperator(Metric metric)
{
    switch (metric) {
    case Metric::kCosine:
        return "<=>";
    case Metric::kL2:
        return "<->";
    case Metric::kInnerProduct:
        return "<#>";
    case Metric::kL1:
        return "<+>";
    case Metric::kHamming:
        return "<~>";
    case Metric::kJaccard:
        return "<%>";
    }
    return "";
}

} // namespace omendb::bench
