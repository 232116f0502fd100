// A leaf: all distances between its rows, and each row's nearest few.
#include <algorithm>

#include "bulk_state.h"

namespace omendb {

LeafScratch::LeafScratch(Pool pool, size_t rows, size_t nearest)
{
    stride = (rows + kPanelCodes - 1) / kPanelCodes * kPanelCodes;
    tiles = Tiles(pool);
    best = pool.NewArray<float>(stride * nearest);
    directions = pool.NewZeroedArray<float>(rows * kMaxHashBits);
    offers = pool.NewArray<LeafOffer>(2 * rows * nearest);
    heads = pool.NewArray<uint32_t>(rows);
}

size_t
LeafScratch::Bytes(size_t rows, size_t nearest)
{
    size_t row = (nearest + kMaxHashBits) * sizeof(float) + 2 * nearest * sizeof(LeafOffer) +
                 sizeof(uint32_t);
    return (rows + kPanelCodes) * row;
}

namespace {

// Every pair once, a tile for its columns and, transposed, for its rows. While tiles are computed,
// `prefetch(first, end)` asks for what will be needed of these rows afterwards.
template <class Prefetch>
void
FindNearest(const PanelSet &panels, size_t nearest, LeafScratch *scratch, Prefetch prefetch)
{
    size_t stride = scratch->stride;
    std::fill(scratch->best, scratch->best + nearest * stride, kFarthest);
    Tiles *tiles = &scratch->tiles;
    for (size_t down = 0; down < panels.panels(); ++down) {
        uint32_t first_row = static_cast<uint32_t>(down * kPanelCodes);
        prefetch(first_row, first_row + kPanelCodes);
        for (size_t across = down; across < panels.panels(); ++across) {
            uint32_t first_column = static_cast<uint32_t>(across * kPanelCodes);
            tiles->Compute(panels, down, panels, across);
            float *keys = tiles->keys;
            if (across == down) {
                for (size_t i = 0; i < kPanelCodes; ++i)
                    keys[i * kPanelCodes + i] = kFarthest; // no row is its own neighbour
            } else {
                kernels->transpose_tile(keys, tiles->transposed);
                kernels->keep_least(tiles->transposed, first_column, nearest,
                                    scratch->best + first_row, stride);
            }
            kernels->keep_least(keys, first_row, nearest, scratch->best + first_column, stride);
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
    const GraphArrays &graph = state->shared.graph;
    LeafScratch *scratch = &state->leaf;
    size_t nearest = state->options.nearest;
    uint32_t hash_bits = state->options.hash_bits;
    state->panels.Pack(graph, rows, count);
    Reservoirs *reservoirs = &state->shared.reservoirs;
    FindNearest(state->panels, nearest, scratch, [&](uint32_t first, uint32_t end) {
        for (uint32_t i = first; i < end && i < count; ++i)
            reservoirs->PrefetchState(rows[i]);
    });

    for (uint32_t i = 0; i < count; ++i) {
        const int8_t *code = graph.CodeOf(rows[i]);
        float step = graph.factors[rows[i]].step;
        for (uint32_t bit = 0; bit < hash_bits; ++bit)
            scratch->directions[i * kMaxHashBits + bit] = step * code[bit];
    }
    // Lower row to higher; the way back is the opposite direction.
    uint32_t mask = (1u << hash_bits) - 1;
    auto hash_between = [&](uint32_t low, uint32_t high) {
        return kernels->not_below(scratch->directions + high * kMaxHashBits,
                                  scratch->directions + low * kMaxHashBits) &
               mask;
    };
    size_t stride = scratch->stride;
    // First all candidates, then row by row: a reservoir is locked once, and read only if it gets one.
    uint32_t offers = 0;
    std::fill(scratch->heads, scratch->heads + count, kNoOffer);
    auto offer = [&](uint32_t to, uint32_t from, uint32_t hash, uint16_t rank) {
        scratch->offers[offers] = {rows[from], static_cast<uint16_t>(hash), rank,
                                   scratch->heads[to]};
        scratch->heads[to] = offers++;
    };
    for (uint32_t i = 0; i < count; ++i) {
        for (size_t k = 0; k < nearest; ++k) {
            float key = scratch->best[k * stride + i];
            uint32_t j = KeyNumber(key);
            if (key >= kFarthestKey || j >= count)
                break;
            uint16_t rank = ShortDistance(key);
            bool wanted_here = reservoirs->Wants(rows[i], rank);
            bool wanted_there = reservoirs->Wants(rows[j], rank);
            if (!wanted_here && !wanted_there)
                continue;
            bool both_ways = false; // already
            for (size_t other = 0; j < i && other < nearest; ++other)
                both_ways |= KeyNumber(scratch->best[other * stride + j]) == i &&
                             scratch->best[other * stride + j] < kFarthestKey;
            if (both_ways)
                continue;
            uint32_t hash = rows[i] < rows[j] ? hash_between(i, j) : ~hash_between(j, i) & mask;
            if (wanted_here)
                offer(i, j, hash, rank);
            if (wanted_there)
                offer(j, i, ~hash & mask, rank);
        }
    }
    constexpr uint32_t kAhead = 4;
    for (uint32_t i = 0; i < count; ++i) {
        if (i + kAhead < count && scratch->heads[i + kAhead] != kNoOffer)
            reservoirs->Prefetch(rows[i + kAhead]);
        if (scratch->heads[i] == kNoOffer)
            continue;
        reservoirs->OfferSeveral(rows[i], [&](auto each) {
            for (uint32_t at = scratch->heads[i]; at != kNoOffer; at = scratch->offers[at].next) {
                const LeafOffer &one = scratch->offers[at];
                each(one.id, one.hash, one.rank);
            }
        });
    }
}

} // namespace omendb
