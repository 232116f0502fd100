// What a built graph looks like: degrees, edges in, and nodes that no path from the entries reaches.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "omendb/graph/memory_graph.h"

namespace omendb::bench {

// Least, quartiles, most, and how many lie in each class of four.
inline void
PrintHistogram(const char *name, std::vector<uint32_t> values)
{
    constexpr uint32_t kLastClass = 16;
    if (values.empty())
        return;
    std::sort(values.begin(), values.end());
    size_t last = values.size() - 1;
    printf("  %s: %u to %u, quartiles %u %u %u;", name, values[0], values[last], values[last / 4],
           values[last / 2], values[last / 4 * 3]);
    std::map<uint32_t, size_t> classes;
    for (uint32_t value : values)
        ++classes[std::min((value + 3) / 4, kLastClass + 1)];
    for (auto [number, count] : classes) {
        if (number == 0)
            printf(" 0: %zu", count);
        else if (number <= kLastClass)
            printf(" %u-%u: %zu", 4 * number - 3, 4 * number, count);
        else
            printf(" more: %zu", count);
    }
    printf("\n");
}

// Nodes that no path leads to from the entries.
inline size_t
CountUnreached(const MemoryGraph &graph)
{
    std::vector<bool> reached(graph.rows());
    std::vector<uint32_t> queue(graph.entries().begin(), graph.entries().end());
    for (uint32_t entry : queue)
        reached[entry] = true;
    for (size_t at = 0; at < queue.size(); ++at)
        for (uint32_t i = 0; i < graph.DegreeOf(queue[at]); ++i) {
            uint32_t to = graph.NeighboursOf(queue[at])[i];
            if (!reached[to])
                queue.push_back(to);
            reached[to] = true;
        }
    return graph.nodes() - queue.size();
}

inline void
PrintGraph(const MemoryGraph &graph)
{
    double edges = 0;
    std::vector<uint32_t> in_degrees(graph.rows()), degrees, in_degrees_of_nodes;
    for (uint32_t row = 0; row < graph.rows(); ++row) {
        if (!graph.IsNode(row))
            continue;
        degrees.push_back(graph.DegreeOf(row));
        edges += graph.DegreeOf(row);
        for (uint32_t i = 0; i < graph.DegreeOf(row); ++i)
            ++in_degrees[graph.NeighboursOf(row)[i]];
    }
    for (uint32_t row = 0; row < graph.rows(); ++row)
        if (graph.IsNode(row))
            in_degrees_of_nodes.push_back(in_degrees[row]);
    printf("  %u nodes, %zu entries, %.1f neighbours a node, %zu nodes unreachable\n",
           graph.nodes(), graph.entries().size(), edges / std::max(1u, graph.nodes()),
           CountUnreached(graph));
    PrintHistogram("neighbours", std::move(degrees));
    PrintHistogram("edges in", std::move(in_degrees_of_nodes));
}

} // namespace omendb::bench
