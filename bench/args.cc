// The command line. One table of options serves parsing and --help, so that neither can lag behind.
#include "args.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <stdexcept>

namespace omendb::bench {
namespace {

struct Option {
    const char *name;
    const char *value; // null: a flag
    const char *help;
    std::function<void(Args &, const std::string &)> apply;
};

std::vector<std::string>
Split(const std::string &text)
{
    std::vector<std::string> parts;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) {
        if (!part.empty())
            parts.push_back(part);
    }
    return parts;
}

double
Number(const std::string &text, double low, double high)
{
    char *end = nullptr;
    double value = strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= low && value <= high)) {
        std::ostringstream message;
        message << '"' << text << "\" is not a number between " << low << " and " << high;
        throw std::runtime_error(message.str());
    }
    return value;
}

int
Whole(const std::string &text, int low, int high)
{
    double value = Number(text, low, high);
    if (value != static_cast<int>(value))
        throw std::runtime_error('"' + text + "\" is not a whole number");
    return static_cast<int>(value);
}

std::vector<int>
WholeList(const std::string &text, int low, int high)
{
    std::vector<int> values;
    for (const std::string &part : Split(text))
        values.push_back(Whole(part, low, high));
    if (values.empty())
        throw std::runtime_error("an empty list");
    return values;
}

Metric
MetricOf(const std::string &text)
{
    if (text == "cos")
        return Metric::kCosine;
    if (text == "l2")
        return Metric::kL2;
    if (text == "ip")
        return Metric::kInnerProduct;
    throw std::runtime_error("a metric is cos, l2 or ip, not \"" + text + '"');
}

TruthSource
TruthOf(const std::string &text)
{
    if (text == "threads")
        return TruthSource::kThreads;
    if (text == "sql")
        return TruthSource::kSql;
    throw std::runtime_error("--truth is threads or sql, not \"" + text + '"');
}

std::string
Assignment(const std::string &text)
{
    if (text.find('=') == std::string::npos || text[0] == '=')
        throw std::runtime_error('"' + text + "\" is not name=value");
    return text;
}

using A = Args;
using S = const std::string &;

