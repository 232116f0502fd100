// The table of omendb_writes.
#include "writes_figures.h"

#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace omendb::bench {
namespace {

// Four digits; whole numbers from 1,000 on.
std::string
Figure(const std::optional<double> &value)
{
    if (!value)
        return "-";
    char text[64];
    double size = std::fabs(*value);
    snprintf(text, sizeof text,
             size >= 1000              ? "%.0f"
             : size >= 1 || size < 0.1 ? "%.4g"
                                       : "%.4f",
             *value);
    return text;
}

std::string
Padded(const std::string &text, size_t columns, bool right)
{
    std::string padding(text.size() < columns ? columns - text.size() : 0, ' ');
    return right ? padding + text : text + padding;
}

} // namespace

void
WriteFigures::Set(size_t side, const std::string &step, const std::string &name,
                  const std::string &unit, double value)
{
    auto line = std::find_if(lines.begin(), lines.end(), [&](const WriteLine &one) {
        return one.step == step && one.name == name;
    });
    if (line == lines.end())
        line = lines.insert(lines.end(), {step, name, unit, {}});
    line->values[side] = value;
}

void
WriteFigures::Remark(const std::string &text)
{
    Say(text);
    if (std::find(remarks.begin(), remarks.end(), text) == remarks.end())
        remarks.push_back(text);
}

std::string
WritesTextReport(const WriteFigures &figures)
{
    size_t name_columns = 0;
    for (const WriteLine &line : figures.lines)
        name_columns = std::max(name_columns, line.name.size());
    bool two = figures.labels.size() == 2;
    auto row = [&](const std::string &name, const std::string &unit, const std::string &a,
                   const std::string &b, const std::string &ratio) {
        std::string text = "  " + Padded(name, name_columns + 2, false) + Padded(unit, 8, false) +
                           Padded(a, 12, true);
        if (two)
            text += Padded(b, 12, true) + Padded(ratio, 10, true);
        return text + "\n";
    };
    std::string text = figures.title + "\n" + figures.server + "\n";
    std::string step;
    for (const WriteLine &line : figures.lines) {
        if (line.step != step) {
            step = line.step;
            text += "\n" + step + "\n" +
                    row("", "", figures.labels[0], two ? figures.labels[1] : "", "ratio");
        }
        const std::optional<double> &a = line.values[0], &b = line.values[1];
        std::optional<double> ratio;
        if (a && b && *b != 0)
            ratio = *a / *b;
        text += row(line.name, line.unit, Figure(a), Figure(b), ratio ? Figure(ratio) : "");
    }
    if (!figures.remarks.empty())
        text += "\n";
    for (const std::string &remark : figures.remarks)
        text += "  * " + remark + "\n";
    return text;
}

std::string
WritesCsvReport(const WriteFigures &figures)
{
    std::string text = "step,figure,unit";
    for (const std::string &label : figures.labels)
        text += "," + label;
    text += "\n";
    for (const WriteLine &line : figures.lines) {
        text += line.step + ",\"" + line.name + "\"," + line.unit;
        for (size_t side = 0; side < figures.labels.size(); side++) {
            char value[32] = "";
            if (line.values[side])
                snprintf(value, sizeof value, "%.6g", *line.values[side]);
            text += std::string(",") + value;
        }
        text += "\n";
    }
    return text;
}

} // namespace omendb::bench
