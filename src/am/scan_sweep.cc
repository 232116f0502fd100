// Scans that read every node page: the sweep, for what a graph search left, and the stream, for queries that
// order nothing.
#include "omendb/simd/kernels.h"
#include "scan.h"

extern "C" {
#include <access/tupdesc.h>
#include <catalog/pg_operator.h>
#include <catalog/pg_type.h>
#include <executor/tuptable.h>
#include <miscadmin.h>
}

namespace omendb {

// Calls use(id, node) for every live node of one block, under its share lock. Pages of other kinds hold none.
template <class Use>
static void
ForLiveNodes(ScanState *scan, BlockNumber block, Use use)
{
    const Geometry &geometry = scan->storage->geometry();
    WithSharedPage(scan->index, block, [&](const char *page) {
        if (PageIsNew(const_cast<char *>(page)))
            return;
        const Trailer *trailer = TrailerOf(page, BLCKSZ);
        if (trailer->page_id != kPageId)
            RaiseDamaged(scan->index, block, PageFault::kNotOurs);
        if (trailer->kind != static_cast<uint8_t>(PageKind::kNode))
            return;
        for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot) {
            ConstNodeView node = NodeAt(page, geometry, slot);
            if (node.header()->state == static_cast<uint8_t>(NodeState::kLive))
                use(NodeId(geometry, block, slot), node);
        }
    });
}

static TupleDesc
SortedTuple()
{
    TupleDesc tuple = CreateTemplateTupleDesc(2);
    TupleDescInitEntry(tuple, 1, "bound", FLOAT8OID, -1, 0);
    TupleDescInitEntry(tuple, 2, "node", INT8OID, -1, 0);
    return tuple;
}

// Puts the sort's next row into sort_next. First pass: rows from sweep_from on; second: those before.
static void
AdvanceSort(ScanState *scan)
{
    while (tuplesort_gettupleslot(scan->sort, true, false, scan->sort_slot, nullptr)) {
        CHECK_FOR_INTERRUPTS();
        bool null;
        double bound = DatumGetFloat8(slot_getattr(scan->sort_slot, 1, &null));
        bool late = bound < scan->sweep_from;
        if (late != scan->sort_late)
            continue;
        int64 node = DatumGetInt64(slot_getattr(scan->sort_slot, 2, &null));
        scan->sort_next = {bound, static_cast<uint32_t>(node)};
        scan->sort_generation = static_cast<uint8_t>(node >> 32);
        scan->sort_has = true;
        return;
    }
    scan->sort_has = false;
}

void
BeginSweep(ScanState *scan)
{
    RankFarRows(scan);
    const Geometry &geometry = scan->storage->geometry();
    TupleDesc tuple = SortedTuple();
    AttrNumber column = 1;
    Oid less = Float8LessOperator;
    Oid collation = InvalidOid;
    bool nulls_first = false;
    scan->sort = tuplesort_begin_heap(tuple, 1, &column, &less, &collation, &nulls_first, work_mem,
                                      nullptr, true /* random access: two passes */);
    scan->sort_slot = MakeSingleTupleTableSlot(tuple, &TTSOpsMinimalTuple);
    TupleTableSlot *virtual_slot = MakeSingleTupleTableSlot(tuple, &TTSOpsVirtual);

    auto *residual = static_cast<float *>(palloc(geometry.padded * sizeof(float)));
    List<ScanRow> rows(scan->pool);
    // The file may grow meanwhile, by pages for rows that this scan knows from the delta or cannot see.
    BlockNumber blocks = RelationGetNumberOfBlocks(scan->index);
    for (BlockNumber block = 1; block < blocks; ++block) {
        CHECK_FOR_INTERRUPTS();
        rows.clear();
        ForLiveNodes(scan, block, [&](uint32_t id, ConstNodeView node) {
            if (scan->candidates.Expanded(id))
                return;
            float largest;
            float distance_squared = kernels->residual(
                scan->rotated, node.own(), node.header()->step, geometry.coded, residual, &largest);
            rows.push_back(RowOfNode(scan, id, node, distance_squared));
        });
        for (ScanRow &row : rows) {
            if (scan->reranker != nullptr) {
                if (!RerankRow(scan, &row))
                    continue;
            } else if (row.cold_block != kNoBlock) {
                RefineRow(scan, &row);
            }
            ExecClearTuple(virtual_slot);
            virtual_slot->tts_values[0] = Float8GetDatum(row.bound);
            virtual_slot->tts_values[1] =
                Int64GetDatum(static_cast<int64>(row.generation) << 32 | row.node);
            virtual_slot->tts_isnull[0] = virtual_slot->tts_isnull[1] = false;
            ExecStoreVirtualTuple(virtual_slot);
            tuplesort_puttupleslot(scan->sort, virtual_slot);
        }
    }
    PauseReranking(scan);
    ExecDropSingleTupleTableSlot(virtual_slot);
    pfree(residual);
    tuplesort_performsort(scan->sort);
    scan->phase = ScanPhase::kSweep;
    scan->sweep_from = scan->last_bound;
    scan->sort_late = false;
    AdvanceSort(scan);
}

