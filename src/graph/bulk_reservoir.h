// Reservoirs of candidates, one a row: the nearest that were offered, at most one a direction (HashPrune).
// The direction of an edge is a hash of the signs of its first few rotated dimensions; the rotation makes
// them random directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "omendb/base/pool.h"

namespace omendb {

// Squared distances as 16 bits of the same order: the upper bits of the float, 11 of them fraction, from
// 2^-24 to 2^8 (distances of index space are near 1); beyond those ends all are equal.
inline uint16_t
ShortDistance(float distance)
{
    uint32_t bits;
    memcpy(&bits, &distance, sizeof(bits));
    constexpr int32_t kLowest = (127 - 24) << 11;
    int32_t upper = static_cast<int32_t>(bits) >> 12; // below zero for a negative distance
    if (upper < kLowest)
        return 0;
    return upper - kLowest > 0xFFFF ? 0xFFFF : static_cast<uint16_t>(upper - kLowest);
}

class Reservoirs {
public:
    Reservoirs() = default;
    // REQUIRES: capacity a multiple of 8, at most kMaxReservoir.
    Reservoirs(Pool pool, size_t rows, size_t capacity);

    static size_t BytesPerRow(size_t capacity);

    void Prefetch(uint32_t row) const
    {
        const char *record = records_ + row * record_bytes_;
        for (size_t line = 0; line < record_bytes_; line += 64)
            __builtin_prefetch(record + line);
    }

    void Offer(uint32_t row, uint32_t id, uint16_t hash, uint16_t distance);

    uint32_t CountOf(uint32_t row) const { return StateOf(row)->count; }
    // In no order. The array may be overwritten and counted anew, once there is nothing left to offer.
    uint32_t *IdsOf(uint32_t row) const;
    void SetCount(uint32_t row, uint32_t count)
    {
        StateOf(row)->count = static_cast<uint8_t>(count);
    }

private:
    struct State {
        uint8_t count;
        uint8_t farthest;  // its position, when full
        uint16_t distance; // the farthest's, when full
        uint32_t reserved;
    };
    static_assert(sizeof(State) == 8);

    // A record: State | hashes u16[capacity] | distances u16[capacity] | ids u32[capacity]
    State *StateOf(uint32_t row) const
    {
        return reinterpret_cast<State *>(records_ + row * record_bytes_);
    }
    void FindFarthest(State *state, const uint16_t *distances) const;

    char *records_ = nullptr;
    size_t record_bytes_ = 0;
    size_t capacity_ = 0;
};

} // namespace omendb
