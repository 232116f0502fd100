// The printed tables.
#include "report.h"

#include "compare.h"

#include <cstdarg>
#include <cstdio>

namespace omendb::bench {
namespace {

__attribute__((format(printf, 2, 3))) void
Add(std::string &to, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    to += line;
}

std::string
Megabytes(double bytes)
{
    std::string text;
    Add(text, "%.1f MB", bytes / (1024 * 1024));
    return text;
}

std::string
Kilobytes(const std::optional<double> &bytes)
{
    std::string text;
    if (bytes)
        Add(text, "%.0f kB", *bytes / 1024);
    return bytes ? text : "unknown";
}

void
AddStorage(std::string &to, const SideFigures &side)
{
    Add(to, "\n%s%s%s%s\n", side.label.c_str(), side.with.empty() ? "" : "  WITH (",
        side.with.c_str(), side.with.empty() ? "" : ")");
    if (side.load.seconds > 0)
        Add(to, "  load    %ld rows in %.1f s, %.0f rows/s\n", side.load.rows, side.load.seconds,
            static_cast<double>(side.load.rows) / side.load.seconds);
    else
        Add(to, "  load    %ld rows, in place\n", side.load.rows);
    if (side.build.seconds > 0)
        Add(to, "  build   %.1f s, %.0f rows/s\n", side.build.seconds,
            static_cast<double>(side.load.rows) / side.build.seconds);
    else
        Add(to, "  build   none: the index existed\n");
    Add(to, "  size    index %s, table %s\n", Megabytes(side.build.index_bytes).c_str(),
        Megabytes(side.build.table_bytes).c_str());
    Add(to,
        "  backend private memory: %s before searching, %s after at the default %s, %s after at "
        "the largest\n",
        Kilobytes(side.memory_before).c_str(), Kilobytes(side.memory_default).c_str(),
        side.parameter.c_str(), Kilobytes(side.memory_largest).c_str());
    if (!side.index_used)
        Add(to, "  *** THE INDEX WAS NOT USED: what follows measures another plan\n");
}

void
AddPoints(std::string &to, const SideFigures &side)
{
    bool cold = !side.points.empty() && side.points[0].cold_pages_read.has_value();
    Add(to, "\n  %9s %8s %8s %8s %10s %9s %9s %9s%s\n", "parameter", "recall", "pages", "clients",
        "queries/s", "p50 ms", "p95 ms", "p99 ms", cold ? "  cold read" : "");
    for (const Point &point : side.points) {
        for (size_t i = 0; i < point.speed.size(); i++) {
            const SpeedFigures &speed = point.speed[i];
            if (i == 0)
                Add(to, "  %9d %8.4f %8.1f", point.parameter, point.recall,
                    point.pages_hit + point.pages_read);
            else
                Add(to, "  %9s %8s %8s", "", "", "");
            Add(to, " %8d %10.1f %9.3f %9.3f %9.3f", speed.clients, speed.queries_per_second,
                speed.p50_ms, speed.p95_ms, speed.p99_ms);
            if (i == 0 && cold)
                Add(to, " %10.1f", point.cold_pages_read.value_or(0));
            if (i == 0 && point.short_answers > 0)
                Add(to, "  %d short", point.short_answers);
            to += '\n';
        }
    }
}

// One line of the comparison; `bound_sign` stands before a value that is only a bound.
void
AddRatio(std::string &to, const std::string &what, const char *bound_sign,
         const std::optional<AtRecall> &a, const std::optional<AtRecall> &b)
{
    auto cell = [&](const std::optional<AtRecall> &at) {
        std::string text;
        if (at)
            Add(text, "%s%.4g", at->bound ? bound_sign : "", at->value);
        return at ? text : std::string("not reached");
    };
    std::string ratio;
    if (a && b && b->value > 0)
        Add(ratio, "%s%.3f", a->bound || b->bound ? "~" : "", a->value / b->value);
    Add(to, "  %-34s %14s %14s %10s\n", what.c_str(), cell(a).c_str(), cell(b).c_str(),
        ratio.c_str());
}

void
AddComparison(std::string &to, const Figures &figures)
{
    const SideFigures &a = figures.sides[0], &b = figures.sides[1];
    Add(to, "\nAt equal recall (logarithm interpolated between points)\n");
    Add(to, "  %-34s %14s %14s %10s\n", "", a.label.c_str(), b.label.c_str(), "ratio");
    for (double recall : figures.recall_targets) {
        auto add = [&](const std::string &what, const char *bound_sign, auto figure) {
            std::string name = what;
            Add(name, " at recall %.3g", recall);
            AddRatio(to, name, bound_sign, FigureAtRecall(a.points, recall, figure),
                     FigureAtRecall(b.points, recall, figure));
        };
        for (size_t c = 0; c < a.points[0].speed.size(); c++)
            add("queries/s, " + std::to_string(a.points[0].speed[c].clients) + " client(s)", ">",
                [c](const Point &point) { return point.speed[c].queries_per_second; });
        add("pages", "<", [](const Point &point) { return point.pages_hit + point.pages_read; });
        if (a.points[0].cold_pages_read)
            add("pages read cold", "<",
                [](const Point &point) { return point.cold_pages_read.value_or(0); });
    }
    AddRatio(to, "index MB", "", AtRecall{a.build.index_bytes / (1 << 20), false},
             AtRecall{b.build.index_bytes / (1 << 20), false});
    if (a.build.seconds > 0 && b.build.seconds > 0)
        AddRatio(to, "build seconds", "", AtRecall{a.build.seconds, false},
                 AtRecall{b.build.seconds, false});
}

// Strings here are names, settings and titles; control characters do not occur in them.
std::string
Json(const std::string &text)
{
    std::string quoted = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

void
AddJsonSide(std::string &to, const SideFigures &side)
{
    to += "    {\"method\": " + Json(side.label) + ", \"parameter\": " + Json(side.parameter) +
          ", \"with\": " + Json(side.with);
    Add(to, ",\n     \"index_used\": %s, \"in_place\": %s", side.index_used ? "true" : "false",
        side.in_place ? "true" : "false");
    Add(to, ",\n     \"rows\": %ld, \"load_seconds\": %.3f, \"build_seconds\": %.3f",
        side.load.rows, side.load.seconds, side.build.seconds);
    Add(to, ", \"index_bytes\": %.0f, \"table_bytes\": %.0f", side.build.index_bytes,
        side.build.table_bytes);
    auto memory = [&](const char *name, const std::optional<double> &bytes) {
        if (bytes)
            Add(to, ",\n     \"%s\": %.0f", name, *bytes);
    };
    memory("private_bytes_before", side.memory_before);
    memory("private_bytes_default", side.memory_default);
    memory("private_bytes_largest", side.memory_largest);
    to += ",\n     \"points\": [";
    for (size_t p = 0; p < side.points.size(); p++) {
        const Point &point = side.points[p];
        Add(to, "%s\n      {\"parameter\": %d, \"recall\": %.6f, \"short_answers\": %d",
            p > 0 ? "," : "", point.parameter, point.recall, point.short_answers);
        Add(to, ", \"pages_hit\": %.2f, \"pages_read\": %.2f", point.pages_hit, point.pages_read);
        if (point.cold_pages_read)
            Add(to, ", \"cold_pages\": %.2f, \"cold_pages_read\": %.2f",
                point.cold_pages.value_or(0), *point.cold_pages_read);
        to += ", \"speed\": [";
        for (size_t i = 0; i < point.speed.size(); i++) {
            const SpeedFigures &speed = point.speed[i];
            Add(to, "%s{\"clients\": %d, \"queries_per_second\": %.2f", i > 0 ? ", " : "",
                speed.clients, speed.queries_per_second);
            Add(to, ", \"p50_ms\": %.4f, \"p95_ms\": %.4f, \"p99_ms\": %.4f}", speed.p50_ms,
                speed.p95_ms, speed.p99_ms);
        }
        to += "]}";
    }
    to += "]}";
}

} // namespace

std::string
TextReport(const Figures &figures)
{
    std::string text;
    Add(text, "%s\nPostgreSQL %s, %d dimensions, metric %s, k %d, %zu queries\n",
        figures.title.c_str(), figures.server_version.c_str(), figures.dims, figures.metric.c_str(),
        figures.k, figures.queries);
    Add(text, "true neighbours: %s; speed: median of %d rounds of %.3g s%s\n",
        figures.truth_origin.c_str(), figures.rounds, figures.seconds,
        figures.one_cpu ? ", client and backend on one CPU" : "");
    Add(text, "a query that searches nothing: %.1f/s, p50 %.3f ms\n",
        figures.round_trip.queries_per_second, figures.round_trip.p50_ms);
    for (const SideFigures &side : figures.sides) {
        AddStorage(text, side);
        AddPoints(text, side);
    }
    if (figures.sides.size() == 2)
        AddComparison(text, figures);
    return text;
}

std::string
CsvReport(const Figures &figures)
{
    std::string text = "method,with,parameter,recall,short_answers,pages_hit,pages_read,cold_pages,"
                       "cold_pages_read,clients,queries_per_second,p50_ms,p95_ms,p99_ms,rows,"
                       "build_seconds,index_bytes,table_bytes,index_used\n";
    for (const SideFigures &side : figures.sides) {
        for (const Point &point : side.points) {
            for (const SpeedFigures &speed : point.speed) {
                Add(text, "%s,\"%s\",%d,%.6f,%d,%.2f,%.2f,", side.label.c_str(), side.with.c_str(),
                    point.parameter, point.recall, point.short_answers, point.pages_hit,
                    point.pages_read);
                if (point.cold_pages_read)
                    Add(text, "%.2f,%.2f", point.cold_pages.value_or(0), *point.cold_pages_read);
                else
                    text += ',';
                Add(text, ",%d,%.2f,%.4f,%.4f,%.4f", speed.clients, speed.queries_per_second,
                    speed.p50_ms, speed.p95_ms, speed.p99_ms);
                Add(text, ",%ld,%.3f,%.0f,%.0f,%d\n", side.load.rows, side.build.seconds,
                    side.build.index_bytes, side.build.table_bytes, side.index_used ? 1 : 0);
            }
        }
    }
    return text;
}

std::string
JsonReport(const Figures &figures)
{
    std::string text = "{\"title\": " + Json(figures.title) +
                       ", \"server_version\": " + Json(figures.server_version) +
                       ", \"metric\": " + Json(figures.metric);
    Add(text, ",\n \"dims\": %d, \"k\": %d, \"queries\": %zu, \"rounds\": %d, \"seconds\": %.3f",
        figures.dims, figures.k, figures.queries, figures.rounds, figures.seconds);
    Add(text, ", \"one_cpu\": %s, \"round_trips_per_second\": %.1f",
        figures.one_cpu ? "true" : "false", figures.round_trip.queries_per_second);
    text += ", \"truth\": " + Json(figures.truth_origin) + ",\n \"sides\": [\n";
    for (size_t i = 0; i < figures.sides.size(); i++) {
        if (i > 0)
            text += ",\n";
        AddJsonSide(text, figures.sides[i]);
    }
    return text + "]}\n";
}

} // namespace omendb::bench
