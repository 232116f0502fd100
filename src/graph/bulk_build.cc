#include "omendb/graph/bulk_build.h"

#include <algorithm>

#include "bulk_state.h"

namespace omendb {

// At most this many leaders, and rows of a leaf, are packed at once.
static size_t
PanelCapacity(const BulkOptions &options)
{
    return std::max({options.leaf_rows, options.leaders, options.entries});
}

size_t
BulkBytesPerRow(const BulkOptions &options)
{
    // The table of duplicates (up to 4 slots a row), nodes, the queue, children and bits of the tree.
    size_t fixed = 4 * sizeof(uint32_t) + 2 * sizeof(uint32_t) + 2;
    // The places of the first division, as leaders and as rows; one of its parts may hold all rows; what
    // is below gets smaller, and a list that grew has left half as much behind.
    size_t parts = options.top_fanout * (sizeof(uint16_t) + sizeof(uint32_t)) +
                   options.next_fanout * (sizeof(uint16_t) + sizeof(uint32_t)) +
                   3 * sizeof(uint32_t);
    return Reservoirs::BytesPerRow(options.reservoir) + fixed + parts;
}

size_t
BulkFixedBytes(const BulkOptions &options, uint32_t padded)
{
    return PanelSet::Bytes(PanelCapacity(options), padded) +
           3 * PanelSet::Bytes(kPanelCodes, padded) +
           LeafScratch::Bytes(options.leaf_rows, kMaxNearest) + 4 * 65536;
}

// Rows of a small table are in fewer leaves, and each leaf has to give more. One leaf, 400 words, 3 a row:
// recall .905, now 1. One division, 4,000 sentences at pool 16: 4 a row .947, 8 .958 (insertion .950).
uint32_t
NearestFor(const BulkOptions &options, uint32_t nodes)
{
    if (nodes <= options.leaf_rows)
        return kMaxNearest;
    uint64_t places = static_cast<uint64_t>(nodes) * options.top_fanout;
    bool divided_once =
        places / LeadersFor(options, nodes, options.top_fanout) <= options.leaf_rows;
    return std::min(divided_once ? 2 * options.nearest : options.nearest, kMaxNearest);
}

namespace {

// What the leader has set so far, at this member's addresses.
void
ReadShared(BulkState *state)
{
    BulkShared *shared = &state->shared;
    *shared = *state->common;
    ptrdiff_t offset = state->offset;
    shared->graph.MoveBy(offset);
    shared->reservoirs.MoveBy(offset);
    MovePointer(&shared->nodes, offset);
    MovePointer(&shared->leaders, offset);
    MovePointer(&shared->assigned, offset);
    MovePointer(&shared->part_rows, offset);
    MovePointer(&shared->part_ends, offset);
}

void
MakeScratch(BulkState *state)
{
    const BulkShared &shared = state->shared;
    size_t capacity = std::max<size_t>(PanelCapacity(state->options), shared.leader_count);
    state->panels =
        PanelSet(state->pool, std::min<size_t>(capacity, shared.node_count), shared.graph.padded);
    state->options.nearest = state->shared.nearest;
    state->leaf = LeafScratch(state->pool, state->options.leaf_rows, state->options.nearest);
}

void
Prepare(BulkState *state)
{
    BulkShared *shared = &state->shared;
    shared->nodes = state->shared_pool.NewArray<uint32_t>(shared->graph.rows);
    FindDuplicates(state);
    shared->reservoirs = Reservoirs(state->shared_pool, shared->graph.rows,
                                    state->options.reservoir, shared->graph.degree, !state->alone);
    shared->nearest = NearestFor(state->options, shared->node_count);
    MakeScratch(state);
    ChooseLeaders(state);
}

// A step of all members.
void
Take(BulkState *state, BulkStep step)
{
    switch (step) {
    case BulkStep::kHash:
        return HashRows(state);
    case BulkStep::kAssign:
        return AssignRows(state);
    case BulkStep::kScatter:
        return ScatterRows(state);
    case BulkStep::kParts:
        return DivideParts(state);
    case BulkStep::kIslands:
        return JoinIslands(state);
    case BulkStep::kPrune:
        return PruneReservoirs(state);
    case BulkStep::kTell:
        return TellNeighbours(state);
    case BulkStep::kComplete:
        return CompleteLists(state);
    default:
        return;
    }
}

} // namespace

size_t
BulkSharedBytes()
{
    return sizeof(BulkShared);
}

void
BuildBulk(MemoryGraph *graph, Pool pool, const BulkOptions &options, const BulkTeam *team)
{
    BulkState state = {};
    state.options = options;
    state.pool = pool;
    state.leads = true;
    state.alone = team == nullptr;
    state.shared_pool = pool;
    state.common = &state.shared;
    SoloCrew solo = {};
    state.crew = solo.crew();
    if (team != nullptr) {
        state.crew = team->crew;
        state.shared_pool = team->pool;
        state.common = team->shared;
    }
    state.shared.graph = graph->Arrays();
    for (uint32_t number = 0; number < kBulkSteps; ++number) {
        auto step = static_cast<BulkStep>(number);
        if (state.shared.graph.rows == 0)
            ; // nothing but to meet
        else if (step == BulkStep::kPrepare)
            Prepare(&state);
        else if (step == BulkStep::kNumber)
            NumberRows(&state);
        else if (step == BulkStep::kOrder)
            OrderByHome(&state);
        else if (step == BulkStep::kAnchor)
            for (uint32_t entry : AnchorNodes(&state))
                graph->entries_.push_back(entry);
        else
            Take(&state, step);
        if (team != nullptr) {
            *team->shared = state.shared;
            team->crew.meet(team->crew.context);
        }
    }
    graph->nodes_ = state.shared.node_count;
}

void
HelpBuildBulk(BulkShared *shared, ptrdiff_t offset, Pool pool, const BulkOptions &options,
              const BulkCrew &crew, BulkStep first)
{
    BulkState state = {};
    state.options = options;
    state.pool = pool;
    state.crew = crew;
    state.common = shared;
    state.offset = offset;
    bool has_scratch = false;
    for (auto number = static_cast<uint32_t>(first); number < kBulkSteps; ++number) {
        auto step = static_cast<BulkStep>(number);
        if (step > BulkStep::kBegin && shared->graph.rows > 0) {
            ReadShared(&state);
            if (step > BulkStep::kPrepare && !has_scratch) {
                MakeScratch(&state);
                has_scratch = true;
            }
            Take(&state, step);
        }
        crew.meet(crew.context);
    }
}

} // namespace omendb
