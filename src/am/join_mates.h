// Which rows of a batch are near each other: all distances, the nearest few of each row kept.
#pragma once

#include "node_edit.h"
#include "omendb/base/pool.h"
#include "omendb/codec/own_code.h"
#include "omendb/simd/kernels.h"
#include "vacuum.h"

namespace omendb {

struct Mate {
    float distance; // squared, between codes
    uint32_t row;
};

class Mates {
public:
    Mates(Pool pool, uint32_t rows);

    // Fills the lists. `left_out[i]`: row i is no one's mate. When two codes are at distance 0, same(i, j), i < j,
    // says whether row j is to be left out from then on.
    template <class Same>
    void Find(const NodeCopy *rows, const Geometry &geometry, bool *left_out, Same same)
    {
        for (uint32_t i = 0; i < rows_; ++i)
            codes_[i] = rows[i].view.own();
        for (uint32_t i = 0; i < rows_; ++i) {
            VacuumDelay();
            if (left_out[i])
                continue;
            kernels->dot_int8_many(codes_[i], codes_ + i + 1, rows_ - i - 1, geometry.coded,
                                   dots_ + i + 1);
            for (uint32_t j = i + 1; j < rows_; ++j) {
                if (left_out[j])
                    continue;
                float distance = DistanceFromDot(
                    rows[i].view.header()->step, rows[i].coded_norm_squared,
                    rows[j].view.header()->step, rows[j].coded_norm_squared, dots_[j]);
                left_out[j] = distance == 0 && same(i, j);
                if (!left_out[j]) {
                    Offer(i, {distance, j});
                    Offer(j, {distance, i});
                }
            }
        }
    }

    const Mate *Begin(uint32_t row) const { return mates_ + row * kMates; }
    const Mate *End(uint32_t row) const { return Begin(row) + counts_[row]; }

private:
    static constexpr uint32_t kMates = 32;

    void Offer(uint32_t row, Mate mate)
    {
        if (counts_[row] == kMates && mate.distance >= farthest_[row])
            return;
        Take(row, mate);
    }

    void Take(uint32_t row, Mate mate);

    uint32_t rows_;
    Mate *mates_; // by row, kMates each
    uint32_t *counts_;
    float *farthest_; // of a full list
    const int8_t **codes_;
    int32_t *dots_;
};

} // namespace omendb
