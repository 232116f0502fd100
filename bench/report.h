// The result as text, CSV and JSON.
#pragma once

#include "figures.h"

#include <string>

namespace omendb::bench {

// What is printed, and written to PREFIX.txt.
std::string TextReport(const Figures &figures);
// A line a side, parameter and number of clients.
std::string CsvReport(const Figures &figures);
std::string JsonReport(const Figures &figures);

} // namespace omendb::bench
