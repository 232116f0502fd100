// Graphs for the tests of bulk construction: rows of many kinds, encoded as an index would, and what must
// hold for any graph.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "omendb/base/arena.h"
#include "omendb/codec/own_code.h"
#include "omendb/codec/space.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/simd/kernels.h"
#include "normal.h"

namespace omendb {

using Rows = std::vector<std::vector<float>>;

inline Rows
RandomRows(size_t count, size_t dims, unsigned seed = 1)
{
    std::mt19937 random(seed);
    test::Normal normal;
    Rows rows(count, std::vector<float>(dims));
    for (auto &row : rows)
        for (float &x : row)
            x = normal(random);
    return rows;
}

// A graph over rows, not linked yet.
class TestGraph {
public:
    // `pool`: where the graph lies, in place of an arena of its own.
    TestGraph(const Rows &rows, uint32_t degree, const Pool *pool = nullptr)
        : mean_(rows.empty() ? 1 : rows[0].size())
    {
        uint32_t dims = uint32_t(mean_.size());
        double norms = 0;
        for (const auto &row : rows)
            for (size_t i = 0; i < dims; ++i)
                mean_[i] += row[i] / float(rows.size());
        for (const auto &row : rows) {
            double squares = 0;
            for (size_t i = 0; i < dims; ++i)
                squares += std::pow(double(row[i]) - mean_[i], 2);
            norms += std::sqrt(squares) / double(rows.size());
        }
        Space space = {Metric::kL2,  dims,   PaddedDims(Metric::kL2, dims), ScaleForNorm(norms), 0,
                       mean_.data(), nullptr};
        rotated_mean_.resize(space.padded);
        space.rotated_mean = rotated_mean_.data();
        RotateMean(space, rotated_mean_.data());
        options_.capacity = uint32_t(rows.size());
        options_.padded = space.padded;
        options_.degree = degree;
        options_.search_width = 64;
        options_.check_interrupts = [] {};
        graph_ = MemoryGraph(pool == nullptr ? arena_.pool() : *pool, options_);
        std::vector<float> y(space.padded);
        for (const auto &row : rows) {
            bool representable = RowToSpace(space, row.data(), y.data());
            OwnFactors own =
                EncodeOwn(space, y.data(), representable, graph_.CodeOf(graph_.rows()));
            graph_.AddRow(own);
        }
    }

    void Build(BulkOptions options)
    {
        options.check_interrupts = [] { ++interrupts_checked; };
        Arena scratch;
        BuildBulk(&graph_, scratch.pool(), options);
        EXPECT_LE(scratch.allocated_bytes(), BulkBytesPerRow(options) * graph_.rows() +
                                                 BulkFixedBytes(options, options_.padded));
    }

    void Build(BulkOptions options, const BulkTeam &team)
    {
        options.check_interrupts = [] { ++interrupts_checked; };
        Arena scratch;
        BuildBulk(&graph_, scratch.pool(), options, &team);
    }

    MemoryGraph &graph() { return graph_; }

    bool SameCode(uint32_t a, uint32_t b)
    {
        return graph_.FactorsOf(a)->step == graph_.FactorsOf(b)->step &&
               std::equal(graph_.CodeOf(a), graph_.CodeOf(a) + options_.padded, graph_.CodeOf(b));
    }

    // Every invariant of graph/memory_graph.h.
    void Check();

    // Of each row's true `k` nearest, the share that a search of this width from the entries finds.
    double Recall(size_t k, size_t width, size_t queries);

    static inline std::atomic<size_t> interrupts_checked = 0;

private:
    Arena arena_;
    std::vector<float> mean_, rotated_mean_;
    MemoryGraphOptions options_ = {};
    MemoryGraph graph_{arena_.pool(), MemoryGraphOptions{0, 64, 8, 16, 1, nullptr}};
};

inline void
TestGraph::Check()
{
    constexpr uint32_t kNone = MemoryGraph::kNone;
    const uint32_t rows = graph_.rows();
    std::vector<uint32_t> seen(rows), births;
    size_t entries = 0;
    for (uint32_t node = 0; node < rows; ++node) {
        if (!graph_.IsNode(node))
            continue;
        SCOPED_TRACE(testing::Message() << "node " << node);
        births.push_back(graph_.BirthOf(node));
        for (uint32_t twin = node; twin != kNone; twin = graph_.NextDuplicate(twin)) {
            ASSERT_LT(twin, rows);
            ASSERT_EQ(++seen[twin], 1u) << "row " << twin << " stands twice in a chain";
            ASSERT_TRUE(SameCode(twin, node));
        }
        uint32_t home = graph_.HomeOf(node), anchor = graph_.AnchorOf(node);
        ASSERT_TRUE(graph_.IsNode(home));
        ASSERT_TRUE(graph_.IsNode(anchor));
        const uint32_t *of_anchor = graph_.NeighboursOf(anchor);
        if (graph_.IsEntry(node)) {
            ++entries;
        } else {
            ASSERT_LT(graph_.BirthOf(anchor), graph_.BirthOf(node));
            ASSERT_EQ(std::count(of_anchor, of_anchor + graph_.DegreeOf(anchor), node), 1);
        }
        const uint32_t *ids = graph_.NeighboursOf(node);
        uint32_t degree = graph_.DegreeOf(node), anchored = 0;
        ASSERT_LE(degree, options_.degree);
        ASSERT_EQ(std::set<uint32_t>(ids, ids + degree).size(), degree);
        float before = 0;
        for (uint32_t i = 0; i < degree; ++i) {
            ASSERT_NE(ids[i], node);
            ASSERT_LT(ids[i], rows);
            ASSERT_TRUE(graph_.IsNode(ids[i]));
            ASSERT_GE(graph_.Distance(node, ids[i]), before) << "not nearest first";
            before = graph_.Distance(node, ids[i]);
            anchored += graph_.AnchorOf(ids[i]) == node;
        }
        ASSERT_LE(anchored, options_.degree / 2);
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1u), ptrdiff_t(rows)) << "rows went missing";
    std::sort(births.begin(), births.end());
    for (uint32_t i = 0; i < births.size(); ++i)
        ASSERT_EQ(births[i], i);
    EXPECT_EQ(births.size(), graph_.nodes());
    EXPECT_EQ(graph_.entries().size(), entries);
    for (uint32_t entry : graph_.entries())
        EXPECT_TRUE(graph_.IsEntry(entry));
}

