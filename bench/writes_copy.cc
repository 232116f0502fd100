// COPY into an indexed table: how fast, until when the index has taken all in, and how much WAL a row.
#include "writes_steps.h"

#include "order.h"

namespace omendb::bench {
namespace {

std::string
Count(long rows)
{
    std::string digits = std::to_string(rows);
    for (size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits;
}

double
WalPosition(Connection &connection)
{
    return std::stod(connection.Scalar("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"));
}

// Where the last checkpoint began; another place later: there was one between.
std::string
LastCheckpoint(Connection &connection)
{
    return connection.Scalar("SELECT redo_lsn FROM pg_control_checkpoint()");
}

// Bytes a row of a COPY until it is merged.
double
WalOfCopy(const StepContext &context, WrittenTable &table, Connection &connection)
{
    double before = WalPosition(connection);
    table.Copy(connection, context.args.wal_rows);
    table.Merge(connection);
    return (WalPosition(connection) - before) / static_cast<double>(context.args.wal_rows);
}

} // namespace

void
RunCopyStep(const StepContext &context, WrittenTable &table)
{
    const WritesArgs &args = context.args;
    WriteFigures &figures = context.figures;
    table.Renew();
    Connection connection = table.Session();

    std::string small = "COPY of " + Count(args.small_copy_rows) + " rows";
    std::vector<double> client, merged, left;
    for (int round = 0; round < args.rounds; round++) {
        double rows = static_cast<double>(args.small_copy_rows);
        double copy = table.Copy(connection, args.small_copy_rows);
        left.push_back(static_cast<double>(table.DeltaRows(connection)));
        double merge = table.Merge(connection);
        client.push_back(rows / copy);
        merged.push_back(rows / (copy + merge));
    }
    figures.Set(context.side, "copy", small + ", as the client waits", "rows/s", Median(client));
    figures.Set(context.side, "copy", small + ", until merged", "rows/s", Median(merged));
    if (left[0] >= 0)
        figures.Set(context.side, "copy", small + ": then in the delta", "rows", Median(left));

    long count =
        context.side == 1 && args.versus_copy_rows > 0 ? args.versus_copy_rows : args.copy_rows;
    std::string large = "COPY of " + Count(args.copy_rows) + " rows";
    if (count != args.copy_rows)
        figures.Remark(table.label() + ": its large COPY was of " + Count(count) + " rows");
    double copy = table.Copy(connection, count);
    double waiting = static_cast<double>(table.DeltaRows(connection));
    double merge = table.Merge(connection);
    double rows = static_cast<double>(count);
    figures.Set(context.side, "copy", large + ", as the client waits", "rows/s", rows / copy);
    figures.Set(context.side, "copy", large + ", until merged", "rows/s", rows / (copy + merge));
    if (waiting >= 0)
        figures.Set(context.side, "copy", large + ": then in the delta", "rows", waiting);
}

// After a build without a checkpoint every page's image stands in the log already: steady state, as between
// two checkpoints far apart. The first COPY is not counted: it makes the first new pages.
void
RunWalStep(const StepContext &context, WrittenTable &table)
{
    WriteFigures &figures = context.figures;
    table.Renew(false);
    Connection connection = table.Session();
    std::string rows = "COPY of " + Count(context.args.wal_rows) + " rows until merged, ";

    if (connection.Scalar("SHOW wal_level") == "minimal")
        figures.Remark("wal: with wal_level minimal a build is not logged, and nothing is steady");
    std::string checkpoint = LastCheckpoint(connection);
    WalOfCopy(context, table, connection);
    figures.Set(context.side, "wal", rows + "steady", "B/row",
                WalOfCopy(context, table, connection));
    if (LastCheckpoint(connection) != checkpoint)
        figures.Remark(table.label() + ", wal: a checkpoint came into what should be steady state;"
                                       " raise max_wal_size and checkpoint_timeout");

    connection.Execute("BEGIN");
    connection.Execute("DROP INDEX " + table.side().index);
    double before = WalPosition(connection);
    table.Copy(connection, context.args.wal_rows);
    figures.Set(context.side, "wal", "the same without the index, steady", "B/row",
                (WalPosition(connection) - before) / static_cast<double>(context.args.wal_rows));
    connection.Execute("ROLLBACK");

    try {
        connection.Execute("CHECKPOINT");
    } catch (const SqlError &error) {
        figures.Remark(table.label() + ", wal: no figure right after a checkpoint, " +
                       error.what());
        return;
    }
    figures.Set(context.side, "wal", rows + "right after a checkpoint", "B/row",
                WalOfCopy(context, table, connection));
}

} // namespace omendb::bench
