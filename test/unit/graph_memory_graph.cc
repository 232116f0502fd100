// The graph grown row by row: its invariants, for friendly and for odd rows, and that a search finds what
// comparing with every node finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>
#include <set>
#include <vector>

#include "codec_data.h"
#include "omendb/base/arena.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/graph/search.h"

namespace omendb::test {
namespace {

constexpr uint32_t kNone = MemoryGraph::kNone;

class GrownGraph {
public:
    GrownGraph(Metric metric, const Rows &rows, uint32_t degree, uint32_t entries)
        : model_(metric, rows), degree_(degree), graph_(arena_.pool(), Options(rows, degree))
    {
        std::vector<float> y(model_.space.padded);
        for (size_t i = 0; i < rows.count(); ++i) {
            bool representable = RowToSpace(model_.space, rows.row(i), y.data());
            OwnFactors factors = EncodeOwn(model_.space, y.data(), representable,
                                           graph_.CodeOf(static_cast<uint32_t>(i)));
            EXPECT_EQ(graph_.AddRow(factors), i);
        }
        graph_.SetEntries(entries);
        std::vector<uint32_t> order(rows.count());
        for (uint32_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::shuffle(order.begin(), order.end(), std::mt19937(4));
        for (uint32_t row : order)
            graph_.Link(row);
    }

    void Fill()
    {
        for (uint32_t row = 0; row < graph_.rows(); ++row)
            graph_.Fill(row);
    }

    MemoryGraph &graph() { return graph_; }
    const Space &space() const { return model_.space; }

    // What graph/memory_graph.h promises.
    void Check()
    {
        std::vector<uint32_t> births(graph_.nodes(), kNone);
        std::vector<uint32_t> in_chain(graph_.rows());
        for (uint32_t row = 0; row < graph_.rows(); ++row) {
            if (!graph_.IsNode(row)) {
                EXPECT_FALSE(graph_.IsEntry(row));
                continue;
            }
            ASSERT_LT(graph_.BirthOf(row), graph_.nodes());
            ASSERT_EQ(births[graph_.BirthOf(row)], kNone);
            births[graph_.BirthOf(row)] = row;
            CheckNode(row);
            for (uint32_t twin = row; twin != kNone; twin = graph_.NextDuplicate(twin)) {
                ASSERT_EQ(++in_chain[twin], 1u);
                EXPECT_TRUE(twin == row || !graph_.IsNode(twin));
                EXPECT_EQ(graph_.Distance(row, twin), 0);
                EXPECT_EQ(memcmp(graph_.CodeOf(row), graph_.CodeOf(twin), space().padded), 0);
            }
        }
        for (uint32_t row = 0; row < graph_.rows(); ++row)
            EXPECT_EQ(in_chain[row], 1u) << "row " << row;
        std::set<uint32_t> entries(graph_.entries().begin(), graph_.entries().end());
        EXPECT_EQ(entries.size(), graph_.entries().size());
        for (uint32_t row = 0; row < graph_.rows(); ++row)
            EXPECT_EQ(graph_.IsEntry(row), entries.count(row) == 1);
        EXPECT_EQ(CountReached(), graph_.nodes());
    }

private:
    MemoryGraphOptions Options(const Rows &rows, uint32_t degree) const
    {
        MemoryGraphOptions options = {};
        options.capacity = static_cast<uint32_t>(rows.count());
        options.padded = model_.space.padded;
        options.degree = degree;
        options.search_width = 64;
        options.check_interrupts = [] {};
        return options;
    }

    void CheckNode(uint32_t node)
    {
        const uint32_t *ids = graph_.NeighboursOf(node);
        uint32_t degree = graph_.DegreeOf(node);
        ASSERT_LE(degree, degree_);
        EXPECT_EQ(std::set<uint32_t>(ids, ids + degree).size(), degree);
        uint32_t anchored = 0;
        for (uint32_t i = 0; i < degree; ++i) {
            ASSERT_LT(ids[i], graph_.rows());
            EXPECT_NE(ids[i], node);
            EXPECT_TRUE(graph_.IsNode(ids[i]));
            anchored += graph_.AnchorOf(ids[i]) == node;
        }
        EXPECT_LE(anchored, MaxAnchored(degree_));
        EXPECT_TRUE(graph_.IsEntry(graph_.HomeOf(node)));
        uint32_t anchor = graph_.AnchorOf(node);
        if (graph_.IsEntry(node)) {
            EXPECT_EQ(graph_.HomeOf(node), node);
            return;
        }
        ASSERT_LT(anchor, graph_.rows());
        EXPECT_LT(graph_.BirthOf(anchor), graph_.BirthOf(node));
        const uint32_t *of_anchor = graph_.NeighboursOf(anchor);
        EXPECT_EQ(std::count(of_anchor, of_anchor + graph_.DegreeOf(anchor), node), 1);
    }

    // Nodes that edges lead to from the entries.
    size_t CountReached()
    {
        std::vector<bool> reached(graph_.rows());
        std::vector<uint32_t> queue(graph_.entries().begin(), graph_.entries().end());
        for (uint32_t entry : queue)
            reached[entry] = true;
        for (size_t at = 0; at < queue.size(); ++at)
            for (uint32_t i = 0; i < graph_.DegreeOf(queue[at]); ++i) {
                uint32_t to = graph_.NeighboursOf(queue[at])[i];
                if (!reached[to]) {
                    reached[to] = true;
                    queue.push_back(to);
                }
            }
        return queue.size();
    }

    Arena arena_;
    Model model_;
    uint32_t degree_;
    MemoryGraph graph_;
};

// SearchGraph over the graph, with distances from a query to own codes.
class QueryStorage {
public:
    QueryStorage(GrownGraph *grown, const float *query)
        : graph_(grown->graph()), space_(grown->space()), rotated_(space_.padded),
          residual_(space_.padded)
    {
        QueryToSpace(space_, query, rotated_.data());
    }

