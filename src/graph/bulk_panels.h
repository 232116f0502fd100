// A set of rows' codes packed for dense arithmetic (simd/kernels.h, panels), with what distances need beside
// the dots. Distances are those of CodeDistanceSquared but for rounding, and may come out slightly negative.
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/base/pool.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/simd/kernels.h"

namespace omendb {

// A distance above all that occur, and a limit that passes them all.
constexpr float kFarthest = 3.4e38f;

class PanelSet {
public:
    static constexpr size_t kTileColumns = 8 * kPanelCodes;

    PanelSet() = default;
    PanelSet(Pool pool, size_t capacity, size_t padded);

    static size_t Bytes(size_t capacity, size_t padded);

    // REQUIRES: count <= capacity.
    void Pack(const GraphArrays &graph, const uint32_t *rows, size_t count);

    size_t count() const { return count_; }
    size_t panels() const { return (count_ + kPanelCodes - 1) / kPanelCodes; }
    const void *panel(size_t i) const { return panels_ + i * kernels->panel_bytes(padded_); }
    size_t padded() const { return padded_; }

    // Both arrays go on to the end of the last panel: infinite norms, zero factors.
    const float *norms() const { return norms_; }
    const float *steps() const { return steps_; }

private:
    size_t padded_ = 0;
    size_t count_ = 0;
    char *panels_ = nullptr;
    float *norms_ = nullptr;
    float *steps_ = nullptr;
};

// The nearest few of what was offered, nearest first.
struct NearestFew {
    float *distances; // kFarthest where there is none yet
    uint32_t *ids;

    void Offer(size_t keep, float distance, uint32_t id) const
    {
        if (!(distance < distances[keep - 1]))
            return;
        size_t i = keep - 1;
        for (; i > 0 && distance < distances[i - 1]; --i) {
            distances[i] = distances[i - 1];
            ids[i] = ids[i - 1];
        }
        distances[i] = distance;
        ids[i] = id;
    }
};

} // namespace omendb
