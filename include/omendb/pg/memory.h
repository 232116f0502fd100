// A Pool over a MemoryContext.
#pragma once

#include "omendb/base/pool.h"
#include "omendb/pg/postgres.h"

extern "C" {
#include <utils/memutils.h>
}

namespace omendb {

// ERRORS: out_of_memory from its allocations.
inline Pool
PoolOf(MemoryContext context)
{
    return Pool{[](void *owner, size_t bytes) -> void * {
                    return MemoryContextAllocHuge(static_cast<MemoryContext>(owner), bytes);
                },
                context};
}

} // namespace omendb
