// N2: the index's heap TIDs and the table's rows; and N5's other half, that a row's code is near its value.
#include <algorithm>
#include <cmath>

#include "check_state.h"
#include "omendb/codec/own_code.h"
#include "row_value.h"

extern "C" {
#include <access/tableam.h>
#include <catalog/index.h>
#include <miscadmin.h>
#include <nodes/execnodes.h>
#include <utils/guc.h>
#include <utils/memutils.h>
}

namespace omendb {

namespace {

struct HeapCheck {
    Check *check;
    Space space; // arrays are copies: user functions run between uses
    double mean_norm;
    MemoryContext row_context;
};

bool
KeyIsLess(const TidPlace &a, const TidPlace &b)
{
    return a.key < b.key;
}

struct Printed {
    char text[40];
};

Printed
PrintTid(uint64_t key)
{
    Printed printed;
    snprintf(printed.text, sizeof(printed.text), "(%u,%u)", static_cast<unsigned>(key >> 16),
             static_cast<unsigned>(key & 0xFFFF));
    return printed;
}

BlockNumber
BlockOf(const Check *check, const TidPlace &place)
{
    return place.delta ? place.where : NodeBlock(check->geometry, place.where);
}

// Reads the row's code into check->code. False: it is on a damaged page, which was reported before.
bool
CopyCode(Check *check, const TidPlace &place, OwnFactors *factors)
{
    BlockNumber block = BlockOf(check, place);
    if (!CopyPage(check, block, check->page))
        return false;
    const char *page = check->page;
    const Geometry &geometry = check->geometry;
    if (place.delta) {
        if (CheckKind(page, BLCKSZ, PageKind::kDelta) != PageFault::kNone)
            return false;
        auto view = DeltaOf(page, geometry);
        const DeltaItem &item = view.items()[place.at];
        *factors = FactorsOf(item);
        return TakeOwnCode(check, view.own(place.at), item.cold_block, item.cold_slot);
    }
    if (!check->NodeIs(place.where, NodeState::kLive))
        return false;
    ConstNodeView node = NodeAt(page, geometry, NodeSlot(geometry, place.where));
    *factors = FactorsOf(node.header());
    return TakeOwnCode(check, node.own(), node.header()->cold_block, node.header()->cold_slot);
}

double
NormSquared(const float *row, uint32_t dims)
{
    double sum = 0;
    for (uint32_t i = 0; i < dims; ++i)
        sum += static_cast<double>(row[i]) * row[i];
    return sum;
}

// Whether the row may have been coded before any said how long vectors are (insert.cc: GivesScale), in an index built
// without rows. Then a zero lies at the origin, for inner product too, and a very long row has no place: the bounds of
// both are right, whatever the scale became.
bool
CodedBeforeScale(const HeapCheck *heap, const OwnFactors &factors, const float *row)
{
    if (heap->mean_norm != 0)
        return false;
    double norm_squared = NormSquared(row, heap->space.dims);
    if (norm_squared == 0)
        return factors.norm_squared == 0;
    return norm_squared >= 1e36 && !std::isfinite(factors.error);
}

// Holds the code in check->code to the row's value.
void
CompareValue(HeapCheck *heap, const TidPlace &place, const OwnFactors &factors, const float *row)
{
    Check *check = heap->check;
    const Printed printed = PrintTid(place.key);
    const char *tid = printed.text;
    BlockNumber block = BlockOf(check, place);
    const Space &space = heap->space;
    if (CodedBeforeScale(heap, factors, row))
        return;
    bool representable = RowToSpace(space, row, check->encoded);
    if (representable != std::isfinite(factors.error)) {
        Report(check, block, "N5", "heap row %s has %s in index space, its code says otherwise",
               tid, representable ? "a place" : "no place");
        return;
    }
    if (!representable)
        return;
    double distance_squared = 0;
    double norm_squared = 0;
    double product = 0; // ⟨R·mean·scale, y⟩ + ⟨ŷ, y − ŷ⟩
    for (uint32_t i = 0; i < space.padded; ++i) {
        double y = check->encoded[i];
        double decoded = static_cast<double>(factors.step) * check->code[i];
        distance_squared += (y - decoded) * (y - decoded);
        norm_squared += y * y;
        product += space.rotated_mean[i] * y + decoded * (y - decoded);
    }
    double distance = std::sqrt(distance_squared);
    double norm = std::sqrt(norm_squared);
    // Rotation differs in its last bits between instruction sets.
    double slack = 1e-5 * norm + 1e-30;
    if (distance > factors.error + slack || factors.error > distance * (1 + 1e-3) + slack)
        Report(check, block, "N5", "heap row %s is %g from its code, which is stored as %g", tid,
               distance, factors.error);
    else if (space.metric == Metric::kInnerProduct &&
             std::fabs(product - factors.mean_dot) > slack * (norm + heap->mean_norm) + 1e-30)
        Report(check, block, "N5", "heap row %s has the product %g with the mean, its code says %g",
               tid, product, factors.mean_dot);
    else if (space.metric == Metric::kJaccard &&
             static_cast<float>(NormSquared(row, space.dims)) != factors.mean_dot)
        Report(check, block, "N5", "heap row %s has %g ones, its code says %g", tid,
               NormSquared(row, space.dims), factors.mean_dot);
}

void
CheckRow(Relation, ItemPointer tid, Datum *values, bool *isnull, bool, void *argument)
{
    auto *heap = static_cast<HeapCheck *>(argument);
    Check *check = heap->check;
    CHECK_FOR_INTERRUPTS();
    if (isnull[0])
        return;
    TidPlace wanted = {TidKey(FromItemPointer(*tid)), 0, 0, false};
    const TidPlace *end = check->tids.end();
    const TidPlace *place = std::lower_bound(static_cast<const TidPlace *>(check->tids.begin()),
                                             end, wanted, KeyIsLess);
    if (place == end || place->key != wanted.key) {
        Report(check, kNoBlock, "N2", "heap row %s is not in the index", PrintTid(wanted.key).text);
        return;
    }
    OwnFactors factors;
    if (!check->mean_is_sound || !CopyCode(check, *place, &factors))
        return;
    MemoryContext old = MemoryContextSwitchTo(heap->row_context);
    const RowShape shape = GetIndexState(check->index)->shape;
    RowValue row = ReadRow(shape, values[0]);
    if (row.vector == nullptr)
        Report(check, BlockOf(check, *place), "N5", "heap row %s has %d dimensions, the index %u",
               PrintTid(place->key).text, row.dims, shape.value_dims);
    else
        CompareValue(heap, *place, factors, row.vector->x);
    MemoryContextSwitchTo(old);
    MemoryContextReset(heap->row_context);
}

// A copy of index space that no cache invalidation takes away.
Space
CopySpace(Check *check)
{
    const Space &cached = GetIndexState(check->index)->space;
    size_t model_dims = ModelDims(cached.metric, cached.dims);
    float *mean = check->pool.NewArray<float>(model_dims);
    float *rotated = check->pool.NewArray<float>(cached.padded);
    memcpy(mean, cached.mean, model_dims * sizeof(float));
    memcpy(rotated, cached.rotated_mean, cached.padded * sizeof(float));
    Space space = cached;
    space.mean = mean;
    space.rotated_mean = rotated;
    return space;
}

} // namespace

void
CheckTids(Check *check)
{
    List<TidPlace> &tids = check->tids;
    std::sort(tids.begin(), tids.end(), KeyIsLess);
    for (size_t i = 1; i < tids.size(); ++i)
        if (tids[i].key == tids[i - 1].key)
            Report(check, BlockOf(check, tids[i]), "N2",
                   "heap TID %s is in the index twice, here and in block %u",
                   PrintTid(tids[i].key).text, BlockOf(check, tids[i - 1]));
}

void
CheckHeap(Check *check)
{
    HeapCheck heap = {};
    heap.check = check;
    if (check->mean_is_sound) {
        heap.space = CopySpace(check);
        for (uint32_t i = 0; i < heap.space.padded; ++i)
            heap.mean_norm +=
                static_cast<double>(heap.space.rotated_mean[i]) * heap.space.rotated_mean[i];
        heap.mean_norm = std::sqrt(heap.mean_norm);
    }
    heap.row_context =
        AllocSetContextCreate(check->context, "omendb check row", ALLOCSET_DEFAULT_SIZES);

    // As amcheck does: a scan with our snapshot, through the machinery of CREATE INDEX CONCURRENTLY, which
    // evaluates expressions and predicate and gives the TIDs that an index stores.
    TableScanDesc scan =
        table_beginscan_strat(check->table, check->snapshot, 0, nullptr, true, true);
    IndexInfo *info = BuildIndexInfo(check->index);
    info->ii_Concurrent = true;
    info->ii_Unique = false;
    info->ii_ExclusionOps = nullptr;
    info->ii_ExclusionProcs = nullptr;
    info->ii_ExclusionStrats = nullptr;
    // Expressions run as the table's owner, whoever calls.
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    SetUserIdAndSecContext(check->table->rd_rel->relowner,
                           security | SECURITY_RESTRICTED_OPERATION);
    int settings = NewGUCNestLevel();
#if PG_VERSION_NUM >= 170000
    RestrictSearchPath();
#endif
    table_index_build_scan(check->table, check->index, info, true, false, CheckRow, &heap, scan);
    AtEOXact_GUC(false, settings);
    SetUserIdAndSecContext(user, security);
}

} // namespace omendb
