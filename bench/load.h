// Filling a side's table: rows by binary COPY, from a file or from the user's table.
#pragma once

#include "args.h"
#include "side.h"
#include "vector_file.h"

namespace omendb::bench {

struct LoadFigures {
    long rows = 0;
    double seconds = 0; // 0: the table was there
};

// COPYs rows `first` .. `first + count - 1` into the side's table; the id is the row's number. Beyond the
// file's end its vectors begin anew. Returns the seconds that the COPY took.
double CopyRows(Connection &connection, const Side &side, const VectorFile &base, long first,
                long count, const std::string &title);

// The file's rows, ids from 0. `row_limit` 0: all of them.
LoadFigures LoadFile(const Args &args, const Side &side, const VectorFile &base, long row_limit);

// The rows of the source whose vector is not NULL, with their own ids; the bytes pass through unread.
LoadFigures LoadTable(const Args &args, const Side &side, const Source &source, long row_limit);

} // namespace omendb::bench
