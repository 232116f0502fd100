// Bulk construction by several members: threads that see the graph at different addresses, as processes do.

#include "graph_bulk_data.h"

#include <condition_variable>
#include <mutex>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace omendb {
namespace {

// Memory that is mapped twice.
class TwiceMapped {
public:
    explicit TwiceMapped(size_t bytes) : bytes_(bytes)
    {
        int file = memfd_create("omendb test", MFD_CLOEXEC);
        EXPECT_EQ(ftruncate(file, off_t(bytes)), 0);
        for (char *&base : bases_)
            base = static_cast<char *>(
                mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        close(file);
    }
    ~TwiceMapped()
    {
        for (char *base : bases_)
            munmap(base, bytes_);
    }

    Pool pool() { return Pool{&TwiceMapped::Allocate, this}; }
    ptrdiff_t offset() const { return bases_[1] - bases_[0]; }

private:
    static void *Allocate(void *context, size_t bytes)
    {
        auto *self = static_cast<TwiceMapped *>(context);
        char *at = self->bases_[0] + self->used_;
        self->used_ += (bytes + 63) / 64 * 64;
        if (self->used_ > self->bytes_)
            abort();
        return at;
    }

    size_t bytes_, used_ = 0;
    char *bases_[2];
};

// Members that attach at any time and leave at the end, as with PostgreSQL's Barrier.
class Meeting {
public:
    Meeting()
    {
        for (auto &counter : counters_)
            counter = 0;
    }

    uint32_t Attach()
    {
        std::lock_guard<std::mutex> hold(lock_);
        ++members_;
        return phase_;
    }

    void Meet()
    {
        std::unique_lock<std::mutex> hold(lock_);
        uint32_t phase = phase_;
        if (++arrived_ == members_) {
            arrived_ = 0;
            ++phase_;
            moved_.notify_all();
            return;
        }
        moved_.wait(hold, [&] { return phase_ != phase; });
    }

    BulkCrew crew()
    {
        return {this,
                [](void *self, uint32_t step, uint32_t count) {
                    auto &counters = static_cast<Meeting *>(self)->counters_;
                    return counters[uint32_t(step)].fetch_add(count);
                },
                [](void *self) { static_cast<Meeting *>(self)->Meet(); }};
    }

private:
    std::mutex lock_;
    std::condition_variable moved_;
    uint32_t members_ = 0, arrived_ = 0, phase_ = 0;
    std::atomic<uint32_t> counters_[kMostSteps];
};

BulkOptions
Options()
{
    BulkOptions options;
    options.entries = 50;
    options.leaf_rows = 128;
    return options;
}

// A leader and `helpers`, the last of which comes when half of the steps may be over.
void
BuildWithHelpers(TestGraph *test, TwiceMapped *memory, int helpers, const BulkOptions &of_leader)
{
    Pool pool = memory->pool();
    auto *shared = static_cast<BulkShared *>(pool.allocate(pool.context, BulkSharedBytes()));
    Meeting meeting;
    meeting.Attach();
    std::vector<std::thread> threads;
    for (int i = 0; i < helpers; ++i)
        threads.emplace_back([&, i] {
            if (i > 0 && i == helpers - 1)
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            uint32_t phase = meeting.Attach();
            Arena arena;
            BulkOptions options = Options();
            options.check_interrupts = [] {};
            auto *mine =
                reinterpret_cast<BulkShared *>(reinterpret_cast<char *>(shared) + memory->offset());
            HelpBuildBulk(mine, memory->offset(), arena.pool(), options, meeting.crew(),
                          static_cast<BulkStep>(phase));
        });
    test->Build(of_leader, BulkTeam{meeting.crew(), pool, shared});
    for (std::thread &thread : threads)
        thread.join();
    test->Check();
}

size_t
SharedBytes(const Rows &rows)
{
    return rows.size() * 4096 + (1 << 20);
}

void
BuildAndCheck(const Rows &rows, int helpers, double recall)
{
    TwiceMapped memory(SharedBytes(rows));
    Pool pool = memory.pool();
    TestGraph test(rows, 24, &pool);
    BuildWithHelpers(&test, &memory, helpers, Options());
    if (recall > 0) {
        EXPECT_GE(test.Recall(10, 64, 50), recall);
    }
}

TEST(BulkTeam, BuildsWhatOneBuilds)
{
    SelectKernels(BestTier());
    Rows rows = RandomRows(6000, 24);
    for (int helpers : {0, 1, 3}) {
        SCOPED_TRACE(helpers);
        BuildAndCheck(rows, helpers, 0.97);
    }
}

TEST(BulkTeam, FewRows)
{
    SelectKernels(BestTier());
    for (size_t count : {0, 1, 2, 33, 129, 300}) {
        SCOPED_TRACE(count);
        BuildAndCheck(RandomRows(count, 17), 2, count == 0 ? 0 : 0.97);
    }
}

// The leader moves rows while the others make parts and empty reservoirs.
TEST(BulkTeam, ArrangesRows)
{
    SelectKernels(BestTier());
    Rows rows = RowsWithTwins(20000, 20);
    for (int helpers : {1, 3}) {
        SCOPED_TRACE(helpers);
        TwiceMapped memory(SharedBytes(rows));
        Pool pool = memory.pool();
        TestGraph test(rows, 24, &pool);
        Numbers numbers(rows.size());
        BuildWithHelpers(&test, &memory, helpers, numbers.Follow(Options()));
        CheckArranged(rows, &test, numbers.was);
        EXPECT_GE(test.Recall(10, 64, 50), 0.97);
    }
}

TEST(BulkTeam, HardSets)
{
    SelectKernels(BestTier());
    BuildAndCheck(Rows(3000, std::vector<float>(20, 1.5f)), 2, 0);
    Rows hub = RandomRows(
        3000, 20); // everybody's reservoir is offered the same row, and its own is contended
    hub[7] = std::vector<float>(20, 0);
    BuildAndCheck(hub, 3, 0.9);
    Rows twins = RandomRows(3000, 8);
    for (size_t i = 1; i < twins.size(); i += 2)
        twins[i] = twins[i - 1];
    BuildAndCheck(twins, 2, 0);
}

} // namespace
} // namespace omendb
