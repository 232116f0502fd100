// A scan's share of the delta: every row of it is read, few are ranked. A bound takes as long as comparing a row of a
// hundred dimensions, and a query with LIMIT 10 returns none but the nearest.
#include <algorithm>
#include <cfloat>

#include "delta.h"
#include "factors.h"
#include "omendb/pg/settings.h"
#include "omendb/simd/kernels.h"
#include "scan.h"

extern "C" {
#include <utils/float.h>
}

namespace omendb {

// Whether one bound for all, from the extremes of their factors, can cover the row: not if a damaged page holds it,
// nor if it has no place in index space.
static bool
IsOrdinary(const ScanRow &row)
{
    const OwnFactors &factors = row.factors;
    return row.distance_squared >= 0 && factors.error <= FLT_MAX &&
           factors.norm_squared <= FLT_MAX && std::fabs(factors.mean_dot) <= FLT_MAX;
}

// Of those that IsOrdinary, the distance within which `count` lie; FLT_MAX if there are no more.
static float
DistanceOfNearest(const ScanState *scan, size_t count)
{
    List<float> distances(scan->pool);
    distances.reserve(scan->rows.size());
    for (const ScanRow &row : scan->rows)
        if (IsOrdinary(row))
            distances.push_back(row.distance_squared);
    if (distances.size() <= count)
        return FLT_MAX;
    std::nth_element(distances.begin(), distances.begin() + count, distances.end());
    return distances[count];
}

// Ranks the rows within a distance. The others stay apart, with one bound for all of them.
static void
RankNear(ScanState *scan, float within)
{
    OwnFactors extreme = {};
    for (uint32_t i = 0; i < scan->rows.size(); ++i) {
        const ScanRow &row = scan->rows[i];
        if (row.distance_squared <= within || !IsOrdinary(row)) {
            RankRow(scan, i);
            continue;
        }
        scan->far_rows.push_back(i);
        extreme.error = Max(extreme.error, row.factors.error);
        extreme.norm_squared = Max(extreme.norm_squared, row.factors.norm_squared);
        extreme.mean_dot = Max(extreme.mean_dot, std::fabs(row.factors.mean_dot));
    }
    scan->far_bound = LowerBoundOfAll(scan->space, scan->query, within, extreme);
}

// The same with a reranker: `wanted` visible rows, and more that may be as near but for what codes can tell. The others
// wait for the search to be widened.
static void
RankVisible(ScanState *scan, size_t wanted)
{
    auto distance = [scan](uint32_t i) {
        const ScanRow &row = scan->rows[i];
        return IsOrdinary(row) ? row.distance_squared : 0;
    };
    List<uint32_t> order(scan->pool);
    order.reserve(scan->rows.size());
    for (uint32_t i = 0; i < scan->rows.size(); ++i)
        order.push_back(i);
    uint32_t *begin = order.begin(), *end = order.end(), *next = begin;
    float within = 0;
    size_t chunk = wanted;
    for (size_t visible = 0; next < end && visible < wanted; chunk *= 2) {
        uint32_t *chunk_end = next + Min(static_cast<size_t>(end - next), chunk);
        std::nth_element(next, chunk_end - 1, end,
                         [&](uint32_t a, uint32_t b) { return distance(a) < distance(b); });
        within = distance(chunk_end[-1]) * 1.1F;
        for (; next < chunk_end; ++next)
            visible += RankRow(scan, *next);
    }
    for (; next < end; ++next) {
        if (distance(*next) <= within)
            RankRow(scan, *next);
        else
            scan->far_rows.push_back(*next);
    }
    scan->far_bound = get_float8_infinity();
    PauseReranking(scan);
}

void
RankFarRows(ScanState *scan)
{
    for (uint32_t i : scan->far_rows)
        RankRow(scan, i);
    scan->far_rows.clear();
    PauseReranking(scan);
}

void
TakeDelta(ScanState *scan, const MetaPage &meta)
{
    const Geometry &geometry = scan->storage->geometry();
    // Rows, but for those that come while this reads.
    size_t most = size_t{DeltaPages(meta)} * geometry.delta_capacity;
    if (most == 0)
        return;
    scan->delta_tids.Reserve(most);
    scan->rows.reserve(most);
    auto *residual = scan->pool.NewArray<float>(geometry.coded);
    bool ordered = !scan->null_query && scan->query.navigable;
    WalkDelta(scan->index, geometry, meta, [&](BlockNumber block, uint64_t, ConstDeltaView view) {
        const DeltaItem *items = view.items();
        for (uint32_t i = 0; i < view.header()->used; ++i) {
            const DeltaItem &item = items[i];
            if (item.state == static_cast<uint8_t>(DeltaState::kEmpty) ||
                !scan->delta_tids.Add(TidKey(item.tid)))
                continue;
            ScanRow row = {};
            row.factors = FactorsOf(item);
            float largest;
            if (ordered)
                row.distance_squared = kernels->residual(scan->rotated, view.own(i), item.step,
                                                         geometry.coded, residual, &largest);
            row.node = kNoNode;
            // A query that orders nothing reads no more of a row than its TID.
            row.cold_block = ordered ? item.cold_block : kNoBlock;
            row.cold_slot = item.cold_slot;
            row.segment_block = block;
            row.segment_slot = static_cast<uint16_t>(i);
            row.tid_count = 1;
            row.tids[0] = item.tid;
            scan->rows.push_back(row);
        }
    });
    if (scan->reranker != nullptr) {
        RankVisible(scan, static_cast<size_t>(ef_search));
        return;
    }
    float within = ordered ? DistanceOfNearest(scan, static_cast<size_t>(ef_search)) : FLT_MAX;
    RankNear(scan, within);
}

} // namespace omendb
