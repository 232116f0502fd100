// Rows go to their nearest few of random leaders, and within each leader's part again, until a part is a
// leaf. Depth first, so that only one branch of parts stands in a member's memory; the parts of the first
// division are what members share out among them.
#include <algorithm>
#include <iterator>

#include "bulk_state.h"

namespace omendb {
namespace {

constexpr int kMaxDepth = 10;
constexpr uint32_t kRowsAtOnce = kPanelCodes;
constexpr uint32_t kPieceRows = 1024;

// Rows by their nearest of the leaders in state->panels.
class Assigning {
public:
    explicit Assigning(BulkState *state)
        : state_(state), rows_(state->pool, kRowsAtOnce, state->shared.graph.padded),
          tiles_(state->pool)
    {
    }

    // `assigned`: [row][fanout], leaders by number, nearest first.
    void Run(const uint32_t *rows, uint32_t count, uint32_t fanout, uint16_t *assigned);

private:
    BulkState *state_;
    PanelSet rows_;
    Tiles tiles_;
};

// What is below the first division.
class Partition {
public:
    explicit Partition(BulkState *state) : state_(state), assigning_(state), assigned_(state->pool)
    {
        for (Level &level : levels_) {
            level.rows = List<uint32_t>(state->pool);
            level.ends = List<uint32_t>(state->pool);
        }
        levels_[1].rows.reserve(static_cast<size_t>(state->shared.largest_part) *
                                state->options.next_fanout);
    }

    void Divide(uint32_t *rows, uint32_t count, int depth);

private:
    struct Level {
        List<uint32_t> rows; // part after part
        List<uint32_t> ends; // of the parts
    };

    void Chop(const uint32_t *rows, uint32_t count);

