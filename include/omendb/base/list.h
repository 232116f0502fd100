// A growing array over a Pool. Growth leaves the old array in the pool (at most as much again as the
// array itself), as everything in a pool stays until the pool goes.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "omendb/base/pool.h"

namespace omendb {

template <class T>
class List {
    static_assert(std::is_trivially_copyable_v<T>, "a list moves its items with memcpy");

public:
    List() = default;
    explicit List(Pool pool) : pool_(pool) {}

    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    T *data() { return data_; }
    const T *data() const { return data_; }
    T *begin() { return data_; }
    T *end() { return data_ + size_; }
    const T *begin() const { return data_; }
    const T *end() const { return data_ + size_; }
    T &operator[](size_t i) { return data_[i]; }
    const T &operator[](size_t i) const { return data_[i]; }
    T &back() { return data_[size_ - 1]; }

    void clear() { size_ = 0; }
    void pop_back() { --size_; }

    // REQUIRES: size <= size(); drops what lies beyond.
    void truncate(size_t size) { size_ = size; }

    void reserve(size_t capacity)
    {
        if (capacity <= capacity_)
            return;
        T *grown = pool_.NewArray<T>(capacity);
        if (size_ > 0)
            memcpy(static_cast<void *>(grown), data_, size_ * sizeof(T));
        data_ = grown;
        capacity_ = capacity;
    }

    // Makes room for `count` more items, which hold anything.
    void extend(size_t count)
    {
        reserve(size_ + count);
        size_ += count;
    }

    void push_back(const T &item)
    {
        if (size_ == capacity_) {
            T copy = item; // `item` may lie in the old array
            reserve(capacity_ == 0 ? 16 : 2 * capacity_);
            data_[size_++] = copy;
            return;
        }
        data_[size_++] = item;
    }

private:
    Pool pool_{};
    T *data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

} // namespace omendb
