// Threads that take the next step from a counter.
#include "workers.h"

#include "interrupt.h"
#include "progress.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace omendb::bench {

size_t
ProcessorCount()
{
    return std::max(1u, std::thread::hardware_concurrency());
}

void
OnWorkers(const std::string &title, size_t count, size_t workers,
          const std::function<std::function<void(size_t)>(size_t)> &prepare)
{
    std::atomic<size_t> next{0}, done{0}, running{0};
    std::exception_ptr failure;
    std::mutex failure_lock;
    auto work = [&](size_t worker) {
        try {
            std::function<void(size_t)> step = prepare(worker);
            for (size_t i; !Interrupted() && (i = next.fetch_add(1)) < count; done++)
                step(i);
        } catch (...) {
            std::lock_guard<std::mutex> hold(failure_lock);
            if (!failure)
                failure = std::current_exception();
            next = count;
        }
        running--;
    };
    std::vector<std::thread> threads;
    size_t thread_count = std::min(workers, std::max<size_t>(count, 1));
    running = thread_count;
    for (size_t worker = 0; worker < thread_count; worker++)
        threads.emplace_back(work, worker);
    {
        Progress progress(title, static_cast<double>(count));
        while (running > 0) {
            progress.Update(static_cast<double>(done));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    for (std::thread &thread : threads)
        thread.join();
    if (failure)
        std::rethrow_exception(failure);
    ThrowIfInterrupted();
}

} // namespace omendb::bench
