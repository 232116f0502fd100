// Builds that do not fit into memory: every row once, the invariants of any graph, recall beside the build in
// memory, several members, and working memory that is kept to.
#include "graph_bulk_data.h"
#include "omendb/codec/neighbour_code.h"

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "omendb/graph/external_build.h"

namespace omendb {
namespace {

// A spill file in memory; what it was asked for can be looked at.
class TestSpill {
public:
    Spill spill()
    {
        return {this,
                [](void *self, uint64_t at, void *to, size_t bytes) {
                    static_cast<TestSpill *>(self)->Read(at, to, bytes);
                },
                [](void *self, uint64_t at, const void *from, size_t bytes) {
                    static_cast<TestSpill *>(self)->Write(at, from, bytes);
                },
                [](void *self, uint64_t bytes) {
                    return static_cast<TestSpill *>(self)->end_.fetch_add(bytes);
                }};
    }

private:
    void Read(uint64_t at, void *to, size_t bytes)
    {
        std::lock_guard<std::mutex> hold(lock_);
        ASSERT_LE(at + bytes, bytes_.size()) << "read of what was never written";
        memcpy(to, bytes_.data() + at, bytes);
    }
    void Write(uint64_t at, const void *from, size_t bytes)
    {
        std::lock_guard<std::mutex> hold(lock_);
        if (bytes_.size() < at + bytes)
            bytes_.resize(at + bytes);
        memcpy(bytes_.data() + at, from, bytes);
    }

    std::mutex lock_;
    std::vector<char> bytes_;
    std::atomic<uint64_t> end_{0};
};

class Crew {
public:
    explicit Crew(uint32_t members) : members_(members)
    {
        for (auto &counter : counters_)
            counter = 0;
    }
    BulkCrew crew()
    {
        return {this,
                [](void *self, uint32_t step, uint32_t count) {
                    return static_cast<Crew *>(self)->counters_[step].fetch_add(count);
                },
                [](void *self) { static_cast<Crew *>(self)->Meet(); }};
    }

private:
    void Meet()
    {
        uint32_t round = arrived_.fetch_add(1) / members_;
        while (arrived_ / members_ == round)
            std::this_thread::yield();
    }

    uint32_t members_;
    std::atomic<uint32_t> arrived_{0};
    std::atomic<uint32_t> counters_[kMostSteps];
};

struct Node {
    uint32_t row;
    std::vector<uint32_t> rows; // and its twins
    std::vector<uint32_t> neighbours;
    uint32_t birth;
    bool entry;
    std::vector<bool> anchors; // by neighbour: its anchor is this
    std::vector<uint16_t> f_add;
    std::vector<uint8_t> codes;
};

class ExternalGraph {
public:
    ExternalGraph(const Rows &rows, uint32_t degree, size_t work_bytes, uint32_t members = 1)
        : encoded_(rows, degree), degree_(degree)
    {
        options_.bulk.entries = 20;
        options_.bulk.check_interrupts = [] { ++TestGraph::interrupts_checked; };
        options_.padded = PaddedDims(Metric::kL2, uint32_t(rows[0].size()));
        options_.degree = degree;
        options_.codes = {options_.padded, 2, uint32_t(NeighbourCodeBytes(options_.padded, 2))};
        options_.page_nodes = 3;
        options_.part_reservoir = 32;
        options_.work_bytes = std::max(work_bytes, ExternalLeastWork(options_));
        Load();
        Build(members);
        Read();
    }

    void Check();
    double Recall(size_t k, size_t width, size_t queries);
    const std::map<uint32_t, Node> &nodes() const { return nodes_; }
    size_t private_bytes() const { return private_bytes_; }
    size_t shared_bytes() const { return shared_bytes_; }
    const ExternalOptions &options() const { return options_; }
    TestGraph &encoded() { return encoded_; }

private:
    void Load()
    {
        MemoryGraph &graph = encoded_.graph();
        Arena arena;
        uint32_t claimed = 0;
        auto claim = [&](uint32_t count) {
            claimed += count;
            return claimed - count;
        };
        ExternalLoader loader(arena.pool(), spill_.spill(), options_.padded);
        for (uint32_t row = 0; row < graph.rows(); ++row) {
            memcpy(loader.Code(), graph.CodeOf(row), options_.padded);
            loader.Add({*graph.FactorsOf(row), 0, 0, row, 0}, claim);
        }
        loader.Flush(claim);
        ASSERT_EQ(claimed, graph.rows());
    }
    void Build(uint32_t members)
    {
        Crew crew(members);
        shared_.resize(ExternalSharedBytes());
        auto *shared = reinterpret_cast<ExternalShared *>(shared_.data());
        std::vector<std::thread> helpers;
        for (uint32_t i = 1; i < members; ++i)
            helpers.emplace_back([&] {
                Arena arena;
                HelpBuildExternal(shared, 0, arena.pool(), spill_.spill(), options_, crew.crew(),
                                  static_cast<ExternalStep>(0));
            });
        Arena own;
        BuildExternal({crew.crew(), arena_.pool(), shared}, own.pool(), spill_.spill(), options_,
                      encoded_.graph().rows());
        for (std::thread &helper : helpers)
            helper.join();
        private_bytes_ = own.allocated_bytes();
        shared_bytes_ = arena_.allocated_bytes();
    }
    void Read();
    void CheckCodes(const Node &node);

