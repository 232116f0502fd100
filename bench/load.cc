// Binary COPY. Its form: an 11-byte signature, flags and extension length; each row int16 fields, then per
// field int32 length and the bytes; at the end int16 -1.
#include "load.h"

#include "interrupt.h"
#include "progress.h"

#include <algorithm>
#include <chrono>

namespace omendb::bench {
namespace {

constexpr size_t kPieceBytes = 1 << 18;

double
SecondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Statistics and the visibility map as a table in use has them, before any index is built.
void
Settle(Connection &connection, const Side &side)
{
    Progress progress(side.label + ": vacuum", 0);
    connection.ExecuteLong("VACUUM (ANALYZE) " + side.table, [&] { progress.Update(0); });
}

void
AppendField(std::string &buffer, const std::string &bytes)
{
    buffer += WireInt4(static_cast<int32_t>(bytes.size()));
    buffer += bytes;
}

} // namespace

double
CopyRows(Connection &connection, const Side &side, const VectorFile &base, long first, long count,
         const std::string &title)
{
    auto start = std::chrono::steady_clock::now();
    Progress progress(title, static_cast<double>(count));
    connection.BeginCopyIn("COPY " + side.table + " (id, v) FROM STDIN (FORMAT binary)");
    std::string buffer("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    for (long row = first; row < first + count; row++) {
        buffer.append("\0\2", 2);
        AppendField(buffer, WireInt4(static_cast<int32_t>(row)));
        AppendField(buffer,
                    WireVector(base.Row(static_cast<size_t>(row) % base.rows()), base.columns()));
        if (buffer.size() >= kPieceBytes) {
            ThrowIfInterrupted();
            connection.Put(buffer.data(), buffer.size());
            buffer.clear();
            progress.Update(static_cast<double>(row - first));
        }
    }
    buffer.append("\377\377", 2);
    connection.Put(buffer.data(), buffer.size());
    connection.EndCopyIn([&] { progress.Update(static_cast<double>(count)); });
    return SecondsSince(start);
}

LoadFigures
LoadFile(const Args &args, const Side &side, const VectorFile &base, long row_limit)
{
    Connection connection(args.connection, side.database);
    LoadFigures figures;
    figures.rows = static_cast<long>(base.rows());
    if (row_limit > 0)
        figures.rows = std::min(figures.rows, row_limit);
    figures.seconds = CopyRows(connection, side, base, 0, figures.rows, side.label + ": load");
    Settle(connection, side);
    return figures;
}

LoadFigures
LoadTable(const Args &args, const Side &side, const Source &source, long row_limit)
{
    Connection from(args.connection, source.database);
    Connection to(args.connection, side.database);
    // The first rows must be the same ones for both sides.
    from.Execute("SET synchronize_seqscans = off");
    from.Execute("SET max_parallel_workers_per_gather = 0");
    std::string limit = row_limit > 0 ? " LIMIT " + std::to_string(row_limit) : "";
    LoadFigures figures;
    auto start = std::chrono::steady_clock::now();
    {
        Progress progress(side.label + ": copy " + source.table, 0);
        to.BeginCopyIn("COPY " + side.table + " (id, v) FROM STDIN (FORMAT binary)");
        std::string buffer;
        double pieces = 0;
        from.CopyOut("COPY (SELECT " + source.id + ", " + source.column + " FROM " + source.table +
                         " WHERE " + source.column + " IS NOT NULL" + limit +
                         ") TO STDOUT (FORMAT binary)",
                     [&](const char *piece, int bytes) {
                         pieces++;
                         buffer.append(piece, static_cast<size_t>(bytes));
                         if (buffer.size() < kPieceBytes)
                             return;
                         ThrowIfInterrupted();
                         to.Put(buffer.data(), buffer.size());
                         buffer.clear();
                         progress.Update(pieces);
                     });
        to.Put(buffer.data(), buffer.size());
        to.EndCopyIn();
    }
    figures.seconds = SecondsSince(start);
    figures.rows = std::stol(to.Scalar("SELECT count(*) FROM " + side.table));
    Settle(to, side);
    return figures;
}

} // namespace omendb::bench
