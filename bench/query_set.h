// The queries: vectors in the binary form in which they are sent.
#pragma once

#include "args.h"
#include "side.h"
#include "vector_file.h"

#include <string>
#include <vector>

namespace omendb::bench {

using QuerySet = std::vector<std::string>;

QuerySet QueriesFromFile(const VectorFile &file, int limit);

// A reproducible random sample of the table's own vectors. Each is then its own nearest neighbour.
QuerySet QueriesFromTable(const Args &args, const Source &source);

// Dimensions of a query in its type's binary form, which begins with them.
int QueryDims(const std::string &wire, const std::string &type_name);

} // namespace omendb::bench
