#include "omendb/graph/page_order.h"

#include <algorithm>

namespace omendb {

void
OrderForPages(const MemoryGraph &graph, Pool pool, uint32_t slots, uint32_t **order, uint32_t count,
              uint32_t *number)
{
    constexpr uint32_t kNoPlace = MemoryGraph::kNone;
    uint32_t *by_home = *order;
    std::sort(by_home, by_home + count, [&graph](uint32_t a, uint32_t b) {
        uint32_t home_a = graph.BirthOf(graph.HomeOf(a));
        uint32_t home_b = graph.BirthOf(graph.HomeOf(b));
        return home_a != home_b ? home_a < home_b : graph.BirthOf(a) < graph.BirthOf(b);
    });
    auto *packed = pool.NewArray<uint32_t>(count);
    for (uint32_t i = 0; i < count; ++i)
        number[by_home[i]] = kNoPlace;
    uint32_t placed = 0;
    uint32_t seed = 0;
    auto place = [&](uint32_t row) {
        number[row] = placed;
        packed[placed++] = row;
    };
    for (uint32_t page = 0; placed < count; page += slots) {
        graph.CheckInterrupts();
        uint32_t page_end = std::min(page + slots, count);
        for (uint32_t member = page; placed < page_end; ++member) {
            if (member == placed) { // no neighbour left: the next in order
                while (number[by_home[seed]] != kNoPlace)
                    ++seed;
                place(by_home[seed]);
            }
            uint32_t row = packed[member];
            const uint32_t *neighbours = graph.NeighboursOf(row);
            for (uint32_t i = 0; i < graph.DegreeOf(row) && placed < page_end; ++i)
                if (number[neighbours[i]] == kNoPlace)
                    place(neighbours[i]);
        }
    }
    *order = packed;
}

} // namespace omendb
