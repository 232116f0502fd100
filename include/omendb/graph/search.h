// Best-first search over any storage (DESIGN.md section 4).
//
// Storage offers
//     void Prefetch(uint32_t id);              the id that will probably be expanded after this one
//     void Expand(const Candidate &,           reads one node, notes whatever its user wants of it, gives its
//                 float *distance,             true squared distance, and lends its neighbours; the arrays are
//                 Neighbourhood *);            good until the next call
//     void CheckInterrupts();
//
// and, where nodes share pages:
//     bool ExpandMate(CandidatePool &,         expands another waiting candidate (TakeWaiting) that lies beside
//                     Candidate *, float *,    the one expanded last; false: none is left. Called until it
//                     Neighbourhood *);        says so, before anything else.
#pragma once

#include <type_traits>

#include "omendb/graph/candidate_pool.h"

namespace omendb {

// Neighbours of an expanded node: see CandidatePool::Offer.
struct Neighbourhood {
    const uint32_t *ids;
    const float *estimates; // squared distances to the query
    const float *weights;   // may be null
    size_t count;
};

template <class Storage, class = void>
struct SharesPages : std::false_type {
};

template <class Storage>
struct SharesPages<Storage, std::void_t<decltype(&Storage::ExpandMate)>> : std::true_type {
};

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
        Neighbourhood found;
        storage.Expand(next, &distance, &found);
        pool.Settle(next, distance);
        pool.Offer(found.ids, found.estimates, found.weights, found.count);
        if constexpr (SharesPages<Storage>::value) {
            while (storage.ExpandMate(pool, &next, &distance, &found)) {
                pool.Settle(next, distance);
                pool.Offer(found.ids, found.estimates, found.weights, found.count);
                ++hops;
            }
        }
        if ((++hops & 63) == 0)
            storage.CheckInterrupts();
    }
    return hops;
}

} // namespace omendb
