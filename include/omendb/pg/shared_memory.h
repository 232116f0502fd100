// Memory that a backend shares with its parallel workers and that is bounded by nothing but what the
// operation may take: an anonymous file in memory, not a segment under /dev/shm, whose size is small in
// containers. Each process maps it where there is room.
#pragma once

#include "omendb/base/pool.h"
#include "omendb/pg/postgres.h"

namespace omendb {

struct SharedMemory {
    char *base;
    size_t bytes;
    size_t used;
    int file; // the creator's
};

// Where others find it.
struct SharedMemoryName {
    int process;
    int file;
    size_t bytes;
    char *base; // as the creator sees it
};

// Memory of at most `bytes`, of which only what is touched takes room; gone with `context`, at the latest with
// the process. Null where it cannot be had.
SharedMemory *CreateSharedMemory(MemoryContext context, size_t bytes);

// Gives it back now. REQUIRES: nobody uses it any more.
void DropSharedMemory(SharedMemory *memory);

SharedMemoryName NameOf(const SharedMemory *memory);

// Maps another process's memory until this one ends. Null if it cannot be had.
char *MapSharedMemory(const SharedMemoryName &name);

// Allocates from it, for its creator. ERRORS: internal_error when it is full.
Pool PoolOf(SharedMemory *memory);

} // namespace omendb
