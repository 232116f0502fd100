// A side's table under writes: load, COPY, merge, delete, search.
#include "writes_table.h"

#include "interrupt.h"
#include "load.h"
#include "progress.h"

#include <chrono>
#include <thread>

namespace omendb::bench {
namespace {

using Clock = std::chrono::steady_clock;

// --wait: a delta that has not shrunk for so long is one that nobody merges.
constexpr double kIdleSeconds = 5;
constexpr auto kPollInterval = std::chrono::milliseconds(100);

double
Seconds(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

} // namespace

WrittenTable::WrittenTable(const WritesArgs &args, Side side, const VectorFile &base,
                           Workspace &workspace)
    : args_(args), side_(std::move(side)), base_(base), workspace_(workspace)
{
    Connection connection = Session();
    connection.Execute("ALTER TABLE " + side_.table +
                       " ADD COLUMN n integer NOT NULL DEFAULT 0, ADD PRIMARY KEY (id),"
                       " SET (fillfactor = 100, autovacuum_enabled = off,"
                       " toast.autovacuum_enabled = off)");
    if (side_.args.method == "omendb")
        merge_schema_ =
            connection.Scalar("SELECT quote_ident(n.nspname) FROM pg_extension e"
                              " JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1",
                              {side_.args.extension});
}

BuildFigures
WrittenTable::Renew(bool checkpoint_after)
{
    {
        Connection connection = Session();
        if (!connection.Scalar("SELECT to_regclass($1)", {side_.index}).empty())
            connection.Execute("DROP INDEX " + side_.index);
        connection.Execute("TRUNCATE " + side_.table);
    }
    LoadFile(args_, side_, base_, args_.rows);
    next_row_ = args_.rows;
    return BuildIndex(args_, side_, workspace_, checkpoint_after);
}

Connection
WrittenTable::Session() const
{
    Connection connection(args_.connection, side_.database);
    for (const std::string &setting : side_.args.settings) {
        size_t equals = setting.find('=');
        connection.Execute("SELECT set_config($1, $2, false)",
                           {setting.substr(0, equals), setting.substr(equals + 1)});
    }
    return connection;
}

long
WrittenTable::Take(long count)
{
    next_row_ += count;
    return next_row_ - count;
}

double
WrittenTable::Copy(Connection &connection, long count)
{
    return CopyRows(connection, side_, base_, Take(count), count,
                    label() + ": COPY of " + std::to_string(count) + " rows");
}

long
WrittenTable::DeltaRows(Connection &connection) const
{
    if (merge_schema_.empty())
        return -1;
    return std::stol(connection.Scalar("SELECT delta_rows + joining_nodes FROM " + merge_schema_ +
                                           ".omendb_index_info($1::regclass)",
                                       {side_.index}));
}

double
WrittenTable::Merge(Connection &connection)
{
    if (merge_schema_.empty())
        return 0;
    if (args_.wait)
        return WaitUntilMerged(connection);
    return Timed(connection, "merge",
                 "SELECT " + merge_schema_ + ".omendb_merge(" +
                     connection.QuoteLiteral(side_.index) + "::regclass)");
}

// Rows below the limit at which a merge begins are never merged by anybody: after kIdleSeconds without a
// change omendb_merge takes them, and the idle time is not counted.
double
WrittenTable::WaitUntilMerged(Connection &connection)
{
    Progress progress(label() + ": wait for the merge, rows left", 0);
    Clock::time_point start = Clock::now(), changed = start;
    long before = -1;
    for (;;) {
        ThrowIfInterrupted();
        long left = DeltaRows(connection);
        Clock::time_point now = Clock::now();
        if (left == 0)
            return Seconds(start, now);
        if (left != before)
            changed = now;
        before = left;
        if (Seconds(changed, now) > kIdleSeconds)
            break;
        progress.Update(static_cast<double>(left));
        std::this_thread::sleep_for(kPollInterval);
    }
    merge_calls_++;
    Clock::time_point call = Clock::now();
    connection.Execute("SELECT " + merge_schema_ + ".omendb_merge($1::regclass)", {side_.index});
    return Seconds(start, changed) + Seconds(call, Clock::now());
}

double
WrittenTable::Timed(Connection &connection, const std::string &what, const std::string &sql) const
{
    Progress progress(label() + ": " + what, 0);
    Clock::time_point start = Clock::now();
    connection.ExecuteLong(sql, [&] { progress.Update(0); });
    return Seconds(start, Clock::now());
}

long
WrittenTable::DeleteShare(Connection &connection, int percent, int seed) const
{
    std::string count = "SELECT count(*) FROM " + side_.table;
    long before = std::stol(connection.Scalar(count));
    Timed(connection, "DELETE",
          "DELETE FROM " + side_.table + " WHERE (hashint4extended(id, " + std::to_string(seed) +
              ") & 1048575) % 100 < " + std::to_string(percent));
    return before - std::stol(connection.Scalar(count));
}

Recall
WrittenTable::MeasureRecallNow(const QuerySet &queries) const
{
    Truth truth = TruthBySql(args_, side_, queries, args_.k);
    Searcher searcher(args_, side_);
    if (!side_.args.sweep.empty())
        searcher.SetParameter(side_.args.sweep[0]);
    std::string other_plan = searcher.PlanWithoutIndex(queries[0]);
    if (!other_plan.empty()) {
        WarnWithoutIndex(side_, other_plan);
        throw std::runtime_error(label() + ": recall of the index cannot be measured");
    }
    Progress progress(label() + ": recall", static_cast<double>(queries.size()));
    double done = 0;
    return MeasureRecall(searcher, queries, truth, [&] { progress.Update(++done); });
}

double
WrittenTable::IndexBytes(Connection &connection) const
{
    return std::stod(connection.Scalar("SELECT pg_relation_size($1::regclass)", {side_.index}));
}

} // namespace omendb::bench
