// One side's table while it is written to: what the steps do with it.
//
//   id integer PRIMARY KEY, v vector(d), n integer: the id is the row's number in the file, n is there to be
//   updated. fillfactor 100, so that no version of a row fits where the old one lies, and autovacuum off,
//   so that nobody else works on the table.
//
// Which rows are deleted follows from id and seed alone: both sides lose the same ones.
#pragma once

#include "build.h"
#include "recall.h"
#include "side.h"
#include "vector_file.h"
#include "writes_args.h"

#include <functional>
#include <string>

namespace omendb::bench {

class WrittenTable {
public:
    WrittenTable(const WritesArgs &args, Side side, const VectorFile &base, Workspace &workspace);

    // The first rows of the file in a table otherwise empty, and a new index; every step begins so. A
    // checkpoint comes before the build, and after it if wanted.
    BuildFigures Renew(bool checkpoint_after = true);

    // A session with the side's settings.
    Connection Session() const;

    // The next `count` numbers of rows that were never in the table.
    long Take(long count);
    // COPYs the next rows of the file; seconds until the server has answered.
    double Copy(Connection &connection, long count);
    // Until every row is in the graph; seconds, 0 for a method that keeps no delta. See README.md on --wait.
    double Merge(Connection &connection);
    // Rows that wait in the delta; -1 for a method that has none.
    long DeltaRows(Connection &connection) const;

    // Runs a statement; its seconds.
    double Timed(Connection &connection, const std::string &what, const std::string &sql) const;
    // Deletes each row with probability `percent` / 100; how many that were.
    long DeleteShare(Connection &connection, int percent, int seed) const;

    // Recall of the index against sequential scans of the table as it is now.
    Recall MeasureRecallNow(const QuerySet &queries) const;
    double IndexBytes(Connection &connection) const;

    const Side &side() const { return side_; }
    const std::string &label() const { return side_.label; }
    // How often --wait found that nobody merges any more, and called omendb_merge.
    int merge_calls_while_waiting() const { return merge_calls_; }

private:
    double WaitUntilMerged(Connection &connection);

    const WritesArgs &args_;
    Side side_;
    const VectorFile &base_;
    Workspace &workspace_;
    std::string merge_schema_; // of omendb_merge, quoted; empty: the method keeps no delta
    long next_row_ = 0;
    int merge_calls_ = 0;
};

} // namespace omendb::bench
