// Reservoirs of candidates, one a row: the nearest that were offered, at most one a direction (HashPrune).
// The direction of an edge is a hash of the signs of its first few rotated dimensions; the rotation makes
// them random directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "omendb/base/pool.h"
#include "omendb/base/prefetch.h"

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

// A record has two lives. First candidates are offered; then Settle turns it into the ids that pruning left
// over, and edges that come in from others are gathered beside them.
class Reservoirs {
public:
    Reservoirs() = default;
    // Rows are to be cleared before anything is offered. `degree`: how many Settle keeps at most.
    // REQUIRES: capacity a multiple of 8, 8 to kMaxReservoir.
    // `locked`: several members offer at once.
    Reservoirs(Pool pool, size_t rows, size_t capacity, size_t degree, bool locked = false);

    // The same records at another member's addresses.
    void MoveBy(ptrdiff_t offset) { MovePointer(&records_, offset); }

    // The same records, counted from `row` on.
    Reservoirs From(uint32_t row) const
    {
        Reservoirs moved = *this;
        moved.records_ += row * record_bytes_;
        return moved;
    }

    static size_t BytesPerRow(size_t capacity);

    // Empties these.
    void Clear(uint32_t first, uint32_t end);

    // What Wants reads.
    void PrefetchState(uint32_t row) const { PrefetchBytes(StateOf(row), sizeof(State)); }
    // What an offer reads first, or an edge that comes in; asking for whole records is no faster anywhere.
    void Prefetch(uint32_t row) const
    {
        PrefetchBytes(RecordOf(row), sizeof(State) + 2 * capacity_ * sizeof(uint16_t));
    }

    // False: a candidate so far away would be refused, whatever its direction. Reads without the lock: a full
    // reservoir's limit only falls.
    bool Wants(uint32_t row, uint16_t distance) const
    {
        const State *state = StateOf(row);
        return __atomic_load_n(&state->count, __ATOMIC_RELAXED) < capacity_ ||
               distance < __atomic_load_n(&state->distance, __ATOMIC_RELAXED);
    }
    void Offer(uint32_t row, uint32_t id, uint16_t hash, uint16_t distance)
    {
        OfferSeveral(row, [&](auto offer) { offer(id, hash, distance); });
    }
    // offers(offer): calls offer(id, hash, distance) for each, and nothing that can fail.
    template <class Offers>
    void OfferSeveral(uint32_t row, Offers offers)
    {
        WithState(row, [&](State *state) {
            offers([&](uint32_t id, uint16_t hash, uint16_t distance) {
                OfferHere(state, id, hash, distance);
            });
        });
    }
    uint32_t CountOf(uint32_t row) const { return StateOf(row)->count; }
    // In no order; of each its direction and distance.
    uint32_t *CandidatesOf(uint32_t row) const;
    const uint16_t *HashesOf(uint32_t row) const;
    const uint16_t *DistancesOf(uint32_t row) const { return HashesOf(row) + capacity_; }

    // Ends the row's first life. `left` holds ids, the first `degree` of which are kept, nearest first.
    void Settle(uint32_t row, const uint32_t *left, size_t count);
    // Puts what pruning left over in the place of what Settle was given.
    void SetLeft(uint32_t row, const uint32_t *left, size_t count);
    // The nearest that fit are kept. REQUIRES: settled; each id once.
    void OfferIncoming(uint32_t row, uint32_t id, uint16_t distance)
    {
        WithState(row, [&](State *state) { OfferIncomingHere(state, id, distance); });
    }
    uint32_t LeftCountOf(uint32_t row) const { return StateOf(row)->count; }
    const uint32_t *LeftOf(uint32_t row) const;
    uint32_t IncomingCountOf(uint32_t row) const { return StateOf(row)->incoming; }
    uint32_t *IncomingOf(uint32_t row) const; // in no order
    size_t incoming_capacity() const { return incoming_capacity_; }

private:
    struct State {
        uint8_t count;
        uint8_t farthest; // its position, when full
        // The farthest's, when full; before, 0xFFFF: Wants may see it a moment too early.
        uint16_t distance;
        uint8_t incoming;
        uint8_t lock; // while somebody offers
        uint8_t reserved[2];
    };
    static_assert(sizeof(State) == 8);

    // A record: State, then first
    //     hashes u16[capacity] | distances u16[capacity] | ids u32[capacity]
    // and later
    //     left u32[left capacity] | incoming u32[incoming capacity] | distances u16[incoming capacity]
    char *RecordOf(uint32_t row) const { return records_ + row * record_bytes_; }
    State *StateOf(uint32_t row) const { return reinterpret_cast<State *>(RecordOf(row)); }

    // Lends a record to one member at a time.
    template <class Use>
    void WithState(uint32_t row, Use use)
    {
        State *state = StateOf(row);
        Lock(state);
        use(state);
        Unlock(state);
    }
    void OfferHere(State *state, uint32_t id, uint16_t hash, uint16_t distance);
    void OfferIncomingHere(State *state, uint32_t id, uint16_t distance);
    void Lock(State *state) const;
    void Unlock(State *state) const;

    char *records_ = nullptr;
    bool locked_ = false;
    size_t record_bytes_ = 0;
    size_t capacity_ = 0;
    size_t left_capacity_ = 0;
    size_t incoming_capacity_ = 0; // a multiple of 8
};

} // namespace omendb
