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
    // weights: estimates are exact, and the least counts. REQUIRES: estimates >= 0, weights > 0.
    void Offer(const uint32_t *ids, const float *estimates, const float *weights, size_t count)
    {
        for (size_t from = 0; from < count; from += kAtOnce) {
            size_t here = count - from < kAtOnce ? count - from : kAtOnce;
            uint32_t within[kAtOnce];
            size_t within_count = SetAside(ids + from, estimates + from, here, within);
            for (size_t k = 0; k < within_count; ++k) {
                size_t i = from + within[k];
                OfferOne(ids[i], estimates[i], weights == nullptr ? 0 : weights[i]);
            }
        }
    }

    void OfferOne(uint32_t id, float estimate, float weight = 0)
    {
        if (size_ == capacity_ && !(estimate < items_[size_ - 1].estimate)) {
            aside_.push_back({estimate, id});
            return;
        }
        Entry *entry = Place(id);
        if (entry->id == kNoId) {
            *entry = {id, estimate, weight * estimate, weight};
            CountEntry();
            if (estimate < kAbsent)
                Insert(id, estimate);
            return;
        }
        entry->weighted_sum += weight * estimate;
        entry->weight += weight;
        float before = entry->best;
        if (!(estimate < before))
            return;
        entry->best = estimate;
        if (before == kAbsent)
            Insert(id, estimate);
        else if (size_t at = Position(id, before); at < size_)
            Move(at, estimate);
    }

    // Takes the nearest candidate not yet expanded among the pool's `width`. False: the search has
    // converged at this width.
    bool Next(Candidate *next)
    {
        if (!FindNearest())
            return false;
        *next = items_[cursor_];
        items_[cursor_].id |= kExpanded;
        Find(next->id)->best = -std::numeric_limits<float>::infinity();
        ++cursor_;
        return true;
    }

    // Takes this candidate ahead of its turn, if it waits in the pool.
    bool TakeWaiting(uint32_t id, Candidate *taken)
    {
        Entry *entry = Find(id);
        if (entry == nullptr || entry->best == kAbsent || entry->best < 0)
            return false;
        size_t at = Position(id, entry->best);
        if (at == size_)
            return false;
        *taken = items_[at];
        items_[at].id |= kExpanded;
        entry->best = -std::numeric_limits<float>::infinity();
        return true;
    }

    // Moves an expanded candidate, as Next gave it, to where its true distance belongs. A damaged node's is
    // not a number: it goes last, for one NaN would take the pool's order away.
    void Settle(const Candidate &expanded, float distance)
    {
        if (distance != distance)
            distance = kAbsent;
        size_t at = Position(expanded.id | kExpanded, expanded.estimate);
        if (at < size_)
            Move(at, distance);
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
    static constexpr size_t kAtOnce = 64; // offers

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
            Entry *entry = Find(nearest.id);
            float mean = entry->weight > 0 ? entry->weighted_sum / entry->weight : nearest.estimate;
            if (!(mean > nearest.estimate * 1.000001f && mean < kAbsent))
                return true;
            entry->best = mean;
            Move(cursor_, mean);
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

    // The entry of this id, or the free one that it would get.
    Entry *Place(uint32_t id)
    {
        size_t at = Hash(id) & map_mask_;
        while (map_[at].id != id && map_[at].id != kNoId)
            at = (at + 1) & map_mask_;
        return &map_[at];
    }

    Entry *Find(uint32_t id)
    {
        Entry *entry = Place(id);
        return entry->id == id ? entry : nullptr;
    }

    // After one was added. Entries may move.
    void CountEntry()
    {
        if (2 * ++map_used_ > map_mask_ + 1)
            GrowMap();
    }

    void GrowMap()
    {
        Entry *old = map_;
        size_t old_size = map_mask_ + 1;
        NewMap(2 * old_size);
        for (size_t i = 0; i < old_size; ++i)
            if (old[i].id != kNoId) {
                *Place(old[i].id) = old[i];
                ++map_used_;
            }
    }

    // Puts what cannot get into the pool aside, and lists the positions of the others. Most estimates of a
    // converging search are too far, in no order that a branch predictor could learn: no branch.
    size_t SetAside(const uint32_t *ids, const float *estimates, size_t count, uint32_t *within)
    {
        if (aside_.capacity() - aside_.size() <= count)
            aside_.reserve(2 * aside_.capacity() + 2 * kAtOnce);
        bool full = size_ == capacity_;
        float limit = full ? items_[size_ - 1].estimate : 0;
        size_t within_count = 0, beyond_count = 0;
        Candidate *beyond = aside_.end();
        for (size_t i = 0; i < count; ++i) {
            bool far = full & !(estimates[i] < limit);
            within[within_count] = static_cast<uint32_t>(i);
            beyond[beyond_count] = {estimates[i], ids[i]};
            within_count += !far;
            beyond_count += far;
        }
        aside_.extend(beyond_count);
        return within_count;
    }

    // Position of the first item with an estimate not below `estimate`.
    size_t LowerBound(float estimate) const
    {
        size_t low = 0;
        for (size_t length = size_; length > 0;) {
            size_t half = (length + 1) / 2;
            low += items_[low + half - 1].estimate < estimate ? half : 0;
            length -= half;
        }
        return low;
    }

    // Where this item stands; size_: not in the pool.
    size_t Position(uint32_t id, float estimate) const
    {
        size_t at = LowerBound(estimate);
        for (; at < size_ && items_[at].estimate == estimate; ++at)
            if (items_[at].id == id)
                return at;
        return size_;
    }

    // Gives the item at `from` another estimate, and the place that belongs to it.
    void Move(size_t from, float estimate)
    {
        Candidate item = {estimate, items_[from].id};
        size_t to = LowerBound(estimate);
        if (to > from) {
            --to;
            memmove(items_ + from, items_ + from + 1, (to - from) * sizeof(Candidate));
        } else {
            memmove(items_ + to + 1, items_ + to, (from - to) * sizeof(Candidate));
        }
        items_[to] = item;
        if (from < cursor_)
            --cursor_;
        StepCursor(to);
    }

    void Insert(uint32_t id, float estimate)
    {
        if (size_ == capacity_) {
            const Candidate &last = items_[size_ - 1];
            if ((last.id & kExpanded) == 0) {
                *Find(last.id) = {last.id, kAbsent, 0, 0};
                aside_.push_back(last);
            }
            --size_;
        }
        // From the end in strides, then item by item: of a short pool, quicker than halving.
        constexpr size_t kStride = 16;
        size_t at = size_;
        while (at >= kStride && !(items_[at - kStride].estimate < estimate))
            at -= kStride;
        memmove(items_ + at + 1, items_ + at, (size_ - at) * sizeof(Candidate));
        for (; at > 0 && !(items_[at - 1].estimate < estimate); --at)
            items_[at] = items_[at - 1];
        items_[at] = {estimate, id};
        ++size_;
        StepCursor(at);
    }

    // After an item came in at `at`.
    void StepCursor(size_t at)
    {
        if (at < cursor_)
            cursor_ = (items_[at].id & kExpanded) != 0 ? cursor_ + 1 : at;
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
