// The command line: what is measured, where, and how long. Every option has its default here.
#pragma once

#include <string>
#include <vector>

namespace omendb::bench {

enum class Metric { kCosine, kL2, kInnerProduct, kL1, kHamming, kJaccard };

enum class TruthSource {
    kAutomatic, // a file when one is given, else threads over the file's vectors, else SQL
    kThreads,
    kSql,
};

// One of the two things compared: an index access method and what to tell it.
struct SideArgs {
    std::string method;     // access method, "omendb"; empty: no such side
    std::string extension;  // what CREATE EXTENSION takes; empty: known from the method
    std::string schema;     // work here, in the connected database; empty: in a database of its own
    std::string with;       // storage parameters of CREATE INDEX, "m=16,ef_construction=64"
    std::string parameter;  // the search parameter; empty: known from the method
    std::vector<int> sweep; // its values
    std::vector<std::string> settings; // "name=value", SET in every session of this side
};

struct Args {
    std::string connection; // libpq connection string; PGHOST and the like count as usual

    // The data: files, or an existing table.
    std::string base_file, query_file, truth_file;
    std::string table, column, id;
    long row_limit = 0; // 0: all
    int query_limit = 1000;

    SideArgs side;
    SideArgs versus;
    Metric metric = Metric::kCosine;
    TruthSource truth = TruthSource::kAutomatic;

    int k = 10;
    std::vector<int> clients{1};
    int rounds = 3;
    double seconds = 2.0;    // of every timed run
    int explain_sample = 50; // queries whose pages are counted
    std::vector<double> recall_targets{0.95, 0.99};

    std::string maintenance_work_mem; // empty: the server's
    int build_workers = -1;           // max_parallel_maintenance_workers; -1: the server's
    bool one_cpu = false;             // each client and its backend on one CPU
    bool force_index = false;         // enable_seqscan = off while searching
    bool keep = false;
    std::string cold_command; // restarts the server; empty: nothing is measured cold
    int cold_sample = 5;
    std::string out; // prefix of .txt .csv .json .svg
    std::string title;
};

// The arguments, checked. Prints the help and exits for --help; throws std::runtime_error with a sentence
// for the user when they make no sense.
Args ParseArgs(int argc, char **argv);

const char *MetricName(Metric metric);
// "<=>", "<->" or "<#>".
const char *MetricOperator(Metric metric);

} // namespace omendb::bench
