// The pool of a best-first search: candidates ordered by estimate, some of them expanded. The search has
// converged when the nearest `width` all are. As many again are kept behind them, for an expanded one may
// turn out to be farther than estimated and make room (Settle). What falls off the pool, or never got in,
// is kept aside, so that the search can be widened and go on (DESIGN.md section 4).
//
// A candidate is a number below 2^31. It stands in the pool at most once; once expanded it is never taken
// again. The same candidate is often offered several times, from several parents, with estimates that err
// independently; it stands at the least of them, and before it is taken, moves to their mean, weighted by
// their precision. (The least alone errs downwards, and costs a search an eighth more hops at equal recall
// on sentences; moving it at each offer would cost more than it saves.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "omendb/base/list.h"
#include "omendb/base/pool.h"

namespace omendb {

struct Candidate {
    float estimate;
    uint32_t id;
};

class CandidatePool {
public:
    CandidatePool() = default;

    // REQUIRES: width >= 1.
    CandidatePool(Pool pool, size_t width) : pool_(pool), aside_(pool)
    {
        Reserve(width);
        NewMap(1024);
    }

    // Forgets everything and starts anew; keeps its memory.
    void Restart(size_t width)
    {
        Reserve(width);
        size_ = 0;
        cursor_ = 0;
        aside_.clear();
        ClearMap();
    }

    size_t width() const { return width_; }

    // Offers `count` candidates. A weight is the inverse of an estimate's variance, in any unit; null
    // weights: estimates are exact, and the least counts. REQUIRES: estimates are not NaN, weights > 0.
    void Offer(const uint32_t *ids, const float *estimates, const float *weights, size_t count)
    {
        if (weights == nullptr)
            for (size_t i = 0; i < count; ++i)
                OfferOne(ids[i], estimates[i], 0);
        else
            for (size_t i = 0; i < count; ++i)
                OfferOne(ids[i], estimates[i], weights[i]);
    }

    void OfferOne(uint32_t id, float estimate, float weight = 0)
    {
        if (size_ == capacity_ && !(estimate < items_[size_ - 1].estimate)) {
            aside_.push_back({estimate, id});
            return;
        }
        Entry *entry = FindOrAdd(id);
        entry->weighted_sum += weight * estimate;
        entry->weight += weight;
        if (!(estimate < entry->best))
            return;
        if (entry->best != kAbsent)
            Remove(id, entry->best);
        entry->best = estimate;
        Insert(id, estimate);
    }

    // Takes the nearest candidate not yet expanded among the pool's `width`. False: the search has
    // converged at this width.
    bool Next(Candidate *next)
    {
        if (!FindNearest())
            return false;
        *next = items_[cursor_];
        items_[cursor_].id |= kExpanded;
        FindOrAdd(next->id)->best = -std::numeric_limits<float>::infinity();
        ++cursor_;
        return true;
    }

    // Takes this candidate ahead of its turn, if it waits in the pool.
    bool TakeWaiting(uint32_t id, Candidate *taken)
    {
        Entry *entry = Find(id);
        if (entry == nullptr || entry->best == kAbsent || entry->best < 0)
            return false;
        for (size_t i = LowerBound(entry->best); i < size_ && items_[i].estimate == entry->best;
             ++i) {
            if (items_[i].id == id) {
                *taken = items_[i];
                items_[i].id |= kExpanded;
                entry->best = -std::numeric_limits<float>::infinity();
                return true;
            }
        }
        return false;
    }

    // Moves an expanded candidate, as Next gave it, to where its true distance belongs.
    void Settle(const Candidate &expanded, float distance)
    {
        uint32_t id = expanded.id | kExpanded;
        if (distance != expanded.estimate && Remove(id, expanded.estimate) &&
            (size_ < capacity_ || distance < items_[size_ - 1].estimate))
            Insert(id, distance);
    }

    // The candidate that Next would take now, if any.
    bool Peek(uint32_t *id)
    {
        if (!FindNearest())
            return false;
        *id = items_[cursor_].id;
        return true;
    }

    // Goes on with a wider pool. False, with nothing changed but the width, when nothing is left to expand.
    bool Widen(size_t width)
    {
        Reserve(width);
        cursor_ = 0;
        List<Candidate> old = aside_;
        aside_ = List<Candidate>(pool_);
        for (const Candidate &candidate : old)
            OfferOne(candidate.id, candidate.estimate);
        return FindNearest();
    }

    // True if this id was taken by Next.
    bool Expanded(uint32_t id)
    {
        const Entry *entry = Find(id);
        return entry != nullptr && entry->best == -std::numeric_limits<float>::infinity();
    }

    // What the pool holds in memory, roughly.
    size_t MemoryBytes() const
    {
        return capacity_ * sizeof(Candidate) + aside_.capacity() * sizeof(Candidate) +
               (map_mask_ + 1) * sizeof(Entry);
    }

private:
    static constexpr uint32_t kExpanded = 0x80000000;
    static constexpr uint32_t kNoId = 0xFFFFFFFF;
    static constexpr float kAbsent = std::numeric_limits<float>::infinity();

