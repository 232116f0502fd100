// Rows that a scan may return, ranked by the bound of their distance, and the heap TIDs behind each.
#include <algorithm>

#include "cold.h"
#include "omendb/simd/kernels.h"
#include "scan.h"

namespace omendb {

static bool
Farther(const RankedRow &a, const RankedRow &b)
{
    return a.bound > b.bound;
}

void
AddScanRow(ScanState *scan, const ScanRow &row)
{
    scan->rows.push_back(row);
    auto at = static_cast<uint32_t>(scan->rows.size() - 1);
    if (scan->reranker != nullptr && scan->phase == ScanPhase::kSearch) {
        scan->unranked.push_back(at); // its page is locked
        return;
    }
    scan->heap.push_back({row.bound, at});
    std::push_heap(scan->heap.begin(), scan->heap.end(), Farther);
}

bool
RankRow(ScanState *scan, uint32_t at)
{
    ScanRow *row = &scan->rows[at];
    if (scan->reranker != nullptr) {
        if (!RerankRow(scan, row))
            return false;
    } else if (scan->null_query) {
        row->bound = 0;
    } else {
        row->bound = LowerBound(scan->space, scan->query, row->distance_squared, row->factors);
    }
    scan->heap.push_back({row->bound, at});
    std::push_heap(scan->heap.begin(), scan->heap.end(), Farther);
    return true;
}

ScanRow
RowOfNode(const ScanState *scan, uint32_t id, ConstNodeView node, float distance_squared)
{
    const NodeHeader *header = node.header();
    ScanRow row;
    row.factors = {header->step, header->norm_squared, header->error, header->mean_dot};
    row.distance_squared = distance_squared;
    row.bound = LowerBound(scan->space, scan->query, distance_squared, row.factors);
    row.node = id;
    row.cold_block = header->cold_block;
    row.cold_slot = header->cold_slot;
    row.segment_block = header->segment_block;
    row.segment_slot = header->segment_slot;
    row.generation = header->generation;
    row.tid_count = Min(header->inline_tids, kInlineTids);
    row.sampled = false;
    memcpy(row.tids, header->tids, sizeof(row.tids));
    return row;
}

// A dead node takes a place in the pool, so it takes one among the rows, without TIDs: else, between the two halves of
// a VACUUM, rows from beyond what the pool vouches for (RowsWithin) would be returned in its stead. 4,000 points of 6
// dimensions, nine in ten dead: recall of LIMIT 10 was .78. Of a joining node, the delta has the row.
void
ScanVisitor::OnNode(uint32_t id, ConstNodeView node, float distance_squared)
{
    auto state = static_cast<NodeState>(node.header()->state);
    if (state == NodeState::kLive) {
        AddScanRow(scan, RowOfNode(scan, id, node, distance_squared));
    } else if (state == NodeState::kDead) {
        ScanRow row = RowOfNode(scan, id, node, distance_squared);
        row.tid_count = 0;
        row.segment_block = kNoBlock;
        row.cold_block = kNoBlock; // its place need not be exact
        AddScanRow(scan, row);
    }
}

// Whether what the row was made of names the same cold record still. If so, what was read from it before is
// the row's.
static bool
OwnsCold(ScanState *scan, const ScanRow &row)
{
    const Geometry &geometry = scan->storage->geometry();
    if (row.node == kNoNode)
        return WithSharedPage(scan->index, row.segment_block, [&](const char *page) {
            auto view = DeltaOf(page, geometry);
            if (CheckKind(page, BLCKSZ, PageKind::kDelta) != PageFault::kNone ||
                row.segment_slot >= Min(view.header()->used, geometry.delta_capacity))
                return false;
            const DeltaItem &item = view.items()[row.segment_slot];
            return item.state != static_cast<uint8_t>(DeltaState::kEmpty) &&
                   item.tid == row.tids[0] && item.cold_block == row.cold_block &&
                   item.cold_slot == row.cold_slot;
        });
    return WithSharedPage(scan->index, NodeBlock(geometry, row.node), [&](const char *page) {
        RequireKind(scan->index, NodeBlock(geometry, row.node), page, PageKind::kNode);
        const NodeHeader *header = NodeAt(page, geometry, NodeSlot(geometry, row.node)).header();
        return header->state != static_cast<uint8_t>(NodeState::kFree) &&
               header->generation == row.generation && header->cold_block == row.cold_block &&
               header->cold_slot == row.cold_slot;
    });
}

void
RefineRow(ScanState *scan, ScanRow *row)
{
    const Geometry &geometry = scan->storage->geometry();
    auto *code = static_cast<int8_t *>(palloc(geometry.cold_bytes));
    auto *residual = static_cast<float *>(palloc(geometry.cold_bytes * sizeof(float)));
    bool read = TryReadCold(scan->index, geometry, {row->cold_block, row->cold_slot}, code);
    // A record that merge or vacuum freed meanwhile may be another row's by now. The bound of the coded
    // dimensions alone is a bound too.
    if (OwnsCold(scan, *row)) {
        if (!read)
            RaiseDamaged(scan->index, row->cold_block, PageFault::kBadLink);
        float largest;
        row->distance_squared +=
            kernels->residual(scan->rotated + geometry.coded, code, row->factors.step,
                              geometry.cold_bytes, residual, &largest);
        row->bound = LowerBound(scan->space, scan->query, row->distance_squared, row->factors);
    }
    row->cold_block = kNoBlock;
    pfree(residual);
    pfree(code);
}

bool
PopNearest(ScanState *scan, ScanRow *row)
{
    for (;;) {
        if (!scan->far_rows.empty() &&
            (scan->heap.empty() || scan->heap[0].bound > scan->far_bound))
            RankFarRows(scan);
        if (scan->heap.empty())
            return false;
        std::pop_heap(scan->heap.begin(), scan->heap.end(), Farther);
        RankedRow nearest = scan->heap.back();
        ScanRow *of = &scan->rows[nearest.row];
        if (of->cold_block == kNoBlock) {
            scan->heap.pop_back();
            *row = *of;
            return true;
        }
        // The coded dimensions alone bound the distance from below: only now is more worth a page.
        RefineRow(scan, of);
        scan->heap.back().bound = of->bound;
        std::push_heap(scan->heap.begin(), scan->heap.end(), Farther);
    }
}

void
SetCurrent(ScanState *scan, const ScanRow &row)
{
    scan->current = row;
    scan->next_tid = 0;
    scan->next_segment_number = 0xFFFFFFFF;
    scan->current_from_delta = row.node == kNoNode;
    scan->segment_tids.clear();
}

// Copies the TIDs of the current row's next segment. False: none is left. A segment that vacuum took out of
// the chain meanwhile shows another owner: the chain is then read again from the node, and the segments
// already returned are passed over by their number.
static bool
ReadSegment(ScanState *scan)
{
    ScanRow *row = &scan->current;
    const Geometry &geometry = scan->storage->geometry();
    while (!scan->current_from_delta && row->segment_block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        bool moved = false;
        bool taken = false;
        WithSharedPage(scan->index, row->segment_block, [&](const char *page) {
            if (CheckKind(page, BLCKSZ, PageKind::kTids) != PageFault::kNone ||
                row->segment_slot >= geometry.segment_capacity) {
                moved = true;
                return;
            }
            const TidSegment *segment = SegmentsOf(page) + row->segment_slot;
            if (segment->owner != row->node || segment->generation != row->generation) {
                moved = true;
                return;
            }
            if (segment->number < scan->next_segment_number) {
                scan->next_segment_number = segment->number;
                for (int i = 0; i < Min(segment->count, kTidsPerSegment); ++i)
                    scan->segment_tids.push_back(segment->tids[i]);
                taken = true;
            }
            row->segment_block = segment->next_block;
            row->segment_slot = segment->next_slot;
        });
        if (moved) {
            BlockNumber block = NodeBlock(geometry, row->node);
            uint32_t before = row->segment_block;
            uint16_t before_slot = row->segment_slot;
            bool same = WithSharedPage(scan->index, block, [&](const char *page) {
                RequireKind(scan->index, block, page, PageKind::kNode);
                const NodeHeader *header =
                    NodeAt(page, geometry, NodeSlot(geometry, row->node)).header();
                bool gone = header->generation != row->generation ||
                            header->state != static_cast<uint8_t>(NodeState::kLive);
                row->segment_block = gone ? kNoBlock : header->segment_block;
                row->segment_slot = header->segment_slot;
                return row->segment_block == before && row->segment_slot == before_slot;
            });
            if (same && before != kNoBlock)
                RaiseDamaged(scan->index, before, PageFault::kBadLink);
        }
        if (taken)
            return true;
    }
    return false;
}

bool
NextTid(ScanState *scan, HeapTid *tid)
{
    for (;;) {
        if (scan->next_tid < scan->current.tid_count) {
            *tid = scan->current.tids[scan->next_tid++];
        } else if (!scan->segment_tids.empty()) {
            *tid = scan->segment_tids.back();
            scan->segment_tids.pop_back();
        } else if (ReadSegment(scan)) {
            continue;
        } else {
            return false;
        }
        // Rows that were in the delta are returned as such, wherever a merge has moved them since.
        if (scan->current_from_delta || !scan->delta_tids.Contains(TidKey(*tid)))
            return true;
    }
}

} // namespace omendb
