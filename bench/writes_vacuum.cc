// Deleted rows: what VACUUM takes, and what it and many rounds of it leave of recall and size.
#include "writes_steps.h"

namespace omendb::bench {
namespace {

constexpr int kVacuumPercent = 10, kChurnPercent = 20;
constexpr double kMegabyte = 1 << 20;

double
Vacuum(WrittenTable &table, Connection &connection)
{
    // The index has to be vacuumed, however few the dead rows are.
    return table.Timed(connection, "VACUUM", "VACUUM (INDEX_CLEANUP ON) " + table.side().table);
}

double
Reindex(WrittenTable &table, Connection &connection)
{
    return table.Timed(connection, "REINDEX", "REINDEX INDEX " + table.side().index);
}

} // namespace

void
RunVacuumStep(const StepContext &context, WrittenTable &table)
{
    auto set = [&](const std::string &name, const std::string &unit, double value) {
        context.figures.Set(context.side, "vacuum", name, unit, value);
    };
    BuildFigures build = table.Renew();
    Connection connection = table.Session();
    set("rows in the index", "rows", static_cast<double>(context.args.rows));
    set("CREATE INDEX", "s", build.seconds);
    table.DeleteShare(connection, kVacuumPercent, 1);
    Checkpoint(connection);
    double vacuum = Vacuum(table, connection);
    set("VACUUM after 10 % deleted", "s", vacuum);
    Recall after = table.MeasureRecallNow(context.queries);
    set("index after it", "MB", table.IndexBytes(connection) / kMegabyte);
    Checkpoint(connection);
    double reindex = Reindex(table, connection);
    set("REINDEX of what is left", "s", reindex);
    set("VACUUM / REINDEX", "x", vacuum / reindex);
    set("recall after VACUUM", "", after.mean);
    set("recall after REINDEX", "", table.MeasureRecallNow(context.queries).mean);
    set("index after REINDEX", "MB", table.IndexBytes(connection) / kMegabyte);
}

void
RunChurnStep(const StepContext &context, WrittenTable &table)
{
    auto set = [&](const std::string &name, const std::string &unit, double value) {
        context.figures.Set(context.side, "churn", name, unit, value);
    };
    table.Renew();
    Connection connection = table.Session();
    auto look = [&](const std::string &when) {
        set(when + ": recall", "", table.MeasureRecallNow(context.queries).mean);
        set(when + ": index", "MB", table.IndexBytes(connection) / kMegabyte);
    };
    set("rows in the index", "rows", static_cast<double>(context.args.rows));
    look("built");
    double rows = 0, copy_seconds = 0, vacuum_seconds = 0;
    for (int round = 1; round <= context.args.churn_rounds; round++) {
        long deleted = table.DeleteShare(connection, kChurnPercent, 1 + round);
        copy_seconds += table.Copy(connection, deleted);
        vacuum_seconds += Vacuum(table, connection);
        rows += static_cast<double>(deleted);
        look("round " + std::to_string(round));
    }
    Reindex(table, connection);
    look("REINDEX");
    set("COPY of the new rows, all rounds", "rows/s", rows / copy_seconds);
    set("VACUUM, mean of the rounds", "s", vacuum_seconds / context.args.churn_rounds);
}

} // namespace omendb::bench
