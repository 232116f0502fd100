// Rows inserted one by one by several sessions at once, each row its own transaction.
#include "writes_steps.h"

#include "interrupt.h"
#include "order.h"
#include "progress.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace omendb::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Oid kInt4 = 23;
constexpr int kWarmingRows = 6; // a prepared statement settles on its plan at the sixth

struct Inserted {
    std::vector<float> milliseconds; // of every row
    double seconds = 0;              // until the last client was done
};

class Inserters {
public:
    Inserters(const WritesArgs &args, WrittenTable &table, const VectorFile &base)
        : args_(args), table_(table), base_(base)
    {
        // Enough numbers for any client that the clock lets go on: they are taken one by one below.
        next_ = table.Take(1L << 30);
        for (int client = 0; client < args.insert_clients; client++) {
            ThrowIfInterrupted();
            sessions_.push_back(std::make_unique<Connection>(table.Session()));
            sessions_.back()->Prepare(
                "insert", "INSERT INTO " + table.side().table + " (id, v) VALUES ($1, $2)",
                {kInt4, table.side().type});
            for (int row = 0; row < kWarmingRows; row++)
                Insert(*sessions_.back());
        }
    }

    Inserted Run();

private:
    void Insert(Connection &session)
    {
        long row = next_++;
        session.ExecutePrepared(
            "insert",
            {WireInt4(static_cast<int32_t>(row)),
             WireVector(base_.Row(static_cast<size_t>(row) % base_.rows()), base_.columns())});
    }

    void Client(size_t client);

    const WritesArgs &args_;
    WrittenTable &table_;
    const VectorFile &base_;
    std::vector<std::unique_ptr<Connection>> sessions_;
    std::atomic<long> next_{0};
    std::atomic<size_t> running_{0};
    Clock::time_point start_, end_;
    std::vector<std::vector<float>> times_;
    std::exception_ptr failure_;
    std::mutex failure_lock_;
};

void
Inserters::Client(size_t client)
{
    try {
        for (Clock::time_point before = Clock::now(); before < end_ && !Interrupted();) {
            Insert(*sessions_[client]);
            Clock::time_point after = Clock::now();
            times_[client].push_back(
                std::chrono::duration<float, std::milli>(after - before).count());
            before = after;
        }
    } catch (...) {
        std::lock_guard<std::mutex> hold(failure_lock_);
        failure_ = std::current_exception();
    }
    running_--;
}

Inserted
Inserters::Run()
{
    times_.resize(sessions_.size());
    running_ = sessions_.size();
    start_ = Clock::now();
    end_ = start_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(args_.seconds));
    std::vector<std::thread> threads;
    for (size_t client = 0; client < sessions_.size(); client++)
        threads.emplace_back(&Inserters::Client, this, client);
    {
        Progress progress(table_.label() + ": INSERT by " + std::to_string(sessions_.size()) +
                              " clients",
                          args_.seconds);
        while (running_ > 0) {
            progress.Update(std::chrono::duration<double>(Clock::now() - start_).count());
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    for (std::thread &thread : threads)
        thread.join();
    Inserted inserted;
    inserted.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (failure_)
        std::rethrow_exception(failure_);
    ThrowIfInterrupted();
    for (const std::vector<float> &times : times_)
        inserted.milliseconds.insert(inserted.milliseconds.end(), times.begin(), times.end());
    std::sort(inserted.milliseconds.begin(), inserted.milliseconds.end());
    return inserted;
}

} // namespace

void
RunInsertStep(const StepContext &context, WrittenTable &table, const VectorFile &base)
{
    table.Renew();
    Inserted inserted = Inserters(context.args, table, base).Run();
    Connection connection = table.Session();
    double waiting = static_cast<double>(table.DeltaRows(connection));
    double merge = table.Merge(connection);

    std::string clients = std::to_string(context.args.insert_clients) + " clients: ";
    auto set = [&](const std::string &name, const std::string &unit, double value) {
        context.figures.Set(context.side, "insert", clients + name, unit, value);
    };
    double rows = static_cast<double>(inserted.milliseconds.size());
    set("rows inserted, as the clients wait", "rows/s", rows / inserted.seconds);
    set("rows inserted, until merged", "rows/s", rows / (inserted.seconds + merge));
    set("latency, median", "ms", Percentile(inserted.milliseconds, 0.50));
    set("latency, p99", "ms", Percentile(inserted.milliseconds, 0.99));
    set("latency, max", "ms", Percentile(inserted.milliseconds, 1.0));
    if (waiting >= 0)
        set("then in the delta", "rows", waiting);
}

} // namespace omendb::bench
