// CREATE INDEX, watched from a second session through pg_stat_progress_create_index.
#include "build.h"

#include "interrupt.h"
#include "progress.h"

#include <chrono>

namespace omendb::bench {
namespace {

void
ShowProgress(Connection &watcher, int pid, Progress &progress)
{
    Result row =
        watcher.Execute("SELECT phase, tuples_done, tuples_total, blocks_done, blocks_total"
                        "  FROM pg_stat_progress_create_index WHERE pid = $1",
                        {std::to_string(pid)});
    if (row.rows() == 0) {
        progress.Update(0);
        return;
    }
    double tuples_done = std::stod(row.Value(0, 1)), tuples_total = std::stod(row.Value(0, 2));
    double blocks_done = std::stod(row.Value(0, 3)), blocks_total = std::stod(row.Value(0, 4));
    if (tuples_total > 0)
        progress.Update(tuples_done, row.Value(0, 0), tuples_total);
    else if (blocks_total > 0)
        progress.Update(blocks_done, row.Value(0, 0), blocks_total);
    else
        progress.Update(0, row.Value(0, 0));
}

} // namespace

void
Checkpoint(Connection &connection)
{
    try {
        connection.Execute("CHECKPOINT");
    } catch (const SqlError &) {
        // Not allowed to this role: the measurement is a little less quiet.
    }
}

BuildFigures
BuildIndex(const Args &args, const Side &side, Workspace &workspace, bool checkpoint_after)
{
    Connection connection(args.connection, side.database);
    BuildFigures figures;
    if (!side.index_existed) {
        for (const std::string &setting : side.args.settings) {
            size_t equals = setting.find('=');
            connection.Execute("SELECT set_config($1, $2, false)",
                               {setting.substr(0, equals), setting.substr(equals + 1)});
        }
        if (!args.maintenance_work_mem.empty())
            connection.Execute("SELECT set_config('maintenance_work_mem', $1, false)",
                               {args.maintenance_work_mem});
        if (args.build_workers >= 0)
            connection.Execute("SELECT set_config('max_parallel_maintenance_workers', $1, false)",
                               {std::to_string(args.build_workers)});
        std::string with = side.args.with.empty() ? "" : " WITH (" + side.args.with + ")";
        std::string sql = "CREATE INDEX " + side.index_name + " ON " + side.table + " USING " +
                          connection.QuoteName(side.args.method) + " (" + side.column + " " +
                          side.operator_class + ")" + with;
        Connection watcher(args.connection, side.database);
        Checkpoint(connection);
        auto start = std::chrono::steady_clock::now();
        {
            Progress progress(side.label + ": build", 0);
            connection.ExecuteLong(
                sql, [&] { ShowProgress(watcher, connection.BackendPid(), progress); });
        }
        figures.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (side.in_place)
            workspace.Made(side.database, "index " + side.index,
                           "DROP INDEX IF EXISTS " + side.index);
    }
    figures.index_bytes =
        std::stod(connection.Scalar("SELECT pg_relation_size($1::regclass)", {side.index}));
    figures.table_bytes =
        std::stod(connection.Scalar("SELECT pg_table_size($1::regclass)", {side.table}));
    if (checkpoint_after)
        Checkpoint(connection);
    return figures;
}

} // namespace omendb::bench