// A fifth of the rows, or more, have the code of another.
inline Rows
RowsWithTwins(size_t count, size_t dims)
{
    Rows rows = RandomRows(count, dims);
    for (size_t i = 0; i < count; i += 5)
        rows[i] = rows[i / 3];
    return rows;
}

// What each row of a graph was before a build gave it another number.
struct Numbers {
    explicit Numbers(size_t count) : was(count) { std::iota(was.begin(), was.end(), 0); }

    // Options of a build of which this is told.
    BulkOptions Follow(BulkOptions options)
    {
        options.swap_rows = [](void *self, uint32_t a, uint32_t b) {
            auto &was = static_cast<Numbers *>(self)->was;
            std::swap(was.at(a), was.at(b));
        };
        options.swap_context = this;
        return options;
    }

    std::vector<uint32_t> was;
};

// Rows got other numbers, one for one, and everything of a row went with it: codes, factors, twins, homes.
inline void
CheckArranged(const Rows &rows, TestGraph *test, const std::vector<uint32_t> &was)
{
    TestGraph plain(rows, 24);
    MemoryGraph &graph = test->graph(), &old = plain.graph();
    EXPECT_FALSE(std::is_sorted(was.begin(), was.end()));
    std::vector<uint32_t> homes; // of the nodes, in order
    for (uint32_t row = 0; row < rows.size(); ++row) {
        ASSERT_EQ(memcmp(graph.FactorsOf(row), old.FactorsOf(was[row]), sizeof(OwnFactors)), 0)
            << row;
        ASSERT_EQ(memcmp(graph.CodeOf(row), old.CodeOf(was[row]), graph.Arrays().padded), 0) << row;
        if (graph.IsNode(row))
            homes.push_back(graph.HomeOf(row));
    }
    // Each home's nodes lie together.
    homes.erase(std::unique(homes.begin(), homes.end()), homes.end());
    EXPECT_EQ(std::set<uint32_t>(homes.begin(), homes.end()).size(), homes.size());
}

// Of the true `k` nearest of some nodes, the share that searches of this width from the entries find.
// distance(a, b) of two nodes; neighbours_of(node): a range.
template <class Distance, class NeighboursOf>
double
GraphRecall(const std::vector<uint32_t> &nodes, const std::vector<uint32_t> &entries, size_t k,
            size_t width, size_t queries, Distance distance, NeighboursOf neighbours_of)
{
    std::mt19937 random(7);
    size_t found = 0, wanted = 0;
    for (size_t q = 0; q < queries; ++q) {
        uint32_t query = nodes[random() % nodes.size()];
        auto nearer = [&](uint32_t a, uint32_t b) {
            float da = distance(query, a), db = distance(query, b);
            return da != db ? da < db : a < b;
        };
        std::vector<uint32_t> truth = nodes;
        size_t most = std::min(k, truth.size());
        std::partial_sort(truth.begin(), truth.begin() + ptrdiff_t(most), truth.end(), nearer);
        std::set<uint32_t, decltype(nearer)> pool(entries.begin(), entries.end(), nearer);
        std::set<uint32_t> expanded;
        for (bool more = true; more;) {
            more = false;
            size_t place = 0;
            for (uint32_t id : pool) {
                if (place++ == width)
                    break;
                if (expanded.insert(id).second) {
                    auto neighbours = neighbours_of(id);
                    pool.insert(neighbours.begin(), neighbours.end());
                    more = true;
                    break;
                }
            }
        }
        for (size_t i = 0; i < most; ++i)
            found += expanded.count(truth[i]);
        wanted += most;
    }
    return double(found) / double(wanted);
}

inline double
TestGraph::Recall(size_t k, size_t width, size_t queries)
{
    std::vector<uint32_t> nodes;
    for (uint32_t row = 0; row < graph_.rows(); ++row)
        if (graph_.IsNode(row))
            nodes.push_back(row);
    std::vector<uint32_t> entries(graph_.entries().begin(), graph_.entries().end());
    return GraphRecall(
        nodes, entries, k, width, queries,
        [&](uint32_t a, uint32_t b) { return graph_.Distance(a, b); },
        [&](uint32_t node) {
            const uint32_t *ids = graph_.NeighboursOf(node);
            return std::vector<uint32_t>(ids, ids + graph_.DegreeOf(node));
        });
}

} // namespace omendb