// Reads the node that the sort names. False: it was vacuumed meanwhile.
static bool
ReadSortedNode(ScanState *scan, ScanRow *row)
{
    const Geometry &geometry = scan->storage->geometry();
    bool found = false;
    ForLiveNodes(
        scan, NodeBlock(geometry, scan->sort_next.row), [&](uint32_t id, ConstNodeView node) {
            if (id != scan->sort_next.row || node.header()->generation != scan->sort_generation)
                return;
            *row = RowOfNode(scan, id, node, 0);
            row->bound = scan->sort_next.bound;
            row->sampled = scan->reranker != nullptr && row->segment_block != kNoBlock;
            row->cold_block = kNoBlock;
            found = true;
        });
    return found;
}

bool
NextSweepRow(ScanState *scan, ScanRow *row)
{
    for (;;) {
        bool ranked = !scan->heap.empty();
        if (ranked && (!scan->sort_has || scan->heap[0].bound <= scan->sort_next.bound)) {
            // The heap's first may have a cold part to read, which moves it back.
            size_t before = scan->heap.size();
            double bound = scan->heap[0].bound;
            if (!PopNearest(scan, row))
                continue;
            Assert(scan->heap.size() == before - 1);
            (void)before;
            if (row->bound > bound && scan->sort_has && row->bound > scan->sort_next.bound) {
                row->cold_block = kNoBlock;
                AddScanRow(scan, *row);
                continue;
            }
            if (row->bound < scan->last_bound) {
                scan->rows.push_back(*row);
                scan->late.push_back({row->bound, static_cast<uint32_t>(scan->rows.size() - 1)});
                continue;
            }
            return true;
        }
        if (scan->sort_has) {
            bool live = ReadSortedNode(scan, row);
            AdvanceSort(scan);
            if (live)
                return true;
            continue;
        }
        if (scan->sort_late)
            return false;
        scan->sort_late = true;
        tuplesort_rescan(scan->sort);
        AdvanceSort(scan);
        if (!scan->sort_has)
            return false;
    }
}

void
BeginStream(ScanState *scan)
{
    scan->phase = ScanPhase::kStream;
    scan->stream_block = 1;
    scan->stream_rows.clear();
    scan->stream_next = 0;
}

bool
NextStreamRow(ScanState *scan, ScanRow *row)
{
    if (PopNearest(scan, row))
        return true;
    while (scan->stream_next == scan->stream_rows.size()) {
        CHECK_FOR_INTERRUPTS();
        if (scan->stream_block >= RelationGetNumberOfBlocks(scan->index))
            return false;
        scan->stream_rows.clear();
        scan->stream_next = 0;
        ForLiveNodes(scan, scan->stream_block++, [&](uint32_t id, ConstNodeView node) {
            ScanRow found = RowOfNode(scan, id, node, 0);
            found.cold_block = kNoBlock;
            // Nothing is known of the order, so nothing is claimed.
            if (!scan->null_query)
                found.bound = LowerBound(scan->space, scan->query, 0, found.factors);
            scan->stream_rows.push_back(found);
        });
    }
    *row = scan->stream_rows[scan->stream_next++];
    return true;
}

} // namespace omendb
