// Ground truth: for each query the ids that count as found.
//
// These are the k nearest rows and every further row exactly as far as the k-th: identical vectors are in
// many real sets, and an index is not wrong for returning another one of them. Ids are kept in the binary
// form in which queries return them, so that any type of id column will do.
#pragma once

#include "args.h"
#include "query_set.h"
#include "side.h"
#include "vector_file.h"

#include <string>
#include <vector>

namespace omendb::bench {

struct Truth {
    std::vector<std::vector<std::string>>
        accepted; // a query: k ids or more, fewer in a smaller table
    int k = 0;
    std::string origin; // how it was obtained, for the report
};

// From a file of neighbour numbers; ties are recognised among the file's columns by exact distances.
// Uses the first queries that the file has; shortens `queries` to them.
Truth TruthFromFile(const NeighbourFile &file, const VectorFile &base, const VectorFile &query_file,
                    Metric metric, int k, QuerySet &queries);

// By computing every distance, on all processors.
Truth TruthByThreads(const VectorFile &base, long rows, const VectorFile &query_file,
                     size_t queries, Metric metric, int k);

// By sequential scans of the side's table, one session a processor.
Truth TruthBySql(const Args &args, const Side &side, const QuerySet &queries, int k);

} // namespace omendb::bench
