// A set of rows' codes packed for dense arithmetic (simd/kernels.h, panels), with what distances need beside
// the dots. Distances are those of CodeDistanceSquared but for rounding, and may come out slightly negative.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "omendb/base/pool.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/simd/kernels.h"

namespace omendb {

// A key is a squared distance, rounded down to 11 bits of fraction, with a number in its lowest bits
// (Kernels::tile_keys and keep_least). Keys from kFarthestKey up stand for no row.
constexpr float kFarthest = 3.4028234664e38f;
constexpr float kFarthestKey = 3.4e38f;

inline uint32_t
KeyNumber(float key)
{
    uint32_t bits;
    memcpy(&bits, &key, sizeof(bits));
    return bits & ((1u << kKeyBits) - 1);
}

class PanelSet {
public:
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

// Scratch for the tile between a panel of rows and one of columns.
struct Tiles {
    Tiles() = default;
    explicit Tiles(Pool pool);

    // Fills `keys`, [row][column].
    void Compute(const PanelSet &rows, size_t row_panel, const PanelSet &columns,
                 size_t column_panel);

    int32_t *dots;
    float *keys;
    float *transposed;
};

} // namespace omendb
