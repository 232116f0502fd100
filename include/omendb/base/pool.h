// Where an operation's memory comes from.
//
// A pool is a function and its context: in the server one MemoryContext an operation (pg/memory.h), in
// unit tests an arena (base/arena.h). Nothing is freed piece by piece: what an operation allocated goes
// when its pool goes. Containers over a pool are therefore trivially destructible, and PostgreSQL's
// longjmp may leave any frame that uses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace omendb {

struct Pool {
    // Returns `bytes` bytes aligned to 8; never null (the server raises out of memory instead).
    void *(*allocate)(void *context, size_t bytes);
    void *context;

    template <class T>
    T *NewArray(size_t count) const
    {
        static_assert(std::is_trivially_destructible_v<T>, "a pool runs no destructor");
        return static_cast<T *>(allocate(context, count * sizeof(T)));
    }

    template <class T>
    T *NewZeroedArray(size_t count) const
    {
        T *array = NewArray<T>(count);
        memset(static_cast<void *>(array), 0, count * sizeof(T));
        return array;
    }
};

// The same object where another process has mapped the memory that it lies in.
template <class T>
void
MovePointer(T **pointer, ptrdiff_t offset)
{
    *pointer = reinterpret_cast<T *>(reinterpret_cast<uintptr_t>(*pointer) +
                                     static_cast<uintptr_t>(offset));
}

} // namespace omendb
