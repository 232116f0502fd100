// omendb_writes: what writing into a table with a vector index costs, and the same with another index in
// turn with it. The order of things: arguments and files, databases and tables, then step by step first one side
// and then the other, so that a slow minute of the machine hits both; report. What was measured before
// Ctrl-C or an error is reported too.
#include "interrupt.h"
#include "progress.h"
#include "query_set.h"
#include "side.h"
#include "workspace.h"
#include "writes_args.h"
#include "writes_figures.h"
#include "writes_steps.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace omendb::bench {
namespace {

constexpr long kDefaultRows = 200000, kDefaultCopyRows = 100000;

// How many rows are indexed at first and copied later, where the user does not say so.
void
ChooseRows(const VectorFile &base, WritesArgs &args)
{
    long file_rows = static_cast<long>(base.rows());
    if (args.copy_rows == 0)
        args.copy_rows = std::clamp(file_rows / 10, 1L, kDefaultCopyRows);
    long inserted = args.copy_rows + args.rounds * args.small_copy_rows;
    if (args.rows == 0)
        args.rows = std::min(kDefaultRows, std::max(file_rows - inserted, (file_rows + 1) / 2));
    if (args.rows > file_rows)
        throw std::runtime_error("--rows: the file has " + std::to_string(file_rows));
}

QuerySet
ReadQueries(const WritesArgs &args, const VectorFile &base)
{
    if (!args.query_file.empty()) {
        VectorFile file(args.query_file);
        if (file.columns() != base.columns())
            throw std::runtime_error("the queries have " + std::to_string(file.columns()) +
                                     " dimensions, the rows " + std::to_string(base.columns()));
        return QueriesFromFile(file, args.query_limit);
    }
    QuerySet queries;
    size_t count = std::min(base.rows(), static_cast<size_t>(args.query_limit));
    for (size_t row = base.rows() - count; row < base.rows(); row++)
        queries.push_back(WireVector(base.Row(row), base.columns()));
    return queries;
}

std::string
DescribeServer(const WritesArgs &args)
{
    Connection connection(args.connection, "");
    std::string text = "PostgreSQL " + connection.Scalar("SHOW server_version");
    for (const char *setting : {"synchronous_commit", "fsync", "full_page_writes", "wal_level",
                                "shared_buffers", "max_wal_size", "checkpoint_timeout"})
        text +=
            std::string(", ") + setting + " " + connection.Scalar(std::string("SHOW ") + setting);
    return text;
}

void
RunStep(const std::string &step, const StepContext &context, WrittenTable &table,
        const VectorFile &base)
{
    Say(table.label() + ": " + step);
    if (step == "copy")
        RunCopyStep(context, table);
    else if (step == "insert")
        RunInsertStep(context, table, base);
    else if (step == "wal")
        RunWalStep(context, table);
    else if (step == "update")
        RunUpdateStep(context, table);
    else if (step == "vacuum")
        RunVacuumStep(context, table);
    else
        RunChurnStep(context, table);
}

void
Write(const std::string &path, const std::string &content)
{
    std::ofstream file(path, std::ios::binary);
    file << content;
    if (!file.flush())
        throw std::runtime_error("cannot write " + path);
}

void
Report(const WritesArgs &args, const WriteFigures &figures)
{
    std::string text = WritesTextReport(figures);
    printf("%s", text.c_str());
    fflush(stdout);
    if (args.out.empty())
        return;
    Write(args.out + ".txt", text);
    Write(args.out + ".csv", WritesCsvReport(figures));
}

void
Run(WritesArgs args)
{
    VectorFile base(args.base_file);
    ChooseRows(base, args);
    QuerySet queries = ReadQueries(args, base);
    Source source; // a file: only its dimensions are known
    source.dims = static_cast<int>(base.columns());

    Workspace workspace(args.connection, args.keep);
    std::vector<std::unique_ptr<WrittenTable>> tables;
    WriteFigures figures;
    for (const SideArgs *wanted : {&args.side, &args.versus}) {
        if (wanted->method.empty())
            continue;
        Side side =
            PrepareSide(args, *wanted, source, false, tables.empty() ? "a" : "b", workspace);
        if (!tables.empty() && side.label == tables[0]->label())
            side.label += " (B)";
        figures.labels.push_back(side.label);
        tables.push_back(std::make_unique<WrittenTable>(args, side, base, workspace));
    }
    figures.title = (args.title.empty() ? args.base_file : args.title) + ": " +
                    std::to_string(args.rows) + " rows of " + std::to_string(base.columns()) +
                    " dimensions, metric " + MetricName(args.metric);
    figures.server = DescribeServer(args);
    if (figures.server.find("fsync off") != std::string::npos)
        figures.remarks.push_back("fsync is off: nobody waits for a disk");
    try {
        for (const std::string &step : args.steps) {
            for (size_t side = 0; side < tables.size(); side++)
                RunStep(step, {args, queries, figures, side}, *tables[side], base);
        }
    } catch (...) {
        if (!figures.lines.empty())
            Report(args, figures);
        throw;
    }
    for (const std::unique_ptr<WrittenTable> &table : tables) {
        if (table->merge_calls_while_waiting() > 0)
            figures.Remark(table->label() + ": after " +
                           std::to_string(table->merge_calls_while_waiting()) +
                           " of the waits nobody merged any more, and omendb_merge was called");
    }
    Report(args, figures);
}

} // namespace
} // namespace omendb::bench

int
main(int argc, char **argv)
{
    using namespace omendb::bench;
    CatchInterrupts();
    try {
        Run(ParseWritesArgs(argc, argv));
        return 0;
    } catch (const InterruptedError &) {
        Say("omendb_writes: interrupted");
        return 130;
    } catch (const std::exception &error) {
        Say(std::string("omendb_writes: ") + error.what());
        return 1;
    }
}
