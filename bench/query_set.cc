// Queries from a file, or sampled from the table.
#include "query_set.h"

#include "progress.h"

#include <algorithm>

namespace omendb::bench {

QuerySet
QueriesFromFile(const VectorFile &file, int limit)
{
    QuerySet queries;
    size_t count = std::min(file.rows(), static_cast<size_t>(limit));
    for (size_t i = 0; i < count; i++)
        queries.push_back(WireVector(file.Row(i), file.columns()));
    return queries;
}

QuerySet
QueriesFromTable(const Args &args, const Source &source)
{
    Connection connection(args.connection, source.database);
    Say("sampling " + std::to_string(args.query_limit) + " queries from " + source.table);
    double rows = std::stod(connection.Scalar("SELECT count(*) FROM " + source.table + " WHERE " +
                                              source.column + " IS NOT NULL"));
    if (rows == 0)
        throw std::runtime_error(source.table + " holds no vectors");
    // A fifth more than needed, since a sample's size is random.
    double percent = std::min(100.0, 120.0 * (args.query_limit + 10) / rows);
    std::string sql = "SELECT " + source.column + " FROM " + source.table +
                      " TABLESAMPLE BERNOULLI (" + std::to_string(percent) +
                      ") REPEATABLE (1) WHERE " + source.column + " IS NOT NULL LIMIT " +
                      std::to_string(args.query_limit);
    Result sample = connection.ExecuteForBinary(sql);
    QuerySet queries;
    for (int row = 0; row < sample.rows(); row++)
        queries.push_back(sample.Value(row, 0));
    if (queries.empty())
        throw std::runtime_error("no queries could be sampled from " + source.table);
    return queries;
}

int
QueryDims(const std::string &wire, const std::string &type_name)
{
    if (wire.size() < 4)
        throw std::runtime_error("the column's binary form is not a vector's");
    int dims = 0;
    for (size_t i = 0; i < (type_name == "bit" || type_name == "sparsevec" ? 4 : 2); i++)
        dims = dims * 256 + static_cast<unsigned char>(wire[i]);
    return dims;
}

} // namespace omendb::bench
