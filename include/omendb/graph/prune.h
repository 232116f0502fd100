// Choosing a node's neighbours: the relative-neighbourhood rule. A candidate is left out when one already
// chosen is clearly nearer to it than the node is. DESIGN.md sections 6 and 14; src/graph/README.md has what
// was measured.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace omendb {

// Clearly nearer: closer than this, of squared distances. Below 1 lists keep more, and searches find more.
constexpr float kPruneAlpha = 0.93f;

struct PruneCandidate {
    float distance;   // squared, to the node whose list this is
    uint32_t id;      // breaks ties, so that the result does not depend on the order of the input
    uint32_t payload; // the caller's
    bool forced;      // always chosen, as anchored edges are
};

// Reorders `candidates` so that the chosen ones stand first, nearest first, and returns how many: at most
// `limit`. `distance(a, b)` gives the squared distance between two candidates.
// REQUIRES: at most `limit` candidates are forced.
template <class Distance>
size_t
PruneNeighbours(PruneCandidate *candidates, size_t count, size_t limit, Distance distance)
{
    std::sort(candidates, candidates + count, [](const PruneCandidate &a, const PruneCandidate &b) {
        return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    });
    size_t forced_left = 0;
    for (size_t i = 0; i < count; ++i)
        forced_left += candidates[i].forced;
    size_t chosen = 0;
    for (size_t i = 0; i < count && chosen < limit; ++i) {
        bool keep = candidates[i].forced;
        if (keep) {
            --forced_left;
        } else if (chosen + forced_left < limit) {
            keep = true;
            for (size_t j = 0; keep && j < chosen; ++j)
                keep =
                    distance(candidates[j], candidates[i]) >= kPruneAlpha * candidates[i].distance;
        }
        if (keep)
            std::swap(candidates[chosen++], candidates[i]);
    }
    return chosen;
}

} // namespace omendb
