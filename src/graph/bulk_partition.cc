// Rows go to their nearest few of random leaders, and within each leader's part again, until a part is a
// leaf. Depth first, so that only one branch of parts stands in memory.
#include <algorithm>
#include <iterator>

#include "bulk_state.h"

namespace omendb {
namespace {

constexpr int kMaxDepth = 10;
constexpr uint32_t kRowsAtOnce = kPanelCodes;

class Partition {
public:
    explicit Partition(BulkState *state)
        : state_(state), rows_(state->pool, kRowsAtOnce, state->graph.padded), tiles_(state->pool),
          assigned_(state->pool)
    {
        for (int depth = 0; depth < kMaxDepth; ++depth) {
            levels_[depth].rows = List<uint32_t>(state->pool);
            levels_[depth].ends = List<uint32_t>(state->pool);
        }
    }

    void Run();

private:
    struct Level {
        List<uint32_t> rows; // part after part
        List<uint32_t> ends; // of the parts
    };

    void Assign(const uint32_t *rows, uint32_t count, uint32_t fanout);
    void Scatter(const uint32_t *rows, uint32_t count, uint32_t fanout, uint32_t leaders,
                 Level *level);
    void Divide(uint32_t *rows, uint32_t count, int depth);
    void Chop(const uint32_t *rows, uint32_t count);
    void JoinIslands(const uint32_t *leaders, uint32_t leader_count, uint32_t fanout);
    void OrderByHome(const uint32_t *leaders, uint32_t count);

