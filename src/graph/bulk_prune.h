// From reservoirs to neighbour lists.
#pragma once

#include "bulk_state.h"

namespace omendb {

// One row after the other; the graph and reservoirs are the state's.
class Pruning {
public:
    Pruning(BulkState *state, Pool pool)
        : state_(state), graph_(state->shared.graph), ranked_(pool.NewArray<Ranked>(kMostRanked)),
          left_(pool.NewArray<Ranked>(kMostRanked)), ids_(pool.NewArray<uint32_t>(kMostRanked)),
          codes_(pool.NewArray<const int8_t *>(kMostRanked)),
          dots_(pool.NewArray<int32_t>(kMostRanked))
    {
    }

    void PruneReservoir(uint32_t row);
    void TellNeighboursOf(uint32_t row);
    void Complete(uint32_t row);

private:
    static constexpr size_t kMostRanked = 512; // own list and incoming edges, or a reservoir

    struct Ranked {
        float distance;
        uint32_t id;
        float step, norm_squared;
    };

    static bool Nearer(const Ranked &a, const Ranked &b)
    {
        return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    }

    size_t Rank(uint32_t row, const uint32_t *ids, size_t count, Ranked *to);
    size_t Choose(size_t count);
    void Store(uint32_t row, size_t count);

    BulkState *state_;
    const GraphArrays &graph_;
    Ranked *ranked_;
    Ranked *left_; // what Choose did not choose, nearest first
    size_t left_count_ = 0;
    uint32_t *ids_;
    const int8_t **codes_;
    int32_t *dots_;
};

} // namespace omendb
