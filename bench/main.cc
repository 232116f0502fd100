// omendb_bench: recall, speed and size of a vector index on the user's own data, and of another one in
// turn with it. The order of things: arguments and files, true neighbours, databases and tables, load,
// build, measure, report. What was made on the server goes in Workspace's destructor.
#include "args.h"
#include "build.h"
#include "figures.h"
#include "interrupt.h"
#include "load.h"
#include "measure.h"
#include "plot.h"
#include "progress.h"
#include "query_set.h"
#include "report.h"
#include "side.h"
#include "truth.h"
#include "workspace.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

namespace omendb::bench {
namespace {

struct Data {
    std::unique_ptr<VectorFile> base, query_file;
    std::unique_ptr<NeighbourFile> truth_file;
    Source source;
    QuerySet queries;
};

Data
ReadData(const Args &args)
{
    Data data;
    if (!args.base_file.empty())
        data.base = std::make_unique<VectorFile>(args.base_file);
    if (!args.query_file.empty()) {
        data.query_file = std::make_unique<VectorFile>(args.query_file);
        data.queries = QueriesFromFile(*data.query_file, args.query_limit);
    }
    if (!args.truth_file.empty())
        data.truth_file = std::make_unique<NeighbourFile>(args.truth_file);
    if (!args.table.empty()) {
        Connection connection(args.connection, "");
        data.source = DescribeSource(connection, args);
        if (data.queries.empty())
            data.queries = QueriesFromTable(args, data.source);
        if (data.source.dims <= 0)
            data.source.dims = QueryDims(data.queries[0], data.source.type_name);
    } else {
        data.source.dims = static_cast<int>(data.base->columns());
    }
    if (QueryDims(data.queries[0], data.source.type_name) != data.source.dims)
        throw std::runtime_error("the queries have " +
                                 std::to_string(QueryDims(data.queries[0], data.source.type_name)) +
                                 " dimensions, the rows " + std::to_string(data.source.dims));
    return data;
}

std::vector<Side>
PrepareSides(const Args &args, const Source &source, Workspace &workspace)
{
    std::vector<const SideArgs *> wanted{&args.side};
    if (!args.versus.method.empty())
        wanted.push_back(&args.versus);
    std::vector<Side> sides;
    bool in_place_taken = false; // two indexes on one column: the planner would choose for us
    for (size_t i = 0; i < wanted.size(); i++) {
        bool in_place = false;
        if (!source.table.empty() && args.row_limit == 0 && wanted[i]->schema.empty() &&
            !in_place_taken) {
            Connection connection(args.connection, "");
            in_place = FitsInPlace(connection, source, *wanted[i], args.metric);
        }
        in_place_taken |= in_place;
        sides.push_back(
            PrepareSide(args, *wanted[i], source, in_place, i == 0 ? "a" : "b", workspace));
    }
    if (sides.size() == 2 && sides[0].label == sides[1].label) {
        sides[0].label += " (A)";
        sides[1].label += " (B)";
    }
    return sides;
}

LoadFigures
Load(const Args &args, const Data &data, const Side &side)
{
    if (data.base != nullptr)
        return LoadFile(args, side, *data.base, args.row_limit);
    if (!side.in_place)
        return LoadTable(args, side, data.source, args.row_limit);
    Connection connection(args.connection, side.database);
    LoadFigures figures;
    figures.rows = std::stol(connection.Scalar("SELECT count(*) FROM " + side.table + " WHERE " +
                                               side.column + " IS NOT NULL"));
    return figures;
}

// The true neighbours where the files alone tell them: before anything is loaded, since that takes long.
std::optional<Truth>
TruthFromFiles(const Args &args, Data &data)
{
    if (data.base == nullptr || (data.truth_file == nullptr && args.truth == TruthSource::kSql))
        return std::nullopt;
    if (data.truth_file != nullptr)
        return TruthFromFile(*data.truth_file, *data.base, *data.query_file, args.metric, args.k,
                             data.queries);
    long rows = static_cast<long>(data.base->rows());
    if (args.row_limit > 0)
        rows = std::min(rows, args.row_limit);
    return TruthByThreads(*data.base, rows, *data.query_file, data.queries.size(), args.metric,
                          args.k);
}

void
Write(const std::string &path, const std::string &content)
{
    std::ofstream file(path, std::ios::binary);
    file << content;
    if (!file.flush())
        throw std::runtime_error("cannot write " + path);
}

std::string
Title(const Args &args)
{
    if (!args.title.empty())
        return args.title;
    return args.table.empty() ? args.base_file : args.table + "." + args.column;
}

void
Run(const Args &args)
{
    Data data = ReadData(args);
    std::optional<Truth> truth = TruthFromFiles(args, data);
    Workspace workspace(args.connection, args.keep);
    std::vector<Side> sides = PrepareSides(args, data.source, workspace);

    Figures figures;
    for (const Side &side : sides) {
        SideFigures of_side;
        of_side.label = side.label;
        of_side.parameter = side.args.parameter;
        of_side.with = side.args.with;
        of_side.in_place = side.in_place;
        of_side.load = Load(args, data, side);
        Say(side.label + ": " + std::to_string(of_side.load.rows) + " rows in " + side.table +
            " of database " + side.database);
        figures.sides.push_back(of_side);
    }
    if (!truth)
        truth = TruthBySql(args, sides[0], data.queries, args.k);
    for (size_t i = 0; i < sides.size(); i++) {
        figures.sides[i].build = BuildIndex(args, sides[i], workspace);
        Say(sides[i].label + ": index ready after " +
            std::to_string(static_cast<long>(figures.sides[i].build.seconds)) + " s");
    }
    figures.title = Title(args);
    figures.server_version = Connection(args.connection, "").Scalar("SHOW server_version");
    figures.metric = MetricName(args.metric);
    figures.truth_origin = truth->origin;
    figures.dims = data.source.dims;
    figures.k = args.k;
    figures.rounds = args.rounds;
    figures.one_cpu = args.one_cpu;
    figures.seconds = args.seconds;
    figures.queries = data.queries.size();
    figures.recall_targets = args.recall_targets;
    Measure(args, sides, data.queries, *truth, figures);

    std::string text = TextReport(figures);
    printf("%s", text.c_str());
    fflush(stdout);
    if (!args.out.empty()) {
        Write(args.out + ".txt", text);
        Write(args.out + ".csv", CsvReport(figures));
        Write(args.out + ".json", JsonReport(figures));
        Write(args.out + ".svg", SvgPlot(figures));
    }
}

} // namespace
} // namespace omendb::bench

int
main(int argc, char **argv)
{
    using namespace omendb::bench;
    CatchInterrupts();
    try {
        Run(ParseArgs(argc, argv));
        return 0;
    } catch (const InterruptedError &) {
        Say("omendb_bench: interrupted");
        return 130;
    } catch (const std::exception &error) {
        Say(std::string("omendb_bench: ") + error.what());
        return 1;
    }
}
