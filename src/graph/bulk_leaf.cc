// A leaf: all distances between its rows, and each row's nearest few.
#include <algorithm>

#include "bulk_state.h"

namespace omendb {

LeafScratch::LeafScratch(Pool pool, size_t rows, size_t nearest)
{
    size_t padded_rows = (rows + kPanelCodes - 1) / kPanelCodes * kPanelCodes;
    dots = pool.NewArray<int32_t>(kPanelCodes * PanelSet::kTileColumns);
    found = pool.NewArray<uint32_t>(PanelSet::kTileColumns);
    found_distances = pool.NewArray<float>(PanelSet::kTileColumns);
    limits = pool.NewArray<float>(padded_rows);
    ids = pool.NewArray<uint32_t>(rows * nearest);
    distances = pool.NewArray<float>(rows * nearest);
    directions = pool.NewArray<float>(rows * kMaxHashBits);
}

namespace {

// Every pair once: a panel of rows against the panels from its own on.
void
FindNearest(const PanelSet &panels, size_t nearest, LeafScratch *scratch)
{
    size_t count = panels.count();
    std::fill(scratch->limits, scratch->limits + count, kFarthest);
    std::fill(scratch->limits + count, scratch->limits + panels.panels() * kPanelCodes, -kFarthest);
    std::fill(scratch->distances, scratch->distances + count * nearest, kFarthest);
    auto few_of = [&](size_t row) {
        return NearestFew{scratch->distances + row * nearest, scratch->ids + row * nearest};
    };
    for (size_t panel = 0; panel < panels.panels(); ++panel) {
        for (size_t across = panel; across < panels.panels(); across += 8) {
            size_t wide = std::min<size_t>(8, panels.panels() - across);
            kernels->dot_panels(panels.panel(panel), panels.panel(across), wide, panels.padded(),
                                scratch->dots, PanelSet::kTileColumns);
            size_t first = across * kPanelCodes;
            for (size_t i = 0; i < kPanelCodes; ++i) {
                size_t row = panel * kPanelCodes + i;
                if (row >= count)
                    break;
                size_t found = kernels->near_pairs(
                    scratch->dots + i * PanelSet::kTileColumns, panels.norms()[row],
                    -2 * panels.steps()[row], scratch->limits[row], panels.norms() + first,
                    panels.steps() + first, scratch->limits + first, wide * kPanelCodes,
                    scratch->found, scratch->found_distances);
                for (size_t j = 0; j < found; ++j) {
                    size_t other = first + scratch->found[j];
                    if (other <= row)
                        continue;
                    float distance = scratch->found_distances[j];
                    few_of(row).Offer(nearest, distance, static_cast<uint32_t>(other));
                    few_of(other).Offer(nearest, distance, static_cast<uint32_t>(row));
                    scratch->limits[other] = scratch->distances[other * nearest + nearest - 1];
                }
                scratch->limits[row] = scratch->distances[row * nearest + nearest - 1];
            }
        }
    }
}

} // namespace

void
BuildLeaf(BulkState *state, const uint32_t *rows, uint32_t count)
{
    state->options.check_interrupts();
    if (count < 2)
        return;
    const GraphArrays &graph = state->graph;
    LeafScratch *scratch = &state->leaf;
    size_t nearest = state->options.nearest;
    uint32_t hash_bits = state->options.hash_bits;
    state->panels.Pack(graph, rows, count);
    FindNearest(state->panels, nearest, scratch);

    for (uint32_t i = 0; i < count; ++i) {
        const int8_t *code = graph.CodeOf(rows[i]);
        float step = graph.factors[rows[i]].step;
        for (uint32_t bit = 0; bit < hash_bits; ++bit)
            scratch->directions[i * kMaxHashBits + bit] = step * code[bit];
    }
    // Lower row to higher; the way back is the opposite direction.
    auto hash_between = [&](uint32_t low, uint32_t high) {
        const float *from = scratch->directions + low * kMaxHashBits;
        const float *to = scratch->directions + high * kMaxHashBits;
        uint32_t hash = 0;
        for (uint32_t bit = 0; bit < hash_bits; ++bit)
            hash |= static_cast<uint32_t>(to[bit] >= from[bit]) << bit;
        return hash;
    };
    uint32_t mask = (1u << hash_bits) - 1;
    for (uint32_t i = 0; i < count; ++i) {
        if (i + 2 < count)
            state->reservoirs.Prefetch(rows[i + 2]);
        for (size_t k = 0; k < nearest; ++k) {
            float distance = scratch->distances[i * nearest + k];
            if (distance == kFarthest)
                break;
            uint32_t j = scratch->ids[i * nearest + k];
            const uint32_t *others = scratch->ids + j * nearest;
            if (j < i && std::find(others, others + nearest, i) != others + nearest)
                continue; // both ways already
            uint32_t hash = rows[i] < rows[j] ? hash_between(i, j) : ~hash_between(j, i) & mask;
            uint16_t rank = ShortDistance(distance);
            state->reservoirs.Offer(rows[i], rows[j], static_cast<uint16_t>(hash), rank);
            state->reservoirs.Offer(rows[j], rows[i], static_cast<uint16_t>(~hash & mask), rank);
        }
    }
}

} // namespace omendb
