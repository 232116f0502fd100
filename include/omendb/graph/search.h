// Best-first search over any storage (DESIGN.md section 4).
//
// Storage offers
//     void Prefetch(uint32_t id);              the id that will probably be expanded after this one
//     size_t Expand(const Candidate &,         reads one node, notes whatever its user wants of it, gives its
//                   float *distance,           true squared distance, and lends its neighbours and their
//                   uint32_t **ids,            estimated ones; the arrays are good until the next call
//                   float **estimates);
//     void CheckInterrupts();
#pragma once

#include "omendb/graph/candidate_pool.h"

namespace omendb {

// Expands candidates until the nearest `width` of the pool all are. Returns the number of hops.
template <class Storage>
size_t
SearchGraph(Storage &storage, CandidatePool &pool)
{
    size_t hops = 0;
    Candidate next;
    while (pool.Next(&next)) {
        uint32_t upcoming;
        if (pool.Peek(&upcoming))
            storage.Prefetch(upcoming);
        float distance = next.estimate;
        uint32_t *ids;
        float *estimates;
        size_t count = storage.Expand(next, &distance, &ids, &estimates);
        pool.Settle(next, distance);
        pool.Offer(ids, estimates, count);
        if ((++hops & 63) == 0)
            storage.CheckInterrupts();
    }
    return hops;
}

} // namespace omendb