    TestGraph encoded_;
    uint32_t degree_;
    ExternalOptions options_ = {};
    TestSpill spill_;
    std::vector<char> shared_;
    Arena arena_;
    size_t private_bytes_ = 0, shared_bytes_ = 0;
    std::map<uint32_t, Node> nodes_; // by number
    std::vector<uint32_t> entries_;
};

void
ExternalGraph::Read()
{
    Arena arena;
    ExternalReader reader(reinterpret_cast<ExternalShared *>(shared_.data()), 0, arena.pool(),
                          spill_.spill(), options_);
    for (uint32_t first = 0; first < reader.nodes();) {
        uint32_t count = reader.ReadNodes(first, 100, true);
        ASSERT_GE(count, 1u);
        const GraphArrays &arrays = reader.arrays();
        for (uint32_t local = 0; local < count; ++local) {
            ASSERT_EQ(reader.NumberOf(local), first + local);
            const ExternalRow &row = reader.RowOf(local);
            Node node = {uint32_t(row.payload),
                         {uint32_t(row.payload)},
                         {},
                         arrays.birth[local],
                         arrays.anchor[local] == local,
                         {},
                         {},
                         {}};
            ASSERT_EQ(0, memcmp(arrays.CodeOf(local), encoded_.graph().CodeOf(node.row),
                                options_.padded));
            ASSERT_EQ(arrays.factors[local].step, encoded_.graph().FactorsOf(node.row)->step);
            std::vector<uint64_t> twins(row.twins);
            if (row.twins > 0)
                reader.ReadTwins(row, 0, row.twins, twins.data());
            node.rows.insert(node.rows.end(), twins.begin(), twins.end());
            for (uint32_t i = 0; i < arrays.degrees[local]; ++i) {
                node.neighbours.push_back(reader.NeighbourOf(local, i));
                node.anchors.push_back(reader.Anchors(local, i));
            }
            ListCodes codes = reader.CodesOf(local);
            node.f_add.assign(codes.f_add, codes.f_add + arrays.degrees[local]);
            node.codes.assign(codes.codes,
                              codes.codes + arrays.degrees[local] * options_.codes.code_bytes);
            nodes_[first + local] = node;
        }
        first += count;
    }
    for (uint32_t i = 0; i < reader.entries(); ++i)
        entries_.push_back(reader.EntryNumber(i));
}

// The codes of a node's neighbours are theirs, in this order.
void
ExternalGraph::CheckCodes(const Node &node)
{
    MemoryGraph &graph = encoded_.graph();
    std::vector<uint32_t> ids;
    for (uint32_t number : node.neighbours)
        ids.push_back(nodes_.at(number).row);
    std::vector<uint16_t> f_add(ids.size()), f_mul(ids.size());
    std::vector<uint8_t> codes(ids.size() * options_.codes.code_bytes);
    std::vector<float> scratch(options_.padded);
    EncodeList(graph.Arrays(), node.row, ids.data(), uint32_t(ids.size()), options_.codes,
               scratch.data(), {f_add.data(), f_mul.data(), codes.data()});
    ASSERT_EQ(node.f_add, f_add);
    ASSERT_EQ(node.codes, codes);
}

void
ExternalGraph::Check()
{
    MemoryGraph &graph = encoded_.graph();
    std::vector<int> seen(graph.rows());
    std::set<uint32_t> births, anchored;
    size_t entries = 0;
    for (const auto &[number, node] : nodes_) {
        SCOPED_TRACE(testing::Message() << "node " << number);
        births.insert(node.birth);
        entries += node.entry;
        for (uint32_t row : node.rows) {
            ASSERT_LT(row, graph.rows());
            ASSERT_EQ(++seen[row], 1);
            ASSERT_TRUE(graph.Arrays().SameCode(row, node.row));
        }
        ASSERT_LE(node.neighbours.size(), degree_);
        ASSERT_EQ(std::set<uint32_t>(node.neighbours.begin(), node.neighbours.end()).size(),
                  node.neighbours.size());
        CheckCodes(node);
        uint32_t children = 0;
        float before = 0;
        for (size_t i = 0; i < node.neighbours.size(); ++i) {
            ASSERT_NE(node.neighbours[i], number);
            ASSERT_EQ(nodes_.count(node.neighbours[i]), 1u);
            const Node &to = nodes_[node.neighbours[i]];
            float distance = graph.Distance(node.row, to.row);
            ASSERT_GE(distance, before) << "not nearest first";
            before = distance;
            if (!node.anchors[i])
                continue;
            ++children;
            ASSERT_LT(node.birth, to.birth);
            ASSERT_TRUE(anchored.insert(node.neighbours[i]).second);
        }
        ASSERT_LE(children, degree_ / 2);
    }
    for (const auto &[number, node] : nodes_)
        ASSERT_EQ(anchored.count(number), node.entry ? 0u : 1u) << number;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), ptrdiff_t(seen.size()))
        << "rows are missing";
    EXPECT_EQ(births.size(), nodes_.size());
    EXPECT_EQ(*births.rbegin(), nodes_.size() - 1);
    EXPECT_EQ(entries, entries_.size());
    for (uint32_t entry : entries_)
        EXPECT_TRUE(nodes_.at(entry).entry);
    EXPECT_LE(private_bytes_, ExternalMemberBytes(options_) + seen.size());
    EXPECT_LE(shared_bytes_, ExternalMemory(options_, uint32_t(seen.size())));
}

