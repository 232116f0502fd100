// A session that searches: the prepared statement, its settings, and what EXPLAIN says about it.
#pragma once

#include "args.h"
#include "query_set.h"
#include "side.h"

#include <optional>
#include <string>
#include <vector>

namespace omendb::bench {

struct PageCount {
    double hit = 0;  // buffers found in shared_buffers, a query
    double read = 0; // buffers read into them, a query
};

class Searcher {
public:
    // Connects, applies the side's settings, prepares. Nothing has been searched yet.
    Searcher(const Args &args, const Side &side);

    // Sets the search parameter. Throws std::runtime_error when the server has no such setting.
    void SetParameter(int value);

    // The ids found, in binary form, in order.
    std::vector<std::string> Search(const std::string &query);
    // The same without looking at the answer; returns how many rows it had.
    int SearchOnly(const std::string &query);
    // Sends the query where nothing is searched for: what is left is the way there and back.
    void RoundTrip(const std::string &query);

    // Empty when the side's index answers the query, with the values known and as a generic plan; else the
    // plan that does.
    std::string PlanWithoutIndex(const std::string &query);

    // Mean pages of one execution over the first `sample` queries.
    PageCount CountPages(const QuerySet &queries, size_t sample);

    // Bytes of memory that belong to the backend alone: dirty anonymous pages of its private mappings,
    // without shared_buffers. Nothing when the backend is not on this machine or may not be looked at.
    std::optional<double> PrivateBytes();

    // Lets the backend run on this CPU only. Throws std::runtime_error when it is not this machine's, or
    // another user's.
    void BindBackend(int cpu);

private:
    const Args &args_;
    const Side &side_;
    Connection connection_;
    std::string sql_;
    bool parameter_checked_ = false;
};

} // namespace omendb::bench
