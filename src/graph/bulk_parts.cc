// Rows go to their nearest few of random leaders, and within each leader's part again, until a part is a
// leaf.
#include <algorithm>

#include "bulk_partition.h"

namespace omendb {

static constexpr uint32_t kRowsAtOnce = kPanelCodes;

void
DrawLeaders(BulkState *state, uint32_t *rows, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted; ++i)
        std::swap(rows[i], rows[i + state->Random(count - i)]);
}

Assigning::Assigning(BulkState *state, Pool pool)
    : state_(state), rows_(pool, kRowsAtOnce, state->shared.graph.padded), tiles_(pool)
{
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

Partition::Partition(BulkState *state, Pool pool, size_t largest)
    : state_(state), assigning_(state, pool), assigned_(pool)
{
    for (Level &level : levels_) {
        level.rows = List<uint32_t>(pool);
        level.ends = List<uint32_t>(pool);
    }
    levels_[1].rows.reserve(largest * state->options.next_fanout);
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

// So many that a part comes to half a leaf, for parts differ in size.
uint32_t
LeadersFor(const BulkOptions &options, uint32_t rows, uint32_t fanout)
{
    uint64_t wanted = 2 * static_cast<uint64_t>(rows) * fanout / options.leaf_rows + 1;
    return static_cast<uint32_t>(
        std::min<uint64_t>({std::max<uint64_t>(wanted, 2 * fanout), options.leaders, rows}));
}

} // namespace omendb
