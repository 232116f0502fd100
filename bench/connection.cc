// libpq with exceptions, and long statements that Ctrl-C cancels.
#include "connection.h"

#include "interrupt.h"
#include "progress.h"

#include <poll.h>

namespace omendb::bench {
namespace {

std::string
Trimmed(std::string text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    return text;
}

void
OnNotice(void *, const char *message)
{
    Say(Trimmed(message));
}

} // namespace

Connection::Connection(const std::string &connection_string, const std::string &database)
    : connection_(nullptr, PQfinish)
{
    // The first dbname is expanded as a connection string; a later one overrides the name in it.
    const char *keywords[] = {"application_name", "dbname", database.empty() ? nullptr : "dbname",
                              nullptr};
    const char *values[] = {"omendb_bench", connection_string.c_str(), database.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(keywords, values, 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw SqlError(Trimmed(PQerrorMessage(connection_.get())), "");
    PQsetNoticeProcessor(connection_.get(), OnNotice, nullptr);
    Execute("SET client_min_messages = notice");
}

void
Connection::Fail(const PGresult *result)
{
    const char *state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    std::string message = Trimmed(result == nullptr ? PQerrorMessage(connection_.get())
                                                    : PQresultErrorMessage(result));
    throw SqlError(message, state == nullptr ? "" : state);
}

Result
Connection::Checked(PGresult *raw)
{
    Result result(raw);
    ExecStatusType status = PQresultStatus(raw);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_IN &&
        status != PGRES_COPY_OUT)
        Fail(raw);
    return result;
}

Result
Connection::Execute(const std::string &sql)
{
    return Checked(PQexec(connection_.get(), sql.c_str()));
}

Result
Connection::Execute(const std::string &sql, const std::vector<std::string> &text_parameters)
{
    std::vector<const char *> values;
    for (const std::string &parameter : text_parameters)
        values.push_back(parameter.c_str());
    return Checked(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                nullptr, values.data(), nullptr, nullptr, 0));
}

std::string
Connection::Scalar(const std::string &sql, const std::vector<std::string> &text_parameters)
{
    Result result = Execute(sql, text_parameters);
    return result.rows() == 0 || result.IsNull(0, 0) ? "" : result.Value(0, 0);
}

Result
Connection::ExecuteForBinary(const std::string &sql)
{
    return Checked(
        PQexecParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1));
}

Result
Connection::ExecuteBinary(const std::string &sql, Oid type, const std::string &parameter,
                          bool binary)
{
    const char *value = parameter.data();
    int length = static_cast<int>(parameter.size());
    int format = 1;
    return Checked(PQexecParams(connection_.get(), sql.c_str(), 1, &type, &value, &length, &format,
                                binary ? 1 : 0));
}

void
Connection::ExecuteLong(const std::string &sql, const std::function<void()> &tick)
{
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0)
        Fail(nullptr);
    Finish(tick);
}

void
Connection::Finish(const std::function<void()> &tick)
{
    bool cancelled = false;
    while (PQisBusy(connection_.get()) != 0) {
        if (Interrupted() && !cancelled) {
            char unused[256];
            PGcancel *cancel = PQgetCancel(connection_.get());
            PQcancel(cancel, unused, sizeof unused);
            PQfreeCancel(cancel);
            cancelled = true;
        }
        pollfd wait{PQsocket(connection_.get()), POLLIN, 0};
        if (poll(&wait, 1, 200) > 0 && PQconsumeInput(connection_.get()) == 0)
            Fail(nullptr);
        if (!cancelled && tick)
            tick();
    }
    PGresult *last = nullptr;
    while (PGresult *result = PQgetResult(connection_.get())) {
        PQclear(last);
        last = result;
    }
    if (cancelled) {
        PQclear(last);
        throw InterruptedError();
    }
    Checked(last);
}

void
Connection::Prepare(const std::string &name, const std::string &sql,
                    const std::vector<Oid> &parameter_types)
{
    Checked(PQprepare(connection_.get(), name.c_str(), sql.c_str(),
                      static_cast<int>(parameter_types.size()), parameter_types.data()));
}

Result
Connection::ExecutePrepared(const std::string &name, const std::vector<std::string> &parameters)
{
    std::vector<const char *> values;
    std::vector<int> lengths, formats(parameters.size(), 1);
    for (const std::string &parameter : parameters) {
        values.push_back(parameter.data());
        lengths.push_back(static_cast<int>(parameter.size()));
    }
    return Checked(PQexecPrepared(connection_.get(), name.c_str(),
                                  static_cast<int>(parameters.size()), values.data(),
                                  lengths.data(), formats.data(), 1));
}

void
Connection::CopyOut(const std::string &sql, const std::function<void(const char *, int)> &piece)
{
    Execute(sql);
    char *buffer = nullptr;
    int bytes;
    while ((bytes = PQgetCopyData(connection_.get(), &buffer, 0)) > 0) {
        std::unique_ptr<char, void (*)(void *)> owner(buffer, PQfreemem);
        piece(buffer, bytes);
    }
    if (bytes == -2)
        Fail(nullptr);
    while (PGresult *result = PQgetResult(connection_.get()))
        Checked(result);
}

void
Connection::BeginCopyIn(const std::string &sql)
{
    Execute(sql);
}

void
Connection::Put(const char *data, size_t bytes)
{
    if (PQputCopyData(connection_.get(), data, static_cast<int>(bytes)) != 1)
        Fail(nullptr);
}

void
Connection::EndCopyIn(const std::function<void()> &tick)
{
    if (PQputCopyEnd(connection_.get(), nullptr) != 1)
        Fail(nullptr);
    Finish(tick);
}

bool
Connection::IsLocal() const
{
    const char *host = PQhost(connection_.get());
    std::string name = host == nullptr ? "" : host;
    return name.empty() || name[0] == '/' || name == "localhost" || name == "127.0.0.1" ||
           name == "::1";
}

std::string
Connection::QuoteName(const std::string &name) const
{
    std::unique_ptr<char, void (*)(void *)> quoted(
        PQescapeIdentifier(connection_.get(), name.data(), name.size()), PQfreemem);
    return quoted.get();
}

std::string
Connection::QuoteLiteral(const std::string &text) const
{
    std::unique_ptr<char, void (*)(void *)> quoted(
        PQescapeLiteral(connection_.get(), text.data(), text.size()), PQfreemem);
    return quoted.get();
}

} // namespace omendb::bench