    float DistanceTo(uint32_t node)
    {
        float largest;
        return kernels->residual(rotated_.data(), graph_.CodeOf(node), graph_.FactorsOf(node)->step,
                                 space_.padded, residual_.data(), &largest);
    }

    void Prefetch(uint32_t id) { EXPECT_TRUE(graph_.IsNode(id)); }
    void CheckInterrupts() { ++interrupts; }

    void Expand(const Candidate &candidate, float *distance, Neighbourhood *found)
    {
        EXPECT_TRUE(expanded.insert(candidate.id).second) << "expanded twice";
        *distance = DistanceTo(candidate.id);
        EXPECT_EQ(*distance, candidate.estimate);
        const uint32_t *neighbours = graph_.NeighboursOf(candidate.id);
        ids_.assign(neighbours, neighbours + graph_.DegreeOf(candidate.id));
        estimates_.clear();
        for (uint32_t id : ids_)
            estimates_.push_back(DistanceTo(id));
        *found = {ids_.data(), estimates_.data(), nullptr, ids_.size()};
    }

    std::set<uint32_t> expanded;
    size_t interrupts = 0;

private:
    MemoryGraph &graph_;
    const Space &space_;
    std::vector<float> rotated_, residual_;
    std::vector<uint32_t> ids_;
    std::vector<float> estimates_;
};

// Of the ten nodes nearest to each query, the share that a search finds.
double
RecallAt10(GrownGraph *grown, const Rows &queries, size_t width)
{
    MemoryGraph &graph = grown->graph();
    size_t found = 0, wanted = 0;
    for (size_t q = 0; q < queries.count(); ++q) {
        QueryStorage storage(grown, queries.row(q));
        std::vector<std::pair<float, uint32_t>> truth;
        for (uint32_t row = 0; row < graph.rows(); ++row)
            if (graph.IsNode(row))
                truth.push_back({storage.DistanceTo(row), row});
        size_t k = std::min<size_t>(10, truth.size());
        std::partial_sort(truth.begin(), truth.begin() + static_cast<ptrdiff_t>(k), truth.end());

        Arena arena;
        CandidatePool pool(arena.pool(), width);
        for (uint32_t entry : graph.entries())
            pool.OfferOne(entry, storage.DistanceTo(entry));
        size_t hops = SearchGraph(storage, pool);
        EXPECT_EQ(hops, storage.expanded.size());
        EXPECT_EQ(storage.interrupts, hops / 64);
        EXPECT_GE(hops, std::min<size_t>(width, graph.nodes()));
        for (size_t i = 0; i < k; ++i)
            found += storage.expanded.count(truth[i].second);
        wanted += k;
    }
    return static_cast<double>(found) / static_cast<double>(wanted);
}

TEST(MemoryGraph, ClusteredRows)
{
    for (Metric metric : kMetrics) {
        SCOPED_TRACE(MetricName(metric));
        GrownGraph grown(metric, ClusteredRows(3000, 48, 1), 16, 50);
        Rows queries = ClusteredRows(60, 48, 2);
        grown.Check();
        EXPECT_EQ(grown.graph().nodes(), 3000u);
        EXPECT_GE(grown.graph().entries().size(), 50u);
        EXPECT_LE(grown.graph().entries().size(), 100u);
        double grown_recall = RecallAt10(&grown, queries, 64);
        EXPECT_GE(grown_recall, 0.95);
        grown.Fill();
        grown.Check();
        size_t edges = 0;
        for (uint32_t row = 0; row < 3000; ++row)
            edges += grown.graph().DegreeOf(row);
        EXPECT_GE(edges, 3000u * 15);
        EXPECT_GE(RecallAt10(&grown, queries, 64), grown_recall - 0.01);
        EXPECT_EQ(RecallAt10(&grown, queries, 3000), 1.0);
    }
}

TEST(MemoryGraph, DuplicatesShareANode)
{
    Rows rows = ClusteredRows(1500, 30, 3);
    for (size_t i = 500; i < 1500; ++i) // 400 rows alone, 100 with ten more of each
        std::copy_n(rows.row(i % 100), 30, rows.row(i));
    GrownGraph grown(Metric::kL2, rows, 12, 20);
    grown.Check();
    EXPECT_EQ(grown.graph().nodes(), 500u);
    grown.Fill();
    grown.Check();
    EXPECT_GE(RecallAt10(&grown, ClusteredRows(40, 30, 4), 64), 0.95);
}

TEST(MemoryGraph, OddRows)
{
    struct Case {
        const char *name;
        Rows rows;
        size_t nodes;
    };
    std::vector<Case> cases;
    cases.push_back({"none", MakeRows(0, 5), 0});
    cases.push_back({"one", GaussianRows(1, 5, 1), 1});
    cases.push_back({"two", GaussianRows(2, 5, 1), 2});
    cases.push_back({"all zero", MakeRows(300, 5), 1});
    Rows same = MakeRows(300, 70);
    std::fill(same.values.begin(), same.values.end(), 3.0f);
    cases.push_back({"all the same", same, 1});
    Rows line = MakeRows(700, 1);
    for (size_t i = 0; i < 700; ++i)
        line.row(i)[0] = static_cast<float>(i);
    cases.push_back({"a line", line, 700});
    Rows far = GaussianRows(600, 20, 2, 1e-3f);
    for (size_t i = 0; i < 300; ++i)
        far.row(i)[0] += 1000;
    cases.push_back({"two clusters far apart", far, 0});
    Rows corners = MakeRows(512, 9); // of a cube: all distances tie
    for (size_t i = 0; i < 512; ++i)
        for (size_t k = 0; k < 9; ++k)
            corners.row(i)[k] = (i >> k & 1) != 0 ? 1.0f : -1.0f;
    cases.push_back({"corners", corners, 512});
    Rows huge = GaussianRows(50, 5, 4);
    for (size_t i = 0; i < 10; ++i)
        std::fill_n(huge.row(i), 5, 1e30f); // no place in index space
    cases.push_back({"rows without a place", huge, 41});

    for (Case &at : cases)
        for (uint32_t entries : {0u, 5u}) {
            SCOPED_TRACE(at.name);
            GrownGraph grown(Metric::kL2, at.rows, 8, entries);
            grown.Check();
            if (at.nodes > 0) {
                EXPECT_EQ(grown.graph().nodes(), at.nodes);
            }
            grown.Fill();
            grown.Check();
            if (at.rows.count() > 0) {
                EXPECT_EQ(RecallAt10(&grown, GaussianRows(5, at.rows.dims, 7), 1000), 1.0);
            }
        }
}

TEST(MemoryGraph, BytesPerRowIsWhatARowTakes)
{
    Arena small, large;
    MemoryGraphOptions options = {};
    options.padded = 128;
    options.degree = 28;
    options.search_width = 64;
    options.check_interrupts = [] {};
    options.capacity = 1000;
    MemoryGraph first(small.pool(), options);
    options.capacity = 3000;
    MemoryGraph second(large.pool(), options);
    EXPECT_EQ(large.allocated_bytes() - small.allocated_bytes(),
              2000 * MemoryGraph::BytesPerRow(128, 28));
}

} // namespace
} // namespace omendb::test
