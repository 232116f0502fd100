// Prepared searches, and EXPLAIN (FORMAT JSON) read by looking for the few keys that are needed: the
// figures of a plan's top node come first and include its children.
#include "searcher.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <stdexcept>

namespace omendb::bench {
namespace {

double
FirstNumber(const std::string &json, const std::string &key)
{
    size_t at = json.find('"' + key + "\":");
    return at == std::string::npos ? 0 : strtod(json.c_str() + at + key.size() + 3, nullptr);
}

bool
UsesIndex(const std::string &json, const std::string &name)
{
    return json.find("\"Index Name\": \"" + name + '"') != std::string::npos;
}

std::string
Lines(const Result &result)
{
    std::string lines;
    for (int row = 0; row < result.rows(); row++)
        lines += (row > 0 ? "\n" : "") + result.Value(row, 0);
    return lines;
}

} // namespace

Searcher::Searcher(const Args &args, const Side &side)
    : args_(args), side_(side), connection_(args.connection, side.database),
      sql_(side.SearchSql(args.k))
{
    for (const std::string &setting : side.args.settings) {
        size_t equals = setting.find('=');
        connection_.Execute("SELECT set_config($1, $2, false)",
                            {setting.substr(0, equals), setting.substr(equals + 1)});
    }
    if (args.force_index)
        connection_.Execute("SET enable_seqscan = off");
    connection_.Prepare("search", sql_, {side.type});
    connection_.Prepare("round trip", "SELECT $1 IS NULL", {side.type});
}

void
Searcher::SetParameter(int value)
{
    connection_.Execute("SELECT set_config($1, $2, false)",
                        {side_.args.parameter, std::to_string(value)});
    if (parameter_checked_)
        return;
    // Before the extension's library is loaded any name passes; planning once loads it.
    connection_.Execute("EXPLAIN SELECT " + side_.id + " FROM " + side_.table + " ORDER BY " +
                        side_.column + " " + side_.operator_name + " NULL::" + side_.type_name +
                        " LIMIT 1");
    if (connection_
            .Scalar("SELECT setting FROM pg_settings WHERE lower(name) = lower($1)",
                    {side_.args.parameter})
            .empty())
        throw std::runtime_error("the server has no setting \"" + side_.args.parameter + '"');
    parameter_checked_ = true;
}

std::vector<std::string>
Searcher::Search(const std::string &query)
{
    Result rows = connection_.ExecutePrepared("search", {query});
    std::vector<std::string> ids;
    for (int row = 0; row < rows.rows(); row++)
        ids.push_back(rows.Value(row, 0));
    return ids;
}

int
Searcher::SearchOnly(const std::string &query)
{
    return connection_.ExecutePrepared("search", {query}).rows();
}

void
Searcher::RoundTrip(const std::string &query)
{
    connection_.ExecutePrepared("round trip", {query});
}

std::string
Searcher::PlanWithoutIndex(const std::string &query)
{
    std::string index =
        connection_.Scalar("SELECT relname FROM pg_class WHERE oid = $1::regclass", {side_.index});
    std::string custom =
        Lines(connection_.ExecuteBinary("EXPLAIN (FORMAT JSON) " + sql_, side_.type, query, false));
    if (!UsesIndex(custom, index))
        return Lines(connection_.ExecuteBinary("EXPLAIN " + sql_, side_.type, query, false));
    std::string literal = connection_.QuoteLiteral(
        connection_.ExecuteBinary("SELECT $1::text", side_.type, query, false).Value(0, 0));
    connection_.Execute("SET plan_cache_mode = force_generic_plan");
    std::string generic =
        Lines(connection_.Execute("EXPLAIN (FORMAT JSON) EXECUTE search(" + literal + ")"));
    std::string plan;
    if (!UsesIndex(generic, index))
        plan = Lines(connection_.Execute("EXPLAIN EXECUTE search(" + literal + ")")) +
               "\n(as the generic plan of a prepared statement)";
    connection_.Execute("RESET plan_cache_mode");
    return plan;
}

PageCount
Searcher::CountPages(const QuerySet &queries, size_t sample)
{
    PageCount pages;
    sample = std::min(sample, queries.size());
    for (size_t i = 0; i < sample; i++) {
        std::string json =
            connection_
                .ExecuteBinary("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + sql_,
                               side_.type, queries[i], false)
                .Value(0, 0);
        pages.hit += FirstNumber(json, "Shared Hit Blocks");
        pages.read += FirstNumber(json, "Shared Read Blocks");
    }
    pages.hit /= static_cast<double>(sample);
    pages.read /= static_cast<double>(sample);
    return pages;
}

std::optional<double>
Searcher::PrivateBytes()
{
    std::string process = "/proc/" + std::to_string(connection_.BackendPid());
    std::string name;
    std::getline(std::ifstream(process + "/comm") >> std::ws, name);
    if (!connection_.IsLocal() || name.rfind("postgres", 0) != 0)
        return std::nullopt;
    std::ifstream maps(process + "/smaps");
    bool is_private = false, any = false;
    double kilobytes = 0, dirty = 0;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::string first, second;
        words >> first >> second;
        double number = std::strtod(second.c_str(), nullptr);
        if (first.find('-') != std::string::npos && second.size() == 4) {
            is_private = second[3] == 'p'; // "7f12-7f13 rw-p": not shared memory
        } else if (first == "Private_Dirty:") {
            dirty = number;
        } else if (first == "Anonymous:" && is_private) {
            // A program file that was just written has dirty pages too: those are the file's.
            kilobytes += std::min(dirty, number);
            any = true;
        }
    }
    if (!any)
        return std::nullopt;
    return kilobytes * 1024;
}

void
Searcher::BindBackend(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (!connection_.IsLocal())
        throw std::runtime_error("--one-cpu wants the server on this machine, by its socket");
    if (sched_setaffinity(connection_.BackendPid(), sizeof(one), &one) != 0)
        throw std::runtime_error(
            std::string("--one-cpu cannot bind the backend, be root or the server's user: ") +
            strerror(errno));
}

} // namespace omendb::bench
