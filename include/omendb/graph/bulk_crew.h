// Several processes, or threads, that build one graph together. They share memory, which each may have mapped
// at another address, and need no more of each other than what stands here. One of them leads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/base/pool.h"

namespace omendb {

// The steps of a bulk build. All members take each step, in this order, and meet after it; a member that
// comes late takes the steps that are left. In some the leader alone has something to do.
enum class BulkStep : uint32_t {
    kBegin, // leader: says what there is
    kHash,
    kPrepare, // leader: duplicates, leaders of the first division
    kAssign,
    kNumber,  // leader
    kScatter, // leader moves rows, the others do the rest meanwhile
    kParts,
    kIslands,
    kOrder, // leader
    kPrune,
    kTell,
    kComplete,
    kAnchor, // leader
    kEnd,
};

constexpr uint32_t kBulkSteps = static_cast<uint32_t>(BulkStep::kEnd);

constexpr uint32_t kMostSteps = 16;

struct BulkCrew {
    void *context;
    // The first of `count` numbers that nobody else gets; counts from 0 for each step, below kMostSteps.
    uint32_t (*claim)(void *context, uint32_t step, uint32_t count);
    // Returns when all members have come.
    void (*meet)(void *context);
};

// A crew of one.
struct SoloCrew {
    uint32_t claimed[kMostSteps];

    BulkCrew crew() { return {this, &SoloCrew::Claim, &SoloCrew::Meet}; }

private:
    static uint32_t Claim(void *context, uint32_t step, uint32_t count)
    {
        auto *self = static_cast<SoloCrew *>(context);
        uint32_t first = self->claimed[step];
        self->claimed[step] += count;
        return first;
    }
    static void Meet(void *) {}
};

} // namespace omendb
