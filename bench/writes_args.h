// The command line of omendb_writes: which steps, how many rows, how many clients. Data, sides and what they
// share with omendb_bench stand in Args.
#pragma once

#include "args.h"

#include <string>
#include <vector>

namespace omendb::bench {

struct WritesArgs : Args {
    std::vector<std::string> steps; // in the order in which they run
    long rows = 0;                  // indexed when a step begins; 0: chosen from the file
    long small_copy_rows = 1000;
    long copy_rows = 0;        // 0: chosen from the file
    long versus_copy_rows = 0; // of the second side; 0: as the first
    int insert_clients = 8;
    long wal_rows = 2000;
    long update_rows = 10000;
    int churn_rounds = 5;
    bool wait = false; // for the delta to be merged by itself, instead of calling omendb_merge
};

// The arguments, checked; see ParseArgs.
WritesArgs ParseWritesArgs(int argc, char **argv);

} // namespace omendb::bench
