// amcostestimate: what a search costs, in the planner's units, beside the plans it competes with.
//
// A scan has two prices. Before its first row it runs one search, whatever the LIMIT: about ef_search nodes
// are expanded, the entries and the delta are looked at flat. After that each further row costs its share
// of reading the whole index, which is what a scan read to its end does. The planner charges heap pages by
// itself and takes LIMIT's share of what lies between startup and total.
//
// Pages. A search goes from node to node, so each hop is a random page. random_page_cost is the price of a
// page that may have to come from disk; a page that is surely in memory costs CPU only, the planner's idea
// of an upper btree page. All searches roam one index, so what is in memory is as much of the index as
// effective_cache_size holds. With random_page_cost for every hop, a sequential scan would win up to tens
// of thousands of rows, when it takes a hundred times as long.
//
// Rows after the first search are charged as genericcostestimate does, a random page each: a LIMIT behind a
// filter that passes one row in fifty reads fifty times as many rows from here, and is better served by a
// sequential scan or by a btree on the filter's column.
//
// TOAST. A plan that sorts must fetch every vector to compute its distance, and the planner counts nothing
// for values stored out of line. We cannot raise its price, so ours falls by the same ratio: what such a
// plan costs as the planner sees it over what it costs with the fetches. Only rows that pass the filter
// are fetched by it.
#include <algorithm>
#include <cmath>

#include "callbacks.h"
#include "index_state.h"
#include "omendb/page/views.h"
#include "omendb/pg/settings.h"
#include "row_value.h"

extern "C" {
#include <access/heaptoast.h>
#include <optimizer/cost.h>
#include <optimizer/optimizer.h>
#include <utils/float.h>
#include <utils/selfuncs.h>
#include <utils/spccache.h>
}

namespace omendb {

// Nodes expanded for each of the pool's places: those that were nearest for a while.
static constexpr double kHopsPerPlace = 1.3;

// CPU cost of finding and reading a page that is in memory, in operators: selfuncs.c's own figure.
static constexpr double kPageOperators = 50;

// What one search meets besides nodes.
struct SearchShape {
    double nodes;
    double degree;
    double flat_codes; // entries and delta rows
    double flat_pages;
    double vector_bytes;
};

// LOCKS: meta, shared.
static SearchShape
ShapeOf(const IndexOptInfo *info)
{
    SearchShape shape = {info->tuples, kWantedDegree, 2 * std::sqrt(info->tuples), 1, 0};
    if (info->hypothetical)
        return shape;
    Relation index = index_open(info->indexoid, NoLock); // the planner holds a lock
    MetaPage meta = ReadMeta(index);
    index_close(index, NoLock);
    Geometry geometry;
    if (!MakeGeometry(BLCKSZ, meta.padded, meta.coded, meta.bits, meta.degree, meta.slots_per_page,
                      &geometry))
        return shape; // damaged: a scan will say so
    double delta_pages = 0;
    for (const DeltaChain &chain : meta.delta)
        delta_pages += chain.pages;
    auto entries = static_cast<double>(meta.entries);
    shape.nodes = static_cast<double>(meta.live_nodes + meta.joining_nodes + meta.dead_nodes);
    shape.degree = geometry.degree;
    shape.flat_codes = entries + delta_pages * geometry.delta_capacity;
    shape.flat_pages = 1 + std::ceil(entries / geometry.entry_capacity) + delta_pages;
    shape.vector_bytes = static_cast<double>(
        ValueSize(static_cast<ValueType>(meta.value_type), static_cast<int>(meta.dims)));
    return shape;
}

// Price of one search: everything before the first row.
static Cost
SearchCost(const SearchShape &shape, double index_pages, Oid tablespace)
{
    double random_price;
    get_tablespace_page_costs(tablespace, &random_price, nullptr);
    double hops = std::min(shape.nodes, kHopsPerPlace * ef_search);
    double pages = std::min(hops + shape.flat_pages, index_pages);
    double missing = index_pages > 0 ? std::max(0.0, 1 - effective_cache_size / index_pages) : 0;
    double operators = hops * (kPageOperators + shape.degree) + shape.flat_pages * kPageOperators +
                       shape.flat_codes;
    return operators * cpu_operator_cost + pages * missing * random_price;
}

// How much more a plan that computes every row's distance costs than the planner thinks; 1 when vectors
// are stored in their rows.
static double
UncountedRatio(PlannerInfo *root, const IndexOptInfo *info, double vector_bytes)
{
    const RelOptInfo *table = info->rel;
    if (info->indexkeys[0] <= 0 || table->tuples <= 0 || table->pages == 0)
        return 1; // an expression, or nothing known
    double row_bytes = static_cast<double>(table->pages) * BLCKSZ / table->tuples;
    if (vector_bytes <= row_bytes)
        return 1;
    double chunks = std::ceil(vector_bytes / TOAST_MAX_CHUNK_SIZE);
    double fetch =
        chunks * (cpu_index_tuple_cost + cpu_tuple_cost) + vector_bytes / BLCKSZ * seq_page_cost;
    double sorted =
        root->limit_tuples > 0 ? std::min(2 * root->limit_tuples, table->rows) : table->rows;
    double compares = std::log2(std::max(sorted, 2.0));
    double counted = table->pages * seq_page_cost +
                     table->tuples * (cpu_tuple_cost + table->baserestrictcost.per_tuple) +
                     table->rows * cpu_operator_cost * (1 + 2 * compares);
    return 1 + table->rows * fetch / counted;
}

void
EstimateCost(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
             Cost *total_cost, Selectivity *selectivity, double *correlation, double *pages)
{
    // Without an order there is nothing to search for.
    if (path->indexorderbys == NIL) {
        *startup_cost = get_float8_infinity();
        *total_cost = get_float8_infinity();
        *selectivity = 0;
        *correlation = 0;
        *pages = 0;
#if PG_VERSION_NUM >= 180000
        // An infinite cost alone does not rule a path out when all others are disabled.
        path->path.disabled_nodes = 2;
#endif
        return;
    }

    GenericCosts all = {};
    genericcostestimate(root, path, loop_count, &all);
    SearchShape shape = ShapeOf(path->indexinfo);
    Cost search = SearchCost(shape, path->indexinfo->pages, path->indexinfo->reltablespace);
    double ratio = UncountedRatio(root, path->indexinfo, shape.vector_bytes);
    *startup_cost = (all.indexStartupCost + search) / ratio;
    *total_cost = (all.indexTotalCost + search) / ratio;
    *selectivity = all.indexSelectivity;
    *correlation = 0;
    *pages = all.numIndexPages;
}

} // namespace omendb
