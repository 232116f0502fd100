// What a run of omendb_writes finds out: lines of a table, one value a side.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace omendb::bench {

struct WriteLine {
    std::string step, name, unit;
    std::optional<double> values[2];
};

struct WriteFigures {
    std::string title, server; // the server's version and the settings that matter
    std::vector<std::string> labels;
    std::vector<WriteLine> lines; // in the order in which they were first set
    std::vector<std::string> remarks;

    void Set(size_t side, const std::string &step, const std::string &name, const std::string &unit,
             double value);
    // Said now, and once more under the table.
    void Remark(const std::string &text);
};

std::string WritesTextReport(const WriteFigures &figures);
// step,figure,unit and a column a side.
std::string WritesCsvReport(const WriteFigures &figures);

} // namespace omendb::bench
