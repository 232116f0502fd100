// The candidate pool against a model that keeps everything: what Next gives is always the nearest of those
// not yet expanded among the nearest `width`, and nothing offered is ever lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "omendb/base/arena.h"
#include "omendb/graph/candidate_pool.h"

namespace omendb::test {
namespace {

// All candidates ever offered, each with its least estimate, nearest first. Only expanded ones are ever
// forgotten: those that come to stand behind twice the width.
class PoolModel {
public:
    explicit PoolModel(size_t width) : width_(width) {}

    void Offer(uint32_t id, float estimate)
    {
        if (expanded_.count(id) != 0)
            return;
        auto known = best_.find(id);
        if (known != best_.end()) {
            if (estimate >= known->second)
                return;
            order_.erase(Place(known->second, id));
        }
        best_[id] = estimate;
        order_.insert(Place(estimate, id), {estimate, id});
        if (order_.size() > 2 * width_ && expanded_.count(order_[2 * width_].second) != 0)
            order_.erase(order_.begin() + static_cast<ptrdiff_t>(2 * width_));
    }

    void Widen(size_t width) { width_ = width; }

    bool Next(Candidate *next)
    {
        for (size_t i = 0; i < std::min(width_, order_.size()); ++i)
            if (expanded_.insert(order_[i].second).second) {
                *next = {order_[i].first, order_[i].second};
                return true;
            }
        return false;
    }

    bool Expanded(uint32_t id) const { return expanded_.count(id) != 0; }

private:
    using Ordered = std::vector<std::pair<float, uint32_t>>;

    Ordered::iterator Place(float estimate, uint32_t id)
    {
        return std::lower_bound(order_.begin(), order_.end(), std::make_pair(estimate, id));
    }

    size_t width_;
    std::map<uint32_t, float> best_;
    Ordered order_;
    std::set<uint32_t> expanded_;
};

// Distinct estimates, so that the order is one.
class Estimates {
public:
    explicit Estimates(unsigned seed) : random_(seed) {}

    float Get()
    {
        float value;
        do
            value = static_cast<float>(random_() % 8000000) / 1024;
        while (!given_.insert(value).second);
        return value;
    }
    uint32_t Number(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

private:
    std::mt19937 random_;
    std::set<float> given_;
};

TEST(CandidatePool, AgreesWithTheModel)
{
    for (unsigned seed = 1; seed <= 40; ++seed) {
        Arena arena;
        Estimates random(seed);
        size_t width = 1 + random.Number(20);
        CandidatePool pool(arena.pool(), width);
        PoolModel model(width);
        // Few ids: most are offered again and again, before and after they are expanded.
        uint32_t ids = 10 + random.Number(seed % 2 == 0 ? 40 : 3000);
        for (int step = 0; step < 1500; ++step) {
            SCOPED_TRACE(testing::Message() << "seed " << seed << " step " << step);
            uint32_t what = random.Number(10);
            if (what < 6) {
                uint32_t id = random.Number(ids);
                float estimate = random.Get();
                pool.OfferOne(id, estimate);
                model.Offer(id, estimate);
            } else if (what < 9 || step % 100 != 99) {
                Candidate got = {}, want = {};
                uint32_t peeked = 0;
                bool peek = pool.Peek(&peeked);
                bool more = pool.Next(&got);
                ASSERT_EQ(more, model.Next(&want));
                ASSERT_EQ(peek, more);
                if (more) {
                    ASSERT_EQ(got.id, want.id);
                    ASSERT_EQ(got.estimate, want.estimate);
                    ASSERT_EQ(peeked, want.id);
                }
            } else {
                width += random.Number(30);
                pool.Widen(width);
                model.Widen(width);
                ASSERT_EQ(pool.width(), width);
            }
        }
        for (uint32_t id = 0; id < ids; ++id)
            ASSERT_EQ(pool.Expanded(id), model.Expanded(id));
    }
}

// However narrow it starts: widened far enough, everything offered comes, once, in order.
TEST(CandidatePool, WideningLosesNothing)
{
    for (size_t width : {1u, 2u, 7u, 64u}) {
        Arena arena;
        Estimates random(9);
        CandidatePool pool(arena.pool(), width);
        std::vector<float> estimates;
        for (uint32_t id = 0; id < 5000; ++id) {
            estimates.push_back(random.Get());
            pool.OfferOne(id, estimates.back());
            pool.OfferOne(id, estimates.back() + 1); // a worse way to the same
        }
        std::set<uint32_t> taken;
        Candidate next;
        bool more = true;
        while (more) {
            float last = -1;
            while (pool.Next(&next)) {
                ASSERT_TRUE(taken.insert(next.id).second);
                ASSERT_EQ(next.estimate, estimates[next.id]);
                ASSERT_GT(next.estimate, last);
                last = next.estimate;
            }
            ASSERT_EQ(taken.size(), std::min<size_t>(pool.width(), estimates.size()));
            more = pool.Widen(2 * pool.width());
        }
        EXPECT_EQ(taken.size(), estimates.size());
    }
}

TEST(CandidatePool, EqualEstimates)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 8);
    std::vector<uint32_t> ids;
    std::vector<float> estimates(500, 2.5f);
    for (uint32_t id = 0; id < 500; ++id)
        ids.push_back(id);
    pool.Offer(ids.data(), estimates.data(), nullptr, 500);
    pool.Offer(ids.data(), estimates.data(), nullptr, 500);
    std::set<uint32_t> taken;
    Candidate next;
    do
        while (pool.Next(&next))
            EXPECT_TRUE(taken.insert(next.id).second);
    while (pool.Widen(2 * pool.width()));
    EXPECT_EQ(taken.size(), 500u);
}

// A candidate that turns out to be far makes room for the next in line.
TEST(CandidatePool, SettleMakesRoom)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 2);
    for (uint32_t id = 0; id < 4; ++id)
        pool.OfferOne(id, static_cast<float>(id));
    Candidate next;
    ASSERT_TRUE(pool.Next(&next));
    EXPECT_EQ(next.id, 0u);
    pool.Settle(next, 2.5f); // now behind 1 and 2
    ASSERT_TRUE(pool.Next(&next));
    EXPECT_EQ(next.id, 1u);
    pool.Settle(next, 0.5f);
    ASSERT_TRUE(pool.Next(&next));
    EXPECT_EQ(next.id, 2u);
    pool.Settle(next, 2);
    EXPECT_FALSE(pool.Next(&next)); // 1 and 2 are the nearest two
    EXPECT_TRUE(pool.Widen(4));     // 3 is left
    ASSERT_TRUE(pool.Next(&next));
    EXPECT_EQ(next.id, 3u);
    EXPECT_FALSE(pool.Widen(8));
    for (uint32_t id = 0; id < 4; ++id) {
        EXPECT_TRUE(pool.Expanded(id));
        pool.OfferOne(id, -1); // taken once, never again
    }
    EXPECT_FALSE(pool.Next(&next));
}