double
ExternalGraph::Recall(size_t k, size_t width, size_t queries)
{
    std::vector<uint32_t> numbers;
    for (const auto &[number, node] : nodes_)
        numbers.push_back(number);
    return GraphRecall(
        numbers, entries_, k, width, queries,
        [&](uint32_t a, uint32_t b) {
            return encoded_.graph().Distance(nodes_.at(a).row, nodes_.at(b).row);
        },
        [&](uint32_t number) -> const std::vector<uint32_t> & {
            return nodes_.at(number).neighbours;
        });
}

constexpr size_t kLittle = 1 << 20; // windows and parts of some hundred rows

TEST(External, SoundAndAsGoodAsInMemory)
{
    Rows rows = RandomRows(6000, 24);
    ExternalGraph external(rows, 24, kLittle);
    external.Check();
    TestGraph memory(rows, 24);
    BulkOptions options;
    options.entries = 20;
    memory.Build(options);
    double recall = external.Recall(10, 32, 100), beside = memory.Recall(10, 32, 100);
    EXPECT_GE(recall, beside - 0.02);
}

TEST(External, SeveralMembers)
{
    Rows rows = RandomRows(6000, 24);
    ExternalGraph external(rows, 24, kLittle, 3);
    external.Check();
    EXPECT_GE(external.Recall(10, 32, 100), 0.9);
}

TEST(External, FewRows)
{
    for (size_t count : {1, 2, 3, 17, 100, 513, 700}) {
        SCOPED_TRACE(count);
        ExternalGraph external(RandomRows(count, 8), 16, kLittle);
        external.Check();
        EXPECT_GE(external.Recall(10, 32, 20), 0.95);
    }
}

TEST(External, Twins)
{
    Rows rows = RandomRows(3000, 8);
    for (size_t i = 0; i < rows.size(); i += 3)
        rows[i] = rows[i / 30 * 30];
    ExternalGraph external(rows, 16, kLittle);
    external.Check();
    EXPECT_EQ(external.nodes().size(), 2100u);

    ExternalGraph same(Rows(2000, rows[0]), 16, kLittle);
    same.Check();
    EXPECT_EQ(same.nodes().size(), 1u);
}

TEST(External, HardSets)
{
    Rows far = RandomRows(3000, 8);
    for (size_t i = 0; i < far.size(); ++i)
        far[i][i % 3] += 100;
    ExternalGraph clusters(far, 16, kLittle);
    clusters.Check();

    Rows line(4000, std::vector<float>(1));
    for (size_t i = 0; i < line.size(); ++i)
        line[i][0] = float(i);
    ExternalGraph(line, 16, kLittle).Check();

    // Sorted by its only large dimension.
    Rows sorted = RandomRows(3000, 17);
    std::sort(sorted.begin(), sorted.end());
    ExternalGraph(sorted, 16, kLittle, 2).Check();

    ExternalGraph wide(RandomRows(700, 2000), 16, kLittle);
    wide.Check();
}

TEST(External, LittleMemoryIsEnough)
{
    Rows rows = RandomRows(9000, 64);
    ExternalGraph little(rows, 24, kLittle), more(rows, 24, 8 * kLittle);
    little.Check();
    more.Check();
    EXPECT_LT(little.private_bytes(), more.private_bytes());
    EXPECT_LT(little.private_bytes() + little.shared_bytes(),
              rows.size() * (MemoryGraph::BytesPerRow(64, 24) + BulkBytesPerRow(BulkOptions())) /
                  3);
    EXPECT_GE(little.Recall(10, 48, 100), more.Recall(10, 48, 100) - 0.03);
}

} // namespace
} // namespace omendb
