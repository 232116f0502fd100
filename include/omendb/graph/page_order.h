// Which nodes share a page: a search then often finds several of its candidates on one.
#pragma once

#include "omendb/base/pool.h"
#include "omendb/graph/memory_graph.h"

namespace omendb {

// Puts *order, `count` nodes of the graph, into the order in which they go into pages of so many slots: a
// page's first node is the next by home, the others are the nearest of its page's neighbours that have no
// place yet. number[row] becomes a node's place; rows that are not in *order are left alone if theirs is not
// kNone. *order is allocated anew.
void OrderForPages(const MemoryGraph &graph, Pool pool, uint32_t slots, uint32_t **order,
                   uint32_t count, uint32_t *number);

} // namespace omendb