    BulkState *state_;
    PanelSet rows_;
    Tiles tiles_;
    List<uint16_t> assigned_; // [row][fanout]: leaders by number, nearest first
    Level levels_[kMaxDepth];
};

// Moves `wanted` of the rows, at random, to the front.
void
DrawLeaders(BulkState *state, uint32_t *rows, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted; ++i)
        std::swap(rows[i], rows[i + state->Random(count - i)]);
}

// The nearest `fanout` of the leaders in state->panels, for each row.
void
Partition::Assign(const uint32_t *rows, uint32_t count, uint32_t fanout)
{
    const PanelSet &leaders = state_->panels;
    assigned_.clear();
    assigned_.extend(static_cast<size_t>(count) * fanout);
    uint16_t *assigned = assigned_.data();
    float best[kMaxKeep * kPanelCodes];
    for (uint32_t first = 0; first < count; first += kRowsAtOnce) {
        state_->options.check_interrupts();
        uint32_t here = std::min<uint32_t>(count - first, kRowsAtOnce);
        rows_.Pack(state_->graph, rows + first, here);
        for (size_t panel = 0; panel < rows_.panels(); ++panel) {
            std::fill(best, best + fanout * kPanelCodes, kFarthest);
            for (size_t leader = 0; leader < leaders.panels(); ++leader) {
                tiles_.Compute(leaders, leader, rows_, panel);
                kernels->keep_least(tiles_.keys, static_cast<uint32_t>(leader * kPanelCodes),
                                    fanout, best, kPanelCodes);
            }
            for (size_t i = 0; i < kPanelCodes && panel * kPanelCodes + i < here; ++i)
                for (size_t k = 0; k < fanout; ++k)
                    *assigned++ = static_cast<uint16_t>(KeyNumber(best[k * kPanelCodes + i]));
        }
    }
}

// Offers a pair that no leaf met. REQUIRES: low < high.
void
OfferPair(BulkState *state, uint32_t low, uint32_t high)
{
    const GraphArrays &graph = state->graph;
    const int8_t *from = graph.CodeOf(low);
    const int8_t *to = graph.CodeOf(high);
    uint32_t hash = 0;
    for (uint32_t bit = 0; bit < state->options.hash_bits; ++bit)
        hash |= static_cast<uint32_t>(graph.factors[high].step * to[bit] >=
                                      graph.factors[low].step * from[bit])
                << bit;
    uint32_t mask = (1u << state->options.hash_bits) - 1;
    uint16_t rank = ShortDistance(graph.Distance(low, high));
    state->reservoirs.Offer(low, high, static_cast<uint16_t>(hash), rank);
    state->reservoirs.Offer(high, low, static_cast<uint16_t>(~hash & mask), rank);
}

// Makes the parts of a level from what was assigned.
void
Partition::Scatter(const uint32_t *rows, uint32_t count, uint32_t fanout, uint32_t leaders,
                   Level *level)
{
    size_t places = static_cast<size_t>(count) * fanout;
    level->ends.clear();
    level->ends.extend(leaders);
    uint32_t *ends = level->ends.data();
    std::fill(ends, ends + leaders, 0);
    for (size_t i = 0; i < places; ++i)
        ++ends[assigned_[i]];
    uint32_t start = 0;
    for (uint32_t leader = 0; leader < leaders; ++leader) {
        uint32_t size = ends[leader];
        ends[leader] = start; // moves on to the end while the part is filled
        start += size;
    }
    level->rows.clear();
    if (level->rows.capacity() < places)
        level->rows.reserve(std::max(places, 2 * level->rows.capacity()));
    level->rows.extend(places);
    for (size_t i = 0; i < places; ++i)
        level->rows[ends[assigned_[i]]++] = rows[i / fanout];
}

// Leaves of what no leader divides: rows all equally far from each other, or nearly so.
void
Partition::Chop(const uint32_t *rows, uint32_t count)
{
    uint32_t pieces = (count + state_->options.leaf_rows - 1) / state_->options.leaf_rows;
    for (uint32_t i = 0; i < pieces; ++i) {
        uint32_t first = static_cast<uint32_t>(static_cast<uint64_t>(count) * i / pieces);
        uint32_t end = static_cast<uint32_t>(static_cast<uint64_t>(count) * (i + 1) / pieces);
        BuildLeaf(state_, rows + first, end - first);
    }
}

void
Partition::Divide(uint32_t *rows, uint32_t count, int depth)
{
    const BulkOptions &options = state_->options;
    if (count <= options.leaf_rows)
        return BuildLeaf(state_, rows, count);
    if (depth == kMaxDepth)
        return Chop(rows, count);
    uint32_t fanout = depth == 1 ? options.next_fanout : 1;
    uint32_t leaders = LeadersFor(options, count, fanout);
    DrawLeaders(state_, rows, count, leaders);
    state_->panels.Pack(state_->graph, rows, leaders);
    Assign(rows, count, fanout);
    Level *level = &levels_[depth];
    Scatter(rows, count, fanout, leaders, level);
    for (uint32_t part = 0, start = 0; part < leaders; ++part) {
        uint32_t end = level->ends[part];
        uint32_t size = end - start;
        if (size > count - count / 8)
            Chop(level->rows.data() + start, size);
        else
            Divide(level->rows.data() + start, size, depth + 1);
        start = end;
    }
}

// Nodes by the number of their home; then home names the row. REQUIRES: home is the number of a leader.
void
Partition::OrderByHome(const uint32_t *leaders, uint32_t count)
{
    const GraphArrays &graph = state_->graph;
    Level *level = &levels_[1];
    assigned_.clear();
    assigned_.extend(state_->node_count);
    for (uint32_t i = 0; i < state_->node_count; ++i)
        assigned_[i] = static_cast<uint16_t>(graph.home[state_->nodes[i]]);
    Scatter(state_->nodes, state_->node_count, 1, count, level);
    std::copy(level->rows.begin(), level->rows.end(), state_->nodes);
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        uint32_t row = state_->nodes[i];
        graph.home[row] = leaders[graph.home[row]];
    }
}