    // best: place in the pool; −inf expanded; +inf not in the pool.
    struct Entry {
        uint32_t id;
        float best;
        float weighted_sum; // of the estimates offered
        float weight;
    };

    // Moves the cursor to the nearest candidate not yet expanded, once it stands where the mean of its
    // estimates belongs. False: all of the first `width` are expanded.
    bool FindNearest()
    {
        for (;;) {
            size_t end = size_ < width_ ? size_ : width_;
            while (cursor_ < end && (items_[cursor_].id & kExpanded) != 0)
                ++cursor_;
            if (cursor_ >= end)
                return false;
            Candidate nearest = items_[cursor_];
            Entry *entry = FindOrAdd(nearest.id);
            float mean = entry->weight > 0 ? entry->weighted_sum / entry->weight : nearest.estimate;
            if (!(mean > nearest.estimate * 1.000001f))
                return true;
            memmove(items_ + cursor_, items_ + cursor_ + 1,
                    (size_ - cursor_ - 1) * sizeof(Candidate));
            --size_;
            entry->best = mean;
            Insert(nearest.id, mean);
        }
    }

    void Reserve(size_t width)
    {
        if (2 * width > capacity_) {
            Candidate *grown = pool_.NewArray<Candidate>(2 * width);
            if (size_ > 0)
                memcpy(grown, items_, size_ * sizeof(Candidate));
            items_ = grown;
            capacity_ = 2 * width;
        }
        width_ = width;
    }

    void NewMap(size_t size)
    {
        map_ = pool_.NewArray<Entry>(size);
        map_mask_ = size - 1;
        ClearMap();
    }

    void ClearMap()
    {
        memset(static_cast<void *>(map_), 0xFF, (map_mask_ + 1) * sizeof(Entry));
        map_used_ = 0;
    }

    static size_t Hash(uint32_t id) { return (id * 0x9E3779B1u) >> 7; }

    Entry *Find(uint32_t id)
    {
        size_t at = Hash(id) & map_mask_;
        while (map_[at].id != id) {
            if (map_[at].id == kNoId)
                return nullptr;
            at = (at + 1) & map_mask_;
        }
        return &map_[at];
    }

    Entry *FindOrAdd(uint32_t id)
    {
        size_t at = Hash(id) & map_mask_;
        while (map_[at].id != id) {
            if (map_[at].id == kNoId) {
                if (2 * (map_used_ + 1) > map_mask_ + 1) {
                    GrowMap();
                    return FindOrAdd(id);
                }
                map_[at] = {id, kAbsent, 0, 0};
                ++map_used_;
                break;
            }
            at = (at + 1) & map_mask_;
        }
        return &map_[at];
    }

    void GrowMap()
    {
        Entry *old = map_;
        size_t old_size = map_mask_ + 1;
        NewMap(2 * old_size);
        for (size_t i = 0; i < old_size; ++i)
            if (old[i].id != kNoId)
                *FindOrAdd(old[i].id) = old[i];
    }

    // Position of the first item with an estimate not below `estimate`.
    size_t LowerBound(float estimate) const
    {
        size_t low = 0, length = size_;
        while (length > 0) {
            size_t half = length / 2;
            if (items_[low + half].estimate < estimate) {
                low += half + 1;
                length -= half + 1;
            } else {
                length = half;
            }
        }
        return low;
    }

    // False: not in the pool.
    bool Remove(uint32_t id, float estimate)
    {
        for (size_t i = LowerBound(estimate); i < size_ && items_[i].estimate == estimate; ++i) {
            if (items_[i].id == id) {
                memmove(items_ + i, items_ + i + 1, (size_ - i - 1) * sizeof(Candidate));
                --size_;
                if (cursor_ > i)
                    --cursor_;
                return true;
            }
        }
        return false;
    }

    void Insert(uint32_t id, float estimate)
    {
        size_t at = LowerBound(estimate);
        if (size_ == capacity_) {
            const Candidate &last = items_[size_ - 1];
            if ((last.id & kExpanded) == 0) {
                *FindOrAdd(last.id) = {last.id, kAbsent, 0, 0};
                aside_.push_back(last);
            }
            --size_;
        }
        memmove(items_ + at + 1, items_ + at, (size_ - at) * sizeof(Candidate));
        items_[at] = {estimate, id};
        ++size_;
        if (cursor_ > at)
            cursor_ = at;
    }

    Pool pool_{};
    Candidate *items_ = nullptr;
    size_t width_ = 0;
    size_t capacity_ = 0; // of items_, 2·width at least
    size_t size_ = 0;
    size_t cursor_ = 0; // everything before it is expanded
    List<Candidate> aside_;
    Entry *map_ = nullptr;
    size_t map_mask_ = 0;
    size_t map_used_ = 0;
};

} // namespace omendb
