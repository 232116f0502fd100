#include "bulk_reservoir.h"

#include <sched.h>

#include "omendb/simd/kernels.h"

namespace omendb {

// The largest of `count` distances, a multiple of 8, and its position.
static uint16_t
LargestOf(const uint16_t *distances, size_t count, uint8_t *position)
{
    uint16_t largest = kernels->largest_word(distances, count);
    *position = static_cast<uint8_t>(kernels->find_word(distances, count, largest));
    return largest;
}

size_t
Reservoirs::BytesPerRow(size_t capacity)
{
    return sizeof(State) + capacity * (2 * sizeof(uint16_t) + sizeof(uint32_t));
}

Reservoirs::Reservoirs(Pool pool, size_t rows, size_t capacity, size_t degree, bool locked)
    : locked_(locked), record_bytes_(BytesPerRow(capacity)), capacity_(capacity),
      left_capacity_(degree < capacity ? degree : capacity)
{
    size_t bytes = record_bytes_ - sizeof(State) - left_capacity_ * sizeof(uint32_t);
    incoming_capacity_ = bytes / (sizeof(uint32_t) + sizeof(uint16_t)) / 8 * 8;
    if (incoming_capacity_ > 248)
        incoming_capacity_ = 248; // counts are one byte
    records_ = pool.NewArray<char>(rows * record_bytes_);
}

void
Reservoirs::Clear(uint32_t first, uint32_t end)
{
    for (uint32_t row = first; row < end; ++row)
        *StateOf(row) = {0, 0, 0xFFFF, 0, 0, {}};
}

const uint16_t *
Reservoirs::HashesOf(uint32_t row) const
{
    return reinterpret_cast<uint16_t *>(StateOf(row) + 1);
}

uint32_t *
Reservoirs::CandidatesOf(uint32_t row) const
{
    return reinterpret_cast<uint32_t *>(RecordOf(row) + sizeof(State) +
                                        2 * capacity_ * sizeof(uint16_t));
}

// Held for some fifty instructions, in which nothing can fail.
void
Reservoirs::Lock(State *state) const
{
    if (!locked_)
        return;
    for (int tries = 0; __atomic_exchange_n(&state->lock, 1, __ATOMIC_ACQUIRE) != 0; ++tries)
        if (tries > 100)
            sched_yield(); // its holder may wait for this CPU
}

void
Reservoirs::Unlock(State *state) const
{
    if (locked_)
        __atomic_store_n(&state->lock, 0, __ATOMIC_RELEASE);
}

void
Reservoirs::OfferHere(State *state, uint32_t id, uint16_t hash, uint16_t distance)
{
    bool full = state->count == capacity_;
    if (full && distance >= state->distance)
        return;
    auto *hashes = reinterpret_cast<uint16_t *>(state + 1);
    uint16_t *distances = hashes + capacity_;
    auto *ids = reinterpret_cast<uint32_t *>(distances + capacity_);
    size_t at = kernels->find_word(hashes, state->count, hash);
    if (at < state->count) {
        if (distance >= distances[at])
            return;
    } else if (full) {
        at = state->farthest;
    } else {
        state->count++;
    }
    hashes[at] = hash;
    distances[at] = distance;
    ids[at] = id;
    if (state->count == capacity_ && (!full || at == state->farthest))
        state->distance = LargestOf(distances, capacity_, &state->farthest);
}

void
Reservoirs::Settle(uint32_t row, const uint32_t *left, size_t count)
{
    *StateOf(row) = {};
    SetLeft(row, left, count);
}

void
Reservoirs::SetLeft(uint32_t row, const uint32_t *left, size_t count)
{
    State *state = StateOf(row);
    state->count = static_cast<uint8_t>(count < left_capacity_ ? count : left_capacity_);
    if (state->count > 0)
        memcpy(state + 1, left, state->count * sizeof(uint32_t));
}

const uint32_t *
Reservoirs::LeftOf(uint32_t row) const
{
    return reinterpret_cast<uint32_t *>(StateOf(row) + 1);
}

uint32_t *
Reservoirs::IncomingOf(uint32_t row) const
{
    return reinterpret_cast<uint32_t *>(StateOf(row) + 1) + left_capacity_;
}

void
Reservoirs::OfferIncomingHere(State *state, uint32_t id, uint16_t distance)
{
    auto *ids = reinterpret_cast<uint32_t *>(state + 1) + left_capacity_;
    auto *distances = reinterpret_cast<uint16_t *>(ids + incoming_capacity_);
    size_t at = state->incoming;
    if (at == incoming_capacity_) {
        if (distance >= state->distance)
            return;
        at = state->farthest;
    } else {
        state->incoming++;
    }
    ids[at] = id;
    distances[at] = distance;
    if (state->incoming == incoming_capacity_)
        state->distance = LargestOf(distances, incoming_capacity_, &state->farthest);
}

} // namespace omendb
