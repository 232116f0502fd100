// A pool for programs without a server (unit tests, benchmarks): blocks from malloc, freed with the
// arena. Not for the library: it has a destructor.
#pragma once

#include <cstdlib>

#include "omendb/base/pool.h"

namespace omendb {

class Arena {
public:
    Arena() = default;
    Arena(const Arena &) = delete;
    Arena &operator=(const Arena &) = delete;

    ~Arena()
    {
        while (head_ != nullptr) {
            Block *next = head_->next;
            free(head_);
            head_ = next;
        }
    }

    Pool pool() { return Pool{&Arena::Allocate, this}; }
    size_t allocated_bytes() const { return allocated_bytes_; }

private:
    struct alignas(16) Block {
        Block *next;
    };

    static void *Allocate(void *context, size_t bytes)
    {
        auto *arena = static_cast<Arena *>(context);
        auto *block = static_cast<Block *>(malloc(sizeof(Block) + bytes));
        if (block == nullptr)
            abort();
        block->next = arena->head_;
        arena->head_ = block;
        arena->allocated_bytes_ += bytes;
        return block + 1;
    }

    Block *head_ = nullptr;
    size_t allocated_bytes_ = 0;
};

} // namespace omendb
