// PruneNeighbours: the relative-neighbourhood rule, forced edges and the limit, on random points.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>
#include <vector>

#include "omendb/graph/prune.h"

namespace omendb::test {
namespace {

struct Point {
    float x, y;
};

float
Distance(Point a, Point b)
{
    return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}

struct Points {
    std::vector<Point> points;
    std::vector<PruneCandidate> candidates;

    Points(unsigned seed, size_t count, size_t forced, int grid)
    {
        std::mt19937 random(seed);
        for (size_t i = 0; i < count; ++i) {
            // On a grid distances tie, and points coincide.
            Point point = {static_cast<float>(random() % grid) - static_cast<float>(grid / 2),
                           static_cast<float>(random() % grid) - static_cast<float>(grid / 2)};
            points.push_back(point);
            candidates.push_back({Distance(point, {0, 0}), static_cast<uint32_t>(i),
                                  static_cast<uint32_t>(i), i < forced});
        }
        std::shuffle(candidates.begin(), candidates.end(), random);
    }

    size_t Prune(size_t limit)
    {
        return PruneNeighbours(candidates.data(), candidates.size(), limit,
                               [this](const PruneCandidate &a, const PruneCandidate &b) {
                                   return Distance(points[a.payload], points[b.payload]);
                               });
    }
};

// Nearest first, ties by id.
bool
Before(const PruneCandidate &a, const PruneCandidate &b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
}

TEST(PruneNeighbours, RuleHolds)
{
    for (unsigned seed = 1; seed <= 300; ++seed)
        for (int grid : {8, 1000}) {
            size_t count = seed % 61;
            size_t limit = 1 + seed % 17;
            size_t forced = std::min({count, limit, static_cast<size_t>(seed % 5)});
            Points set(seed, count, forced, grid);
            size_t chosen = set.Prune(limit);
            SCOPED_TRACE(testing::Message() << "seed " << seed << " grid " << grid);
            ASSERT_LE(chosen, std::min(limit, count));

            // Nothing was lost or doubled.
            std::vector<bool> seen(count);
            for (const PruneCandidate &at : set.candidates) {
                ASSERT_FALSE(seen[at.id]);
                seen[at.id] = true;
                ASSERT_EQ(at.payload, at.id);
                ASSERT_EQ(at.distance, Distance(set.points[at.payload], {0, 0}));
            }
            const PruneCandidate *begin = set.candidates.data();
            ASSERT_TRUE(std::is_sorted(begin, begin + chosen, Before));
            size_t forced_chosen = 0;
            for (size_t i = 0; i < chosen; ++i)
                forced_chosen += begin[i].forced;
            ASSERT_EQ(forced_chosen, forced);

            for (size_t i = 0; i < count; ++i) {
                const PruneCandidate &at = begin[i];
                size_t before = 0, forced_after = 0;
                bool shadowed = false;
                for (size_t j = 0; j < chosen; ++j) {
                    if (j == i)
                        continue;
                    if (!Before(begin[j], at)) {
                        forced_after += begin[j].forced;
                        continue;
                    }
                    ++before;
                    shadowed =
                        shadowed || Distance(set.points[begin[j].payload], set.points[at.payload]) <
                                        kPruneAlpha * at.distance;
                }
                if (at.forced)
                    ASSERT_LT(i, chosen);
                else if (i < chosen)
                    ASSERT_FALSE(shadowed) << "one chosen is clearly nearer to " << at.id;
                else
                    ASSERT_TRUE(shadowed || before + forced_after >= limit)
                        << at.id << " was left out without a reason";
            }
        }
}

TEST(PruneNeighbours, OrderOfInputDoesNotMatter)
{
    for (unsigned seed = 1; seed <= 50; ++seed) {
        Points set(seed, 40, 3, 8);
        Points other = set;
        std::reverse(other.candidates.begin(), other.candidates.end());
        size_t chosen = set.Prune(12);
        ASSERT_EQ(other.Prune(12), chosen);
        for (size_t i = 0; i < chosen; ++i)
            EXPECT_EQ(set.candidates[i].id, other.candidates[i].id);
    }
}

// As many forced as there is room: they, and nothing else, however near the others are.
TEST(PruneNeighbours, ForcedFillTheList)
{
    Points set(3, 30, 10, 1000);
    for (PruneCandidate &at : set.candidates)
        if (at.forced)
            at.distance += 1e9f;
    ASSERT_EQ(set.Prune(10), 10u);
    for (size_t i = 0; i < 10; ++i)
        EXPECT_TRUE(set.candidates[i].forced);
}

TEST(PruneNeighbours, NothingToChoose)
{
    Points none(1, 0, 0, 10);
    EXPECT_EQ(none.Prune(5), 0u);
}

} // namespace
} // namespace omendb::test