    BulkState *state_;
    Assigning assigning_;
    List<uint16_t> assigned_;
    Level levels_[kMaxDepth]; // from 1
};

// Moves `wanted` of the rows, at random, to the front.
void
DrawLeaders(BulkState *state, uint32_t *rows, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted; ++i)
        std::swap(rows[i], rows[i + state->Random(count - i)]);
}

void
Assigning::Run(const uint32_t *rows, uint32_t count, uint32_t fanout, uint16_t *assigned)
{
    const PanelSet &leaders = state_->panels;
    float best[kMaxKeep * kPanelCodes];
    for (uint32_t first = 0; first < count; first += kRowsAtOnce) {
        state_->options.check_interrupts();
        uint32_t here = std::min<uint32_t>(count - first, kRowsAtOnce);
        rows_.Pack(state_->shared.graph, rows + first, here);
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
    const GraphArrays &graph = state->shared.graph;
    const int8_t *from = graph.CodeOf(low);
    const int8_t *to = graph.CodeOf(high);
    uint32_t hash = 0;
    for (uint32_t bit = 0; bit < state->options.hash_bits; ++bit)
        hash |= static_cast<uint32_t>(graph.factors[high].step * to[bit] >=
                                      graph.factors[low].step * from[bit])
                << bit;
    uint32_t mask = (1u << state->options.hash_bits) - 1;
    uint16_t rank = ShortDistance(graph.Distance(low, high));
    state->shared.reservoirs.Offer(low, high, static_cast<uint16_t>(hash), rank);
    state->shared.reservoirs.Offer(high, low, static_cast<uint16_t>(~hash & mask), rank);
}

// Makes parts, one a leader, from what was assigned: their rows, part after part, and their ends.
void
Scatter(const uint32_t *rows, uint32_t count, uint32_t fanout, const uint16_t *assigned,
        uint32_t leaders, uint32_t *ends, uint32_t *part_rows)
{
    size_t places = static_cast<size_t>(count) * fanout;
    std::fill(ends, ends + leaders, 0);
    for (size_t i = 0; i < places; ++i)
        ++ends[assigned[i]];
    uint32_t start = 0;
    for (uint32_t leader = 0; leader < leaders; ++leader) {
        uint32_t size = ends[leader];
        ends[leader] = start; // moves on to the end while the part is filled
        start += size;
    }
    for (size_t i = 0; i < places; ++i)
        part_rows[ends[assigned[i]]++] = rows[i / fanout];
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
    size_t places = static_cast<size_t>(count) * fanout;
    DrawLeaders(state_, rows, count, leaders);
    state_->panels.Pack(state_->shared.graph, rows, leaders);
    assigned_.clear();
    assigned_.extend(places);
    assigning_.Run(rows, count, fanout, assigned_.data());
    Level *level = &levels_[depth];
    level->ends.clear();
    level->ends.extend(leaders);
    level->rows.clear();
    if (level->rows.capacity() < places)
        level->rows.reserve(std::max(places, 2 * level->rows.capacity()));
    level->rows.extend(places);
    Scatter(rows, count, fanout, assigned_.data(), leaders, level->ends.data(), level->rows.data());
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
ChooseLeaders(BulkState *state)
{
    const BulkOptions &options = state->options;
    BulkShared *shared = &state->shared;
    uint32_t count = shared->node_count;
    bool one_leaf = count <= options.leaf_rows;
    uint32_t fanout = one_leaf ? 1 : options.top_fanout;
    shared->entry_count = std::min({std::max(options.entries, 1u), kMaxLeaders, count});
    shared->leader_count = std::max(shared->entry_count, LeadersFor(options, count, fanout));
    shared->fanout = std::min(fanout, std::max(1u, shared->leader_count / 2));
    shared->one_leaf = one_leaf;
    shared->leaders = state->shared_pool.NewArray<uint32_t>(shared->leader_count);
    uint32_t ranked = 0;
    if (const float *rank = options.entry_rank) {
        ranked = shared->entry_count;
        std::partial_sort(shared->nodes, shared->nodes + ranked, shared->nodes + count,
                          [rank](uint32_t a, uint32_t b) {
                              return rank[a] != rank[b] ? rank[a] > rank[b] : a < b;
                          });
    }
    state->random = 0x6F6D656E6462; // any, and always the same
    DrawLeaders(state, shared->nodes + ranked, count - ranked, shared->leader_count - ranked);
    std::copy(shared->nodes, shared->nodes + shared->leader_count, shared->leaders);
    size_t places = static_cast<size_t>(count) * shared->fanout;
    shared->assigned = state->shared_pool.NewArray<uint16_t>(places);
    shared->part_rows = state->shared_pool.NewArray<uint32_t>(places);
    shared->part_ends = state->shared_pool.NewArray<uint32_t>(shared->leader_count);
}

void
AssignRows(BulkState *state)
{
    const BulkShared &shared = state->shared;
    state->panels.Pack(shared.graph, shared.leaders, shared.leader_count);
    Assigning assigning(state);
    state->ForPieces(
        BulkStep::kAssign, shared.node_count, kPieceRows, [&](uint32_t first, uint32_t end) {
            uint16_t *assigned = shared.assigned + static_cast<size_t>(first) * shared.fanout;
            assigning.Run(shared.nodes + first, end - first, shared.fanout, assigned);
            for (uint32_t i = first; i < end; ++i, assigned += shared.fanout)
                shared.graph.home[shared.nodes[i]] = *assigned; // until OrderByHome
        });
}

void
ScatterRows(BulkState *state)
{
    BulkShared *shared = &state->shared;
    if (shared->one_leaf)
        return;
    Scatter(shared->nodes, shared->node_count, shared->fanout, shared->assigned,
            shared->leader_count, shared->part_ends, shared->part_rows);
    for (uint32_t part = 0, start = 0; part < shared->leader_count;
         start = shared->part_ends[part++])
        shared->largest_part = std::max(shared->largest_part, shared->part_ends[part] - start);
}

void
DivideParts(BulkState *state)
{
    const BulkShared &shared = state->shared;
    uint32_t count = shared.node_count;
    if (shared.one_leaf) {
        state->ForPieces(BulkStep::kParts, 1, 1,
                         [&](uint32_t, uint32_t) { BuildLeaf(state, shared.nodes, count); });
        return state->Progress(BulkPhase::kPartition, count, count);
    }
    uint64_t total = static_cast<uint64_t>(count) * shared.fanout;
    Partition partition(state);
    state->ForPieces(BulkStep::kParts, shared.leader_count, 1, [&](uint32_t part, uint32_t) {
        uint32_t start = part == 0 ? 0 : shared.part_ends[part - 1];
        state->random = part * uint64_t{0x9E3779B97F4A7C15} + 1;
        partition.Divide(shared.part_rows + start, shared.part_ends[part] - start, 1);
        state->Progress(BulkPhase::kPartition, shared.part_ends[part], total);
    });
}

// Rows with few candidates have met the same few in all leaves, each other's near twins or neighbours on a
// line, and these may lead nowhere else: they and the leaders nearest to them become candidates of each
// other. Recall@10 at pool 50 of 20,000 rows in groups of ten: .40 without, .95 with; of random values in one
// dimension .72 and 1. Of 15,000 words 191 rows are such.
void
JoinIslands(BulkState *state)
{
    constexpr uint32_t kFewCandidates = 16;
    const BulkShared &shared = state->shared;
    state->panels.Pack(shared.graph, shared.leaders, shared.leader_count);
    Assigning assigning(state);
    uint32_t rows[kPieceRows];
    auto *assigned = state->pool.NewArray<uint16_t>(kPieceRows * shared.fanout);
    state->ForPieces(BulkStep::kIslands, shared.node_count, kPieceRows,
                     [&](uint32_t first, uint32_t end) {
                         uint32_t count = 0;
                         for (uint32_t i = first; i < end; ++i)
                             if (shared.reservoirs.CountOf(shared.nodes[i]) < kFewCandidates)
                                 rows[count++] = shared.nodes[i];
                         assigning.Run(rows, count, shared.fanout, assigned);
                         for (uint32_t place = 0; place < count * shared.fanout; ++place) {
                             uint32_t row = rows[place / shared.fanout];
                             uint32_t leader = shared.leaders[assigned[place]];
                             if (row != leader)
                                 OfferPair(state, std::min(row, leader), std::max(row, leader));
                         }
                     });
}

// Nodes by the number of their home; then home names the row.
void
OrderByHome(BulkState *state)
{
    const BulkShared &shared = state->shared;
    const GraphArrays &graph = shared.graph;
    for (uint32_t i = 0; i < shared.node_count; ++i)
        shared.assigned[i] = static_cast<uint16_t>(graph.home[shared.nodes[i]]);
    Scatter(shared.nodes, shared.node_count, 1, shared.assigned, shared.leader_count,
            shared.part_ends, shared.part_rows);
    std::copy(shared.part_rows, shared.part_rows + shared.node_count, shared.nodes);
    for (uint32_t i = 0; i < shared.node_count; ++i)
        graph.home[shared.nodes[i]] = shared.leaders[graph.home[shared.nodes[i]]];
}

} // namespace omendb
