// A crew (graph/bulk_crew.h) whose members are processes: part of what they share.
#pragma once

#include "omendb/graph/bulk_crew.h"
#include "omendb/pg/postgres.h"

extern "C" {
#include <pgstat.h>
#include <port/atomics.h>
#include <storage/barrier.h>
#if PG_VERSION_NUM >= 140000
#include <utils/wait_event.h>
#endif
}

namespace omendb {

// Whoever attaches to the barrier late learns of its phase and takes part in what is left.
struct SharedCrew {
    Barrier barrier;
    pg_atomic_uint32 claimed[kMostSteps]; // pieces of each step
};

inline void
InitCrew(SharedCrew *crew)
{
    BarrierInit(&crew->barrier, 0);
    for (pg_atomic_uint32 &claimed : crew->claimed)
        pg_atomic_init_u32(&claimed, 0);
}

inline void
MeetCrew(SharedCrew *crew)
{
    BarrierArriveAndWait(&crew->barrier, PG_WAIT_EXTENSION);
}

inline BulkCrew
CrewOf(SharedCrew *crew)
{
    return {crew,
            [](void *context, uint32_t step, uint32_t count) -> uint32_t {
                return pg_atomic_fetch_add_u32(&static_cast<SharedCrew *>(context)->claimed[step],
                                               static_cast<int32>(count));
            },
            [](void *context) { MeetCrew(static_cast<SharedCrew *>(context)); }};
}

// Address space for a graph of so many rows and what linking them shares; more than is needed costs nothing.
inline size_t
GraphAddressSpace(uint64 rows, size_t bytes_a_row)
{
    return (rows + 4096) * (bytes_a_row + 4 * sizeof(uint32_t)) + (size_t{4} << 20);
}

} // namespace omendb