const std::vector<Option> &
Options()
{
    static const std::vector<Option> options{
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
        {"metric", "M", "cos, l2 or ip (cos)", [](A &a, S v) { a.metric = MetricOf(v); }},
        {"truth", "HOW", "threads (in this program) or sql (sequential scans)",
         [](A &a, S v) { a.truth = TruthOf(v); }},
        {"k", "N", "neighbours asked for, LIMIT (10)", [](A &a, S v) { a.k = Whole(v, 1, 10000); }},

        {nullptr, nullptr, "The index under test", nullptr},
        {"index", "METHOD", "access method (omendb)", [](A &a, S v) { a.side.method = v; }},
        {"ef", "LIST", "values of its search parameter (16,32,64,128,256,512)",
         [](A &a, S v) { a.side.sweep = WholeList(v, 1, 1000000); }},
        {"with", "OPTIONS", "its storage parameters, as m=16,ef_construction=64",
         [](A &a, S v) { a.side.with = v; }},
        {"param", "NAME", "its search parameter, as omendb.ef_search",
         [](A &a, S v) { a.side.parameter = v; }},
        {"set", "N=V", "a setting for its sessions; may be repeated",
         [](A &a, S v) { a.side.settings.push_back(Assignment(v)); }},
        {"extension", "NAME", "extension that brings it", [](A &a, S v) { a.side.extension = v; }},
        {"schema", "NAME",
         "work in this schema of the connected database, not in a database of its own",
         [](A &a, S v) { a.side.schema = v; }},

        {nullptr, nullptr, "Another index, measured in turn with it", nullptr},
        {"versus", "METHOD", "access method, as hnsw", [](A &a, S v) { a.versus.method = v; }},
        {"versus-ef", "LIST", "as --ef; default the same values",
         [](A &a, S v) { a.versus.sweep = WholeList(v, 1, 1000000); }},
        {"versus-with", "OPTIONS", "as --with", [](A &a, S v) { a.versus.with = v; }},
        {"versus-param", "NAME", "as --param", [](A &a, S v) { a.versus.parameter = v; }},
        {"versus-set", "N=V", "as --set",
         [](A &a, S v) { a.versus.settings.push_back(Assignment(v)); }},
        {"versus-extension", "NAME", "as --extension", [](A &a, S v) { a.versus.extension = v; }},
        {"versus-schema", "NAME", "as --schema", [](A &a, S v) { a.versus.schema = v; }},

        {nullptr, nullptr, "The measurement", nullptr},
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
    return options;
}

void
PrintHelp()
{
    printf("omendb_bench: recall, speed and size of a vector index, on your own data.\n\n"
           "  omendb_bench --base b.fbin --queries q.fbin [--truth-file t.ibin] [options]\n"
           "  omendb_bench --table t --column c [--id id] [--queries q.fbin] [options]\n");
    for (const Option &option : Options()) {
        if (option.name == nullptr) {
            printf("\n%s\n", option.help);
            continue;
        }
        std::string left = std::string("--") + option.name;
        if (option.value != nullptr)
            left += std::string(" ") + option.value;
        printf("  %-24s %s\n", left.c_str(), option.help);
    }
}

// What is known of the methods that people have.
void
Complete(SideArgs &side)
{
    struct Known {
        const char *method, *extension, *parameter;
    };
    static const Known known[] = {
        {"omendb", "omendb", "omendb.ef_search"},
        {"hnsw", "vector", "hnsw.ef_search"},
        {"ivfflat", "vector", "ivfflat.probes"},
    };
    for (const Known &one : known) {
        if (side.method != one.method)
            continue;
        if (side.extension.empty())
            side.extension = one.extension;
        if (side.parameter.empty())
            side.parameter = one.parameter;
    }
    if (side.extension.empty() || side.parameter.empty())
        throw std::runtime_error(
            "the access method \"" + side.method +
            "\" is not one that this program knows: name its extension and its "
            "search parameter (--extension, --param or --versus-extension, "
            "--versus-param)");
}

void
Check(Args &args)
{
    if (args.base_file.empty() == args.table.empty())
        throw std::runtime_error(
            "give the data: either --base with --queries, or --table with --column "
            "(--help lists all options)");
    if (!args.base_file.empty() && args.query_file.empty())
        throw std::runtime_error("--base needs --queries");
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
    Complete(args.side);
    if (args.versus.method.empty())
        return;
    if (args.versus.sweep.empty())
        args.versus.sweep = args.side.sweep;
    Complete(args.versus);
}

} // namespace

Args
ParseArgs(int argc, char **argv)
{
    Args args;
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--help" || word == "-h") {
            PrintHelp();
            exit(0);
        }
        std::string name = word.rfind("--", 0) == 0 ? word.substr(2) : "";
        std::string value;
        size_t equals = name.find('=');
        bool has_value = equals != std::string::npos;
        if (has_value) {
            value = name.substr(equals + 1);
            name.resize(equals);
        }
        const Option *found = nullptr;
        for (const Option &option : Options()) {
            if (option.name != nullptr && name == option.name)
                found = &option;
        }
        if (found == nullptr)
            throw std::runtime_error("unknown option \"" + word + "\" (--help lists them)");
        if (found->value == nullptr && has_value)
            throw std::runtime_error("--" + name + " takes no value");
        if (found->value != nullptr && !has_value) {
            if (++i == argc)
                throw std::runtime_error("--" + name + " needs a value");
            value = argv[i];
        }
        try {
            found->apply(args, value);
        } catch (const std::runtime_error &error) {
            throw std::runtime_error("--" + name + ": " + error.what());
        }
    }
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
    }
    return "";
}

} // namespace omendb::bench
