// UPDATE of a column that is not in the index, with the index and without it. Every round updates rows that
// were not updated before, in pages that are full: a new version goes to another page, so it is not HOT
// and every index of the table gets an entry. Without the index: in a transaction that drops it and is
// rolled back.
#include "writes_steps.h"

#include "order.h"

#include <algorithm>
#include <chrono>

namespace omendb::bench {
namespace {

// The share of this transaction's updates that were HOT.
double
HotShare(Connection &connection, const Side &side)
{
    return std::stod(
        connection.Scalar("SELECT coalesce(n_tup_hot_upd / nullif(n_tup_upd, 0)::float8, 0)"
                          "  FROM pg_stat_xact_user_tables WHERE relid = $1::regclass",
                          {side.table}));
}

} // namespace

void
RunUpdateStep(const StepContext &context, WrittenTable &table)
{
    const WritesArgs &args = context.args;
    table.Renew();
    Connection connection = table.Session();
    long count = std::min(args.update_rows, args.rows / (2 * args.rounds));
    if (count < args.update_rows)
        context.figures.Remark("update: only " + std::to_string(count) +
                               " rows each, since the table has no more");
    long first = 0;
    double most_hot = 0;
    auto update = [&](const std::string &what) {
        std::string sql = "UPDATE " + table.side().table + " SET n = n + 1 WHERE id BETWEEN " +
                          std::to_string(first) + " AND " + std::to_string(first + count - 1);
        first += count;
        double seconds = table.Timed(connection, what, sql);
        most_hot = std::max(most_hot, HotShare(connection, table.side()));
        return seconds;
    };

    std::vector<double> without, with, merged;
    for (int round = 0; round < args.rounds; round++) {
        Checkpoint(connection); // each of them writes the same full pages of the table
        connection.Execute("BEGIN");
        connection.Execute("DROP INDEX " + table.side().index);
        without.push_back(update("UPDATE without the index"));
        connection.Execute("ROLLBACK");

        Checkpoint(connection);
        connection.Execute("BEGIN");
        with.push_back(update("UPDATE with the index"));
        connection.Execute("COMMIT");
        merged.push_back(with.back() + table.Merge(connection));
    }
    auto set = [&](const std::string &name, const std::string &unit, double value) {
        context.figures.Set(context.side, "update", name, unit, value);
    };
    std::string rows = "UPDATE of " + std::to_string(count) + " rows, ";
    set(rows + "with the index", "s", Median(with));
    set(rows + "until merged", "s", Median(merged));
    set(rows + "without the index", "s", Median(without));
    set("time with the index / without", "x", Median(with) / Median(without));
    set("share of HOT updates", "", most_hot);
}

} // namespace omendb::bench
