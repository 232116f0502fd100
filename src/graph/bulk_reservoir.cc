#include "bulk_reservoir.h"

namespace omendb {
namespace {

// Eight at a time, on any platform.
typedef uint16_t Words __attribute__((vector_size(16)));

inline Words
LoadWords(const uint16_t *p)
{
    Words words;
    memcpy(&words, p, sizeof(words));
    return words;
}

inline bool
AnySet(Words words)
{
    uint64_t halves[2];
    memcpy(halves, &words, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

// Position of `wanted` among `count` words, or count. Reads up to the next multiple of 8.
size_t
FindWord(const uint16_t *words, size_t count, uint16_t wanted)
{
    Words all = {wanted, wanted, wanted, wanted, wanted, wanted, wanted, wanted};
    for (size_t i = 0; i < count; i += 8) {
        if (!AnySet(LoadWords(words + i) == all))
            continue;
        for (size_t j = i; j < i + 8 && j < count; ++j)
            if (words[j] == wanted)
                return j;
    }
    return count;
}

} // namespace

size_t
Reservoirs::BytesPerRow(size_t capacity)
{
    return sizeof(State) + capacity * (2 * sizeof(uint16_t) + sizeof(uint32_t));
}

Reservoirs::Reservoirs(Pool pool, size_t rows, size_t capacity)
    : record_bytes_(BytesPerRow(capacity)), capacity_(capacity)
{
    records_ = pool.NewArray<char>(rows * record_bytes_);
    for (size_t row = 0; row < rows; ++row)
        *StateOf(static_cast<uint32_t>(row)) = {};
}

uint32_t *
Reservoirs::IdsOf(uint32_t row) const
{
    return reinterpret_cast<uint32_t *>(records_ + row * record_bytes_ + sizeof(State) +
                                        2 * capacity_ * sizeof(uint16_t));
}

void
Reservoirs::FindFarthest(State *state, const uint16_t *distances) const
{
    Words most = LoadWords(distances);
    for (size_t i = 8; i < capacity_; i += 8) {
        Words words = LoadWords(distances + i);
        auto above = reinterpret_cast<Words>(words > most);
        most = (words & above) | (most & ~above);
    }
    uint16_t farthest = most[0];
    for (size_t i = 1; i < 8; ++i)
        farthest = most[i] > farthest ? most[i] : farthest;
    state->distance = farthest;
    state->farthest = static_cast<uint8_t>(FindWord(distances, capacity_, farthest));
}

void
Reservoirs::Offer(uint32_t row, uint32_t id, uint16_t hash, uint16_t distance)
{
    State *state = StateOf(row);
    bool full = state->count == capacity_;
    if (full && distance >= state->distance)
        return;
    auto *hashes = reinterpret_cast<uint16_t *>(state + 1);
    uint16_t *distances = hashes + capacity_;
    size_t at = FindWord(hashes, state->count, hash);
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
    IdsOf(row)[at] = id;
    if (state->count == capacity_ && (!full || at == state->farthest))
        FindFarthest(state, distances);
}

} // namespace omendb