// Rows with few candidates have met the same few in all leaves, each other's near twins or neighbours on a
// line, and these may lead nowhere else: they and the leaders nearest to them become candidates of each
// other. Recall@10 at pool 50 of 20,000 rows in groups of ten: .40 without, .95 with; of random values in one
// dimension .72 and 1. Of 15,000 words 191 rows are such.
void
Partition::JoinIslands(const uint32_t *leaders, uint32_t leader_count, uint32_t fanout)
{
    constexpr uint32_t kFewCandidates = 16;
    state_->panels.Pack(state_->graph, leaders, leader_count);
    uint32_t rows[256];
    uint32_t count = 0;
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        if (state_->reservoirs.CountOf(state_->nodes[i]) < kFewCandidates)
            rows[count++] = state_->nodes[i];
        if (count < std::size(rows) && i + 1 < state_->node_count)
            continue;
        Assign(rows, count, fanout);
        for (uint32_t place = 0; place < count * fanout; ++place) {
            uint32_t row = rows[place / fanout];
            uint32_t leader = leaders[assigned_[place]];
            if (row != leader)
                OfferPair(state_, std::min(row, leader), std::max(row, leader));
        }
        count = 0;
    }
}

void
Partition::Run()
{
    const BulkOptions &options = state_->options;
    uint32_t count = state_->node_count;
    bool one_leaf = count <= options.leaf_rows;
    uint32_t fanout = one_leaf ? 1 : options.top_fanout;
    state_->entry_count = std::min({std::max(options.entries, 1u), kMaxLeaders, count});
    uint32_t leader_count = std::max(state_->entry_count, LeadersFor(options, count, fanout));
    fanout = std::min(fanout, std::max(1u, leader_count / 2));
    auto *leaders = state_->pool.NewArray<uint32_t>(leader_count);
    uint32_t ranked = 0;
    if (const float *rank = options.entry_rank) {
        ranked = state_->entry_count;
        std::partial_sort(state_->nodes, state_->nodes + ranked, state_->nodes + count,
                          [rank](uint32_t a, uint32_t b) {
                              return rank[a] != rank[b] ? rank[a] > rank[b] : a < b;
                          });
    }
    DrawLeaders(state_, state_->nodes + ranked, count - ranked, leader_count - ranked);
    std::copy(state_->nodes, state_->nodes + leader_count, leaders);
    state_->entries = leaders;

    state_->panels.Pack(state_->graph, leaders, leader_count);
    Assign(state_->nodes, count, fanout);
    for (uint32_t i = 0; i < count; ++i)
        state_->graph.home[state_->nodes[i]] = assigned_[static_cast<size_t>(i) * fanout];

    if (one_leaf) {
        BuildLeaf(state_, state_->nodes, count);
        state_->Progress(BulkPhase::kPartition, count, count);
    } else {
        Level *level = &levels_[0];
        Scatter(state_->nodes, count, fanout, leader_count, level);
        uint64_t total = static_cast<uint64_t>(count) * fanout;
        uint32_t largest = 0;
        for (uint32_t part = 0, start = 0; part < leader_count; start = level->ends[part++])
            largest = std::max(largest, level->ends[part] - start);
        levels_[1].rows.reserve(static_cast<size_t>(largest) * options.next_fanout);
        for (uint32_t part = 0, start = 0; part < leader_count; ++part) {
            uint32_t end = level->ends[part];
            Divide(level->rows.data() + start, end - start, 1);
            state_->Progress(BulkPhase::kPartition, end, total);
            start = end;
        }
    }
    JoinIslands(leaders, leader_count, fanout);
    OrderByHome(leaders, leader_count);
}

} // namespace

// So many that a part comes to half a leaf, for parts differ in size.
uint32_t
LeadersFor(const BulkOptions &options, uint32_t rows, uint32_t fanout)
{
    uint64_t wanted = 2 * static_cast<uint64_t>(rows) * fanout / options.leaf_rows + 1;
    return static_cast<uint32_t>(
        std::min<uint64_t>({std::max<uint64_t>(wanted, 2 * fanout), options.leaders, rows}));
}

void
PartitionRows(BulkState *state)
{
    Partition(state).Run();
}

} // namespace omendb
