// Checks of values, and the options that tell the indexes compared.
#include "options.h"

#include <sstream>

namespace omendb::bench {

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
    if (text == "l1")
        return Metric::kL1;
    if (text == "hamming")
        return Metric::kHamming;
    if (text == "jaccard")
        return Metric::kJaccard;
    throw std::runtime_error("a metric is cos, l2, ip, l1, hamming or jaccard, not \"" + text +
                             '"');
}

void
RequireValues(Metric metric, bool from_files)
{
    if (from_files && (metric == Metric::kHamming || metric == Metric::kJaccard))
        throw std::runtime_error(std::string("--metric ") + MetricName(metric) +
                                 " is of bits, which files do not hold: give a --table with a bit "
                                 "column, and no --queries");
}

std::string
Assignment(const std::string &text)
{
    if (text.find('=') == std::string::npos || text[0] == '=')
        throw std::runtime_error('"' + text + "\" is not name=value");
    return text;
}

std::vector<Option<Args>>
SideOptions()
{
    using A = Args;
    using S = const std::string &;
    return {
        {nullptr, nullptr, "The index under test", nullptr},
        {"index", "METHOD", "access method (omendb)", [](A &a, S v) { a.side.method = v; }},
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
        {"versus-with", "OPTIONS", "as --with", [](A &a, S v) { a.versus.with = v; }},
        {"versus-param", "NAME", "as --param", [](A &a, S v) { a.versus.parameter = v; }},
        {"versus-set", "N=V", "as --set",
         [](A &a, S v) { a.versus.settings.push_back(Assignment(v)); }},
        {"versus-extension", "NAME", "as --extension", [](A &a, S v) { a.versus.extension = v; }},
        {"versus-schema", "NAME", "as --schema", [](A &a, S v) { a.versus.schema = v; }},
    };
}

void
CompleteSide(SideArgs &side)
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

} // namespace omendb::bench
