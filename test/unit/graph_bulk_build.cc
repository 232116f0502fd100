// Bulk construction as a whole: invariants and recall on easy and hard sets.

#include "graph_bulk_data.h"

namespace omendb {
namespace {

class BulkBuild : public testing::Test {
protected:
    void SetUp() override { SelectKernels(BestTier()); }

    // Small leaves, so that a few thousand rows are divided more than once.
    static BulkOptions Options()
    {
        BulkOptions options;
        options.entries = 50;
        options.leaf_rows = 128;
        return options;
    }

    static void BuildAndCheck(const Rows &rows, double recall, uint32_t degree = 24)
    {
        TestGraph test(rows, degree);
        test.Build(Options());
        test.Check();
        if (recall > 0) {
            EXPECT_GE(test.Recall(10, 64, 50), recall);
        }
    }
};

TEST_F(BulkBuild, NoRows)
{
    TestGraph test({}, 24);
    test.Build(Options());
    EXPECT_EQ(test.graph().nodes(), 0u);
    EXPECT_TRUE(test.graph().entries().empty());
}

TEST_F(BulkBuild, FewRows)
{
    for (size_t count : {1, 2, 3, 33, 128, 129, 200}) {
        SCOPED_TRACE(count);
        BuildAndCheck(RandomRows(count, 17), 0.97);
    }
}

// A graph of some of the rows grows by the others; some of those are twins of the old, or of each other.
TEST_F(BulkBuild, KeepsATree)
{
    for (auto [old_rows, new_rows] :
         {std::pair<size_t, size_t>{2000, 2000}, {3000, 300}, {40, 3000}, {1, 50}}) {
        SCOPED_TRACE(testing::Message() << old_rows << " and " << new_rows);
        Rows rows = RandomRows(old_rows + new_rows, 20);
        for (size_t i = old_rows; i < rows.size(); i += 7)
            rows[i] = rows[i / 2];
        TestGraph before(Rows(rows.begin(), rows.begin() + ptrdiff_t(old_rows)), 24);
        before.Build(Options());
        MemoryGraph &old = before.graph();
        std::vector<uint32_t> by_birth(old.nodes());
        for (uint32_t row = 0; row < old.rows(); ++row)
            if (old.IsNode(row))
                by_birth[old.BirthOf(row)] = row;
        Rows all;
        for (uint32_t row : by_birth)
            all.push_back(rows[row]);
        all.insert(all.end(), rows.begin() + ptrdiff_t(old_rows), rows.end());

        TestGraph test(all, 24);
        for (uint32_t birth = 0; birth < by_birth.size(); ++birth)
            test.graph().Keep(birth, old.BirthOf(old.AnchorOf(by_birth[birth])));
        BulkOptions options = Options();
        options.kept = uint32_t(by_birth.size());
        options.entries = 5;
        test.Build(options);
        test.Check();
        EXPECT_GE(test.Recall(10, 64, 50), 0.97);
        for (uint32_t birth = 0; birth < by_birth.size(); ++birth) {
            ASSERT_EQ(test.graph().BirthOf(birth), birth);
            ASSERT_EQ(test.graph().AnchorOf(birth), old.BirthOf(old.AnchorOf(by_birth[birth])));
        }
        EXPECT_GE(test.graph().entries().size(),
                  old.entries().size() + std::min<size_t>(5, new_rows / 2));
        EXPECT_LT(test.graph().nodes(), all.size());
    }
}

TEST_F(BulkBuild, ArrangesRows)
{
    for (size_t count : {100, 3000}) { // one leaf, which is left as it is, and many
        Rows rows = RowsWithTwins(count, 20);
        Numbers numbers(count);
        TestGraph test(rows, 24);
        test.Build(numbers.Follow(Options()));
        test.Check();
        EXPECT_GE(test.Recall(10, 64, 50), 0.97);
        if (count == 100)
            EXPECT_TRUE(std::is_sorted(numbers.was.begin(), numbers.was.end()));
        else
            CheckArranged(rows, &test, numbers.was);
    }
}

// Nodes that are kept stay nodes, though they have the same code.
TEST_F(BulkBuild, KeepsTwins)
{
    TestGraph test(Rows(300, std::vector<float>(20, 1.5f)), 24);
    for (uint32_t row = 0; row < 20; ++row)
        test.graph().Keep(row, row / 2);
    BulkOptions options = Options();
    options.kept = 20;
    options.entries = 0;
    test.Build(options);
    test.Check();
    EXPECT_EQ(test.graph().nodes(), 20u);
    EXPECT_EQ(test.graph().entries().size(), 1u);
}

TEST_F(BulkBuild, AllRowsIdentical)
{
    TestGraph test(Rows(3000, std::vector<float>(20, 1.5f)), 24);
    test.Build(Options());
    test.Check();
    EXPECT_EQ(test.graph().nodes(), 1u);
    EXPECT_EQ(test.graph().entries().size(), 1u);
}

TEST_F(BulkBuild, DuplicatesShareANode)
{
    Rows rows = RandomRows(3000, 20);
    for (size_t i = 0; i < rows.size(); i += 5)
        rows[i] = rows[i % 35]; // crowds of some 85
    TestGraph test(rows, 24);
    test.Build(Options());
    test.Check();
    EXPECT_EQ(test.graph().nodes(), 2407u);
    EXPECT_GE(test.Recall(10, 64, 50), 0.95);
}

TEST_F(BulkBuild, FewDimensions)
{
    for (size_t dims : {1, 2, 3, 17}) {
        SCOPED_TRACE(dims);
        BuildAndCheck(RandomRows(4000, dims), 0.95);
    }
}

TEST_F(BulkBuild, ManyDimensions)
{
    BuildAndCheck(RandomRows(700, 2000), 0);
}

TEST_F(BulkBuild, FarClusters)
{
    for (size_t clusters : {3, 300}) {
        SCOPED_TRACE(clusters);
        Rows rows = RandomRows(4000, 16), centres = RandomRows(clusters, 16, 2);
        for (size_t i = 0; i < rows.size(); ++i)
            for (size_t d = 0; d < 16; ++d)
                rows[i][d] = rows[i][d] * 0.01f + 1000 * centres[i % clusters][d];
        BuildAndCheck(rows, 0);
    }
}

TEST_F(BulkBuild, SortedRows)
{
    Rows rows = RandomRows(4000, 8);
    std::sort(rows.begin(), rows.end());
    BuildAndCheck(rows, 0.97);
}

// Codes that differ in nothing but the step: no leader divides them by much.
TEST_F(BulkBuild, RowsOnARay)
{
    Rows rows(2000, std::vector<float>(8));
    for (size_t i = 0; i < rows.size(); ++i)
        std::fill(rows[i].begin(), rows[i].end(), float(i));
    BuildAndCheck(rows, 0.9);
}

// All equally far from each other.
TEST_F(BulkBuild, UnitVectors)
{
    Rows rows(600, std::vector<float>(600));
    for (size_t i = 0; i < rows.size(); ++i)
        rows[i][i] = 1;
    BuildAndCheck(rows, 0);
}

// One row that all others are nearest to: its list cannot hold them all.
TEST_F(BulkBuild, Hub)
{
    Rows rows = RandomRows(1500, 300);
    for (float &x : rows[700])
        x = 0;
    BuildAndCheck(rows, 0, 8);
}

TEST_F(BulkBuild, RowsWithoutAPlace)
{
    Rows rows = RandomRows(500, 16);
    for (size_t i = 0; i < rows.size(); i += 50)
        rows[i][3] = 1e38f; // too long for float sums
    TestGraph test(rows, 24);
    test.Build(Options());
    test.Check();
}

TEST_F(BulkBuild, EveryTierBuilds)
{
    for (int tier = 0; tier < kTierCount; ++tier) {
        if (KernelsOfTier(Tier(tier)) == nullptr)
            continue;
        SelectKernels(Tier(tier));
        SCOPED_TRACE(kernels->name);
        BuildAndCheck(RandomRows(1000, 40), 0.97);
    }
}

TEST_F(BulkBuild, SameRowsSameGraph)
{
    Rows rows = RandomRows(2000, 12);
    TestGraph one(rows, 16), other(rows, 16);
    one.Build(Options());
    other.Build(Options());
    for (uint32_t row = 0; row < rows.size(); ++row) {
        ASSERT_EQ(one.graph().BirthOf(row), other.graph().BirthOf(row));
        ASSERT_EQ(one.graph().DegreeOf(row), other.graph().DegreeOf(row));
        const uint32_t *ids = one.graph().NeighboursOf(row);
        ASSERT_TRUE(
            std::equal(ids, ids + one.graph().DegreeOf(row), other.graph().NeighboursOf(row)));
    }
}

// As good as linking row by row, whose search pool is as wide as the one asked with.
TEST_F(BulkBuild, NoWorseThanInsertion)
{
    Rows rows = RandomRows(4000, 24);
    TestGraph linked(rows, 16), built(rows, 16);
    linked.graph().SetEntries(50);
    for (uint32_t row = 0; row < rows.size(); ++row)
        linked.graph().Link(row);
    for (uint32_t row = 0; row < rows.size(); ++row)
        linked.graph().Fill(row);
    built.Build(Options());
    EXPECT_GE(built.Recall(10, 32, 100), linked.Recall(10, 32, 100) - 0.01);
}

TEST_F(BulkBuild, ReportsProgressAndServesInterrupts)
{
    struct Seen {
        std::vector<BulkPhase> ended;
        uint64_t done = 0;
    } seen;
    Rows rows = RandomRows(2000, 12);
    TestGraph test(rows, 16);
    BulkOptions options = Options();
    options.progress_context = &seen;
    options.progress = [](void *context, BulkPhase phase, uint64_t done, uint64_t total) {
        auto *seen = static_cast<Seen *>(context);
        EXPECT_LE(done, total);
        if (done == total && (seen->ended.empty() || seen->ended.back() != phase))
            seen->ended.push_back(phase);
    };
    TestGraph::interrupts_checked = 0;
    test.Build(options);
    EXPECT_EQ(seen.ended,
              (std::vector<BulkPhase>{BulkPhase::kPartition, BulkPhase::kPrune, BulkPhase::kReverse,
                                      BulkPhase::kFill, BulkPhase::kAnchors}));
    EXPECT_GE(TestGraph::interrupts_checked, rows.size() / 64);
}

} // namespace
} // namespace omendb
