// Room for what does not fit into memory: bytes at addresses from 0 on, in the server a temporary file
// (pg/temporary_file.h). Several members of a team may read and write at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omendb {

struct Spill {
    void *context;
    void (*read)(void *context, uint64_t at, void *to, size_t bytes);
    void (*write)(void *context, uint64_t at, const void *from, size_t bytes);
    // The first of so many bytes that nobody else has.
    uint64_t (*reserve)(void *context, uint64_t bytes);

    void Read(uint64_t at, void *to, size_t bytes) const { read(context, at, to, bytes); }
    void Write(uint64_t at, const void *from, size_t bytes) const
    {
        write(context, at, from, bytes);
    }
    uint64_t Reserve(uint64_t bytes) const { return reserve(context, bytes); }
};

} // namespace omendb