// However far expanded ones settle, all are expanded in the end.
TEST(CandidatePool, SettlingLosesNothing)
{
    Arena arena;
    Estimates random(5);
    CandidatePool pool(arena.pool(), 16);
    for (uint32_t id = 0; id < 1000; ++id)
        pool.OfferOne(id, random.Get());
    std::set<uint32_t> taken;
    Candidate next;
    do
        while (pool.Next(&next)) {
            EXPECT_TRUE(taken.insert(next.id).second);
            pool.Settle(next, random.Get());
        }
    while (pool.Widen(2 * pool.width()));
    EXPECT_EQ(taken.size(), 1000u);
}

TEST(CandidatePool, SeveralEstimatesAreWeighed)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 8);
    pool.OfferOne(1, 1.0f, 1);
    pool.OfferOne(1, 4.0f, 2); // mean 3
    pool.OfferOne(2, 2.0f, 1);
    pool.OfferOne(3, 3.5f, 1);
    pool.OfferOne(4, 5.0f, 3);
    pool.OfferOne(4, 1.5f, 1); // mean 4.125
    Candidate next;
    for (auto [id, estimate] :
         {std::pair<uint32_t, float>{2, 2.0f}, {1, 3.0f}, {3, 3.5f}, {4, 4.125f}}) {
        ASSERT_TRUE(pool.Next(&next));
        EXPECT_EQ(next.id, id);
        EXPECT_FLOAT_EQ(next.estimate, estimate);
    }
    EXPECT_FALSE(pool.Next(&next));
}

// The distance of a damaged node may be anything; each candidate is taken once all the same.
TEST(CandidatePool, DistancesThatAreNoNumbers)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 64);
    std::mt19937 random(1);
    std::set<uint32_t> taken;
    Candidate next = {};
    for (;;) {
        for (int i = 0; i < 20; ++i)
            pool.OfferOne(random() % 200, static_cast<float>(random() % 1000), 1);
        if (!pool.Next(&next))
            break;
        ASSERT_LT(next.id, 200u);
        ASSERT_TRUE(taken.insert(next.id).second) << next.id;
        pool.Settle(next, std::numeric_limits<float>::quiet_NaN());
    }
    EXPECT_GE(taken.size(), 64u);
}

// A sum of weighed estimates may overflow; the candidate still stands in the pool once.
TEST(CandidatePool, EstimatesWhoseSumOverflows)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 4);
    uint32_t nearest;
    Candidate next;
    pool.OfferOne(1, 1e30f, 1e12f);
    ASSERT_TRUE(pool.Peek(&nearest));
    pool.OfferOne(1, 9e29f, 1e12f);
    ASSERT_TRUE(pool.Next(&next));
    EXPECT_EQ(next.id, 1u);
    EXPECT_FALSE(pool.Next(&next));
}

TEST(CandidatePool, RestartForgets)
{
    Arena arena;
    CandidatePool pool(arena.pool(), 4);
    Candidate next;
    for (int round = 0; round < 3; ++round) {
        for (uint32_t id = 0; id < 3000; ++id) // the map grows
            pool.OfferOne(id, static_cast<float>((id * 7919) % 3000));
        for (int i = 0; i < 4; ++i) {
            ASSERT_TRUE(pool.Next(&next));
            EXPECT_EQ(next.estimate, static_cast<float>(i));
        }
        EXPECT_FALSE(pool.Next(&next));
        pool.Restart(4);
        EXPECT_FALSE(pool.Next(&next));
        EXPECT_FALSE(pool.Expanded(0));
        EXPECT_FALSE(pool.Widen(4));
    }
    EXPECT_LT(arena.allocated_bytes(), 1u << 20);
    EXPECT_LE(pool.MemoryBytes(), arena.allocated_bytes());
}

} // namespace
} // namespace omendb::test
