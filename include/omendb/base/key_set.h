// A set of 64-bit keys, open addressing over a pool. The key ~0 is reserved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "omendb/base/pool.h"

namespace omendb {

class KeySet {
public:
    KeySet() = default;
    explicit KeySet(Pool pool) : pool_(pool) {}

    size_t size() const { return used_; }
    size_t MemoryBytes() const { return slots_ == nullptr ? 0 : (mask_ + 1) * sizeof(uint64_t); }

    // Makes room for `count` keys in all.
    void Reserve(size_t count)
    {
        size_t size = slots_ == nullptr ? kLeastSlots : mask_ + 1;
        while (2 * count > size)
            size *= 2;
        if (slots_ == nullptr || size > mask_ + 1)
            Resize(size);
    }

    // False when it was there already.
    bool Add(uint64_t key)
    {
        if (slots_ == nullptr || 2 * (used_ + 1) > mask_ + 1)
            Resize(slots_ == nullptr ? kLeastSlots : 2 * (mask_ + 1));
        size_t at = Find(key);
        if (slots_[at] == key)
            return false;
        slots_[at] = key;
        ++used_;
        return true;
    }

    bool Contains(uint64_t key) const { return used_ != 0 && slots_[Find(key)] == key; }

private:
    static constexpr uint64_t kEmpty = ~static_cast<uint64_t>(0);
    static constexpr size_t kLeastSlots = 64;

    size_t Find(uint64_t key) const
    {
        size_t at = (key * 0x9E3779B97F4A7C15u >> 24) & mask_;
        while (slots_[at] != kEmpty && slots_[at] != key)
            at = (at + 1) & mask_;
        return at;
    }

    void Resize(size_t size)
    {
        uint64_t *old = slots_;
        size_t old_size = old == nullptr ? 0 : mask_ + 1;
        slots_ = pool_.NewArray<uint64_t>(size);
        memset(slots_, 0xFF, size * sizeof(uint64_t));
        mask_ = size - 1;
        for (size_t i = 0; i < old_size; ++i)
            if (old[i] != kEmpty)
                slots_[Find(old[i])] = old[i];
    }

    Pool pool_{};
    uint64_t *slots_ = nullptr;
    size_t mask_ = 0;
    size_t used_ = 0;
};

} // namespace omendb
