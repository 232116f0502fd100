// Ground truth from a file, by threads, or by SQL.
#include "truth.h"

#include "exact.h"
#include "interrupt.h"
#include "progress.h"
#include "workers.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace omendb::bench {
namespace {

// Rows beyond the k-th that are looked at for ties with it.
constexpr int kTieRoom = 64;
// Queries that share one pass over the base vectors: a block of them stays in the caches.
constexpr size_t kQueryBlock = 16;

using Neighbour = std::pair<double, int32_t>;

// The k-th distance limits; what follows is accepted while it ties. `neighbours` ascending.
std::vector<std::string>
Accept(const std::vector<Neighbour> &neighbours, int k)
{
    std::vector<std::string> accepted;
    for (const Neighbour &neighbour : neighbours) {
        if (accepted.size() >= static_cast<size_t>(k) &&
            !Tied(neighbour.first, neighbours[static_cast<size_t>(k) - 1].first))
            break;
        accepted.push_back(WireInt4(neighbour.second));
    }
    return accepted;
}

void
NearestOfBlock(const VectorFile &base, long rows, const VectorFile &query_file, size_t first,
               size_t last, Metric metric, size_t room, std::vector<std::vector<Neighbour>> &found)
{
    for (long row = 0; row < rows; row++) {
        const float *vector = base.Row(static_cast<size_t>(row));
        for (size_t query = first; query < last; query++) {
            double distance = ExactDistance(metric, query_file.Row(query), vector, base.columns());
            std::vector<Neighbour> &heap = found[query];
            if (heap.size() == room && distance >= heap.front().first)
                continue;
            if (heap.size() == room) {
                std::pop_heap(heap.begin(), heap.end());
                heap.pop_back();
            }
            heap.emplace_back(distance, static_cast<int32_t>(row));
            std::push_heap(heap.begin(), heap.end());
        }
        if (row % 4096 == 0 && Interrupted())
            return;
    }
    for (size_t query = first; query < last; query++)
        std::sort_heap(found[query].begin(), found[query].end());
}

std::string
ExactSql(const Side &side, int k)
{
    std::string distance = side.column + " " + side.operator_name + " $1";
    return "SELECT " + side.id + ", (" + distance + ")::float8 FROM " + side.table + " WHERE " +
           side.column + " IS NOT NULL ORDER BY " + distance + " LIMIT " +
           std::to_string(k + kTieRoom);
}

double
Float8(const std::string &wire)
{
    uint64_t bits = 0;
    for (char byte : wire)
        bits = bits << 8 | static_cast<unsigned char>(byte);
    double value;
    static_assert(sizeof value == sizeof bits);
    std::copy_n(reinterpret_cast<char *>(&bits), sizeof bits, reinterpret_cast<char *>(&value));
    return value;
}

} // namespace

Truth
TruthFromFile(const NeighbourFile &file, const VectorFile &base, const VectorFile &query_file,
              Metric metric, int k, QuerySet &queries)
{
    if (file.columns() < static_cast<size_t>(k))
        throw std::runtime_error("the truth file holds " + std::to_string(file.columns()) +
                                 " neighbours a query, fewer than --k " + std::to_string(k));
    queries.resize(std::min(queries.size(), file.rows()));
    Truth truth;
    truth.k = k;
    truth.origin = "file";
    size_t out_of_order = 0, pairs = 0;
    for (size_t query = 0; query < queries.size(); query++) {
        std::vector<Neighbour> neighbours;
        for (size_t column = 0; column < file.columns(); column++) {
            int32_t row = file.Row(query)[column];
            if (row < 0 || static_cast<size_t>(row) >= base.rows())
                throw std::runtime_error("the truth file names row " + std::to_string(row) +
                                         ", which the base file does not have");
            double distance = ExactDistance(metric, query_file.Row(query),
                                            base.Row(static_cast<size_t>(row)), base.columns());
            neighbours.emplace_back(distance, row);
        }
        for (size_t i = 1; i < neighbours.size(); i++, pairs++)
            out_of_order += !Tied(neighbours[i - 1].first, neighbours[i].first);
        truth.accepted.push_back(Accept(neighbours, k));
    }
    if (out_of_order > pairs / 50)
        throw std::runtime_error(std::string("the truth file is not in the order of metric ") +
                                 MetricName(metric) + ": another --metric, or another file?");
    return truth;
}

Truth
TruthByThreads(const VectorFile &base, long rows, const VectorFile &query_file, size_t queries,
               Metric metric, int k)
{
    size_t room = static_cast<size_t>(std::min<long>(rows, k + kTieRoom));
    size_t blocks = (queries + kQueryBlock - 1) / kQueryBlock;
    std::vector<std::vector<Neighbour>> found(queries);
    OnWorkers("true neighbours", blocks, ProcessorCount(), [&](size_t) {
        return [&](size_t block) {
            size_t first = block * kQueryBlock;
            NearestOfBlock(base, rows, query_file, first, std::min(queries, first + kQueryBlock),
                           metric, room, found);
        };
    });
    Truth truth;
    truth.k = static_cast<int>(std::min<long>(k, rows));
    truth.origin = "exact, computed by the client";
    for (const std::vector<Neighbour> &neighbours : found)
        truth.accepted.push_back(Accept(neighbours, truth.k));
    return truth;
}

Truth
TruthBySql(const Args &args, const Side &side, const QuerySet &queries, int k)
{
    Truth truth;
    truth.k = k;
    truth.origin = "exact, by sequential scans";
    truth.accepted.resize(queries.size());
    std::string sql = ExactSql(side, k);
    OnWorkers("true neighbours", queries.size(), ProcessorCount(), [&](size_t) {
        auto connection = std::make_shared<Connection>(args.connection, side.database);
        connection->Execute("SET enable_indexscan = off");
        connection->Execute("SET enable_bitmapscan = off");
        connection->Execute("SET max_parallel_workers_per_gather = 0");
        connection->Execute("SET jit = off");
        connection->Prepare("exact", sql, {side.type});
        return [&, connection](size_t query) {
            Result rows = connection->ExecutePrepared("exact", {queries[query]});
            int accepted = std::min(k, rows.rows());
            for (int row = 0; row < rows.rows(); row++) {
                if (row >= k && !Tied(Float8(rows.Value(row, 1)), Float8(rows.Value(k - 1, 1))))
                    break;
                truth.accepted[query].push_back(rows.Value(row, 0));
            }
            if (accepted < k && query == 0)
                truth.k = accepted; // the table is smaller than k
        };
    });
    return truth;
}

} // namespace omendb::bench
