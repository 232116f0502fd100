// A session with the server: libpq with exceptions.
#pragma once

#include <functional>
#include <libpq-fe.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace omendb::bench {

// An error of the server's or of libpq's: its message, and its SQLSTATE ("" when libpq's own).
struct SqlError : std::runtime_error {
    SqlError(const std::string &message, std::string state)
        : std::runtime_error(message), sqlstate(std::move(state))
    {
    }
    std::string sqlstate;
};

class Result {
public:
    explicit Result(PGresult *result) : result_(result, PQclear) {}
    int rows() const { return PQntuples(result_.get()); }
    bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    // The value as the server sent it, text or binary.
    std::string Value(int row, int column) const
    {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<size_t>(PQgetlength(result_.get(), row, column))};
    }
    PGresult *raw() const { return result_.get(); }

private:
    std::unique_ptr<PGresult, void (*)(PGresult *)> result_;
};

class Connection {
public:
    // `database` empty: the one that the connection string or the environment names.
    Connection(const std::string &connection_string, const std::string &database);

    // All of them throw SqlError.
    Result Execute(const std::string &sql);
    Result Execute(const std::string &sql, const std::vector<std::string> &text_parameters);
    // One row, one column; "" for no row or NULL.
    std::string Scalar(const std::string &sql,
                       const std::vector<std::string> &text_parameters = {});
    // No parameters, binary results.
    Result ExecuteForBinary(const std::string &sql);
    // One binary parameter of type `type`; `binary` asks for binary results.
    Result ExecuteBinary(const std::string &sql, Oid type, const std::string &parameter,
                         bool binary);
    // Runs a long statement; calls `tick` about five times a second; Ctrl-C cancels it on the server.
    void ExecuteLong(const std::string &sql, const std::function<void()> &tick);

    void Prepare(const std::string &name, const std::string &sql,
                 const std::vector<Oid> &parameter_types);
    // Binary parameters, binary results.
    Result ExecutePrepared(const std::string &name, const std::vector<std::string> &parameters);

    // COPY sql TO STDOUT: calls `row` for each piece. COPY sql FROM STDIN: sends what Put gets until End.
    void CopyOut(const std::string &sql, const std::function<void(const char *, int)> &piece);
    // EndCopyIn waits for the server as ExecuteLong does.
    void BeginCopyIn(const std::string &sql);
    void Put(const char *data, size_t bytes);
    void EndCopyIn(const std::function<void()> &tick = {});

    std::string QuoteName(const std::string &name) const;
    std::string QuoteLiteral(const std::string &text) const;
    int BackendPid() const { return PQbackendPID(connection_.get()); }
    int ServerVersion() const { return PQserverVersion(connection_.get()); }
    // Over a Unix socket or the loopback interface.
    bool IsLocal() const;
    std::string Database() const { return PQdb(connection_.get()); }

private:
    Result Checked(PGresult *result);
    // Waits for the end of what was sent.
    void Finish(const std::function<void()> &tick);
    [[noreturn]] void Fail(const PGresult *result);

    std::unique_ptr<PGconn, void (*)(PGconn *)> connection_;
};

} // namespace omendb::bench
