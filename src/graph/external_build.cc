#include "omendb/graph/external_build.h"

#include <algorithm>

#include "external_state.h"

namespace omendb {
namespace {

// Shares of a member's working memory: what parts and windows take, in eighths.
constexpr size_t kExtentShare = 2;
constexpr size_t kPartShare = 6;
constexpr size_t kReservoirShare = 2;
constexpr size_t kGatherShare = 3;

constexpr uint32_t kMostExtentBytes = 16384;
constexpr uint32_t kLeastExtentBytes = 512;

size_t
PartBytesPerRow(const ExternalOptions &options)
{
    // Its codes and reservoir; its number and place; its places in parts below, and what a list that grew
    // left behind.
    return Gatherer::BytesPerCode(options.padded) +
           Reservoirs::BytesPerRow(options.part_reservoir) + 2 * sizeof(uint32_t) +
           options.bulk.next_fanout * 2 * (sizeof(uint32_t) + sizeof(uint16_t)) +
           2 * sizeof(uint32_t);
}

// The least that is divided, or gathered, at once.
size_t
LeastPart(const ExternalOptions &options)
{
    return 2 * options.bulk.leaf_rows;
}

constexpr size_t kLeastGathered = 512;

// A code, and the lists of every eighth.
size_t
GatherBytes(const ExternalOptions &options)
{
    return Gatherer::BytesPerCode(options.padded) + options.degree * 3;
}

ExternalSizes
ChooseSizes(const ExternalOptions &options, uint32_t rows)
{
    const BulkOptions &bulk = options.bulk;
    size_t eighth = options.work_bytes / 8;
    ExternalSizes sizes = {};
    sizes.rows = rows;
    sizes.nearest = NearestFor(bulk, rows);
    sizes.part_capacity = static_cast<uint32_t>(
        std::max(LeastPart(options), kPartShare * eighth / PartBytesPerRow(options)));
    uint64_t places = uint64_t{rows} * bulk.top_fanout;
    uint64_t leaders = std::max<uint64_t>(LeadersFor(bulk, rows, bulk.top_fanout),
                                          2 * places / sizes.part_capacity);
    // Each member packs their codes.
    size_t affordable = std::max<size_t>(2 * eighth / options.padded, 64);
    sizes.entry_count =
        static_cast<uint32_t>(std::min<uint64_t>({std::max(bulk.entries, 1u), affordable, rows}));
    sizes.leader_count = static_cast<uint32_t>(std::max<uint64_t>(
        sizes.entry_count, std::min<uint64_t>({leaders, affordable, kMaxLeaders, rows})));
    sizes.fanout = std::min(bulk.top_fanout, std::max(1u, sizes.leader_count / 2));
    size_t window_rows =
        std::max<size_t>({kReservoirShare * eighth / Reservoirs::BytesPerRow(bulk.reservoir), 64,
                          rows / kWindowsAtMost + 1});
    sizes.window_rows = static_cast<uint32_t>(std::min<size_t>(window_rows, std::max(rows, 1u)));
    sizes.windows = (rows + sizes.window_rows - 1) / sizes.window_rows;
    sizes.extent_bytes = static_cast<uint32_t>(
        std::clamp<size_t>(kExtentShare * eighth / std::max(sizes.windows, 1u) / 64 * 64,
                           kLeastExtentBytes, kMostExtentBytes));
    sizes.gather_capacity = static_cast<uint32_t>(
        std::max(kLeastGathered, kGatherShare * eighth / GatherBytes(options)));
    return sizes;
}

void
MakeScratch(ExternalState *state)
{
    size_t panel = std::max(
        {state->shared.leader_count, state->options.bulk.leaf_rows, state->options.bulk.leaders});
    state->bulk.panels = PanelSet(state->pool, panel, state->options.padded);
    state->bulk.options = state->options.bulk;
    state->bulk.options.nearest = state->shared.nearest;
    state->bulk.leaf =
        LeafScratch(state->pool, state->options.bulk.leaf_rows, state->shared.nearest);
    state->bulk.shared.graph.padded = state->options.padded;
}

void
Prepare(ExternalState *state, uint32_t rows)
{
    ExternalShared *shared = &state->shared;
    Pool pool = state->shared_pool;
    static_cast<ExternalSizes &>(*shared) = ChooseSizes(state->options, rows);
    uint32_t leaders = shared->leader_count;
    shared->leader_codes = pool.NewArray<int8_t>(size_t{leaders} * state->options.padded);
    shared->leader_factors = pool.NewArray<OwnFactors>(leaders);
    shared->leader_places = pool.NewArray<uint32_t>(leaders);
    shared->sorted_leaders = pool.NewArray<uint32_t>(leaders);
    shared->leader_rows = pool.NewArray<uint32_t>(leaders);
    shared->home_starts = pool.NewArray<uint32_t>(leaders + 1);
    shared->home_cursors = pool.NewZeroedArray<uint32_t>(leaders);
    shared->part_starts = pool.NewArray<uint64_t>(leaders + 1);
    shared->part_counts = pool.NewZeroedArray<uint32_t>(leaders);
    shared->part_cursors = pool.NewZeroedArray<uint32_t>(leaders);
    shared->candidate_extents = pool.NewZeroedArray<uint64_t>(shared->windows);
    shared->incoming_extents = pool.NewZeroedArray<uint64_t>(shared->windows);
    shared->window_nodes = pool.NewArray<uint32_t>(shared->windows + 1);
    shared->is_node = pool.NewZeroedArray<uint8_t>(rows / 8 + 1);
    shared->anchor = pool.NewArray<uint32_t>(rows);
    shared->birth = pool.NewArray<uint32_t>(rows);
    shared->number = pool.NewArray<uint32_t>(rows);
    MakeScratch(state);
    ChooseExternalLeaders(state);
}

// A step of all members.
void
Take(ExternalState *state, ExternalStep step)
{
    state->work.Reset();
    switch (step) {
    case ExternalStep::kAssign:
        return AssignExternalRows(state);
    case ExternalStep::kOrder:
        return OrderRows(state);
    case ExternalStep::kTwins:
        return FindExternalTwins(state);
    case ExternalStep::kScatter:
        return ScatterExternalRows(state);
    case ExternalStep::kParts:
        return DivideExternalParts(state);
    case ExternalStep::kPrune:
        return PruneWindows(state);
    case ExternalStep::kComplete:
        return CompleteWindows(state);
    case ExternalStep::kNumber:
        return NumberWindows(state);
    default:
        return;
    }
}

// A step of the leader alone. False: it is none.
bool
TakeAlone(ExternalState *state, ExternalStep step, uint32_t rows)
{
    state->work.Reset();
    switch (step) {
    case ExternalStep::kLeaders:
        Prepare(state, rows);
        return true;
    case ExternalStep::kHomes:
        StartHomes(state);
        return true;
    case ExternalStep::kPlaces:
        StartPlaces(state);
        return true;
    case ExternalStep::kAnchor:
        AnchorExternalNodes(state);
        return true;
    default:
        return false;
    }
}

} // namespace

void
ReadExternalShared(ExternalState *state)
{
    ExternalShared *shared = &state->shared;
    *shared = *state->common;
    ptrdiff_t offset = state->offset;
    MovePointer(&shared->leader_codes, offset);
    MovePointer(&shared->leader_factors, offset);
    MovePointer(&shared->leader_places, offset);
    MovePointer(&shared->sorted_leaders, offset);
    MovePointer(&shared->leader_rows, offset);
    MovePointer(&shared->home_starts, offset);
    MovePointer(&shared->home_cursors, offset);
    MovePointer(&shared->part_starts, offset);
    MovePointer(&shared->part_counts, offset);
    MovePointer(&shared->part_cursors, offset);
    MovePointer(&shared->candidate_extents, offset);
    MovePointer(&shared->incoming_extents, offset);
    MovePointer(&shared->window_nodes, offset);
    MovePointer(&shared->is_node, offset);
    MovePointer(&shared->anchor, offset);
    MovePointer(&shared->birth, offset);
    MovePointer(&shared->number, offset);
    MovePointer(&shared->entries, offset);
}

void
InitExternal(ExternalState *state, Pool pool, const Spill &spill, const ExternalOptions &options,
             const BulkCrew &crew)
{
    state->options = options;
    state->spill = spill;
    state->pool = pool;
    state->work = WorkArea(pool, options.work_bytes);
    state->bulk.options = options.bulk;
    state->bulk.pool = pool;
    state->bulk.crew = crew;
    state->bulk.alone = true; // with its reservoirs
}

size_t
ExternalSharedBytes()
{
    return sizeof(ExternalShared);
}

size_t
ExternalMemory(const ExternalOptions &options, uint32_t rows)
{
    ExternalSizes sizes = ChooseSizes(options, rows);
    size_t a_leader = options.padded + sizeof(OwnFactors) + 8 * sizeof(uint32_t) + 8;
    // Nodes that are not reached become entries too, up to all of them; there the places stand twice.
    return (size_t{rows} + 64) * kExternalBytesPerRow + sizes.leader_count * a_leader +
           sizes.windows * (2 * sizeof(uint64_t) + sizeof(uint32_t)) + 65536;
}

size_t
ExternalLeastWork(const ExternalOptions &options)
{
    // And a margin for buffers of reading and writing.
    return std::max(LeastPart(options) * PartBytesPerRow(options) / kPartShare,
                    kLeastGathered * GatherBytes(options) / kGatherShare) *
               8 +
           (size_t{512} << 10);
}

size_t
ExternalMemberBytes(const ExternalOptions &options)
{
    size_t panel = std::max<size_t>({2 * options.work_bytes / 8 / options.padded, 64,
                                     options.bulk.leaf_rows, options.bulk.leaders});
    // A quarter more for lists that grow, and what they leave behind.
    return options.work_bytes / 4 * 5 + PanelSet::Bytes(panel, options.padded) +
           LeafScratch::Bytes(options.bulk.leaf_rows, kMaxNearest) + 65536;
}

void
BuildExternal(const ExternalTeam &team, Pool pool, const Spill &spill,
              const ExternalOptions &options, uint32_t rows)
{
    ExternalState state = {};
    InitExternal(&state, pool, spill, options, team.crew);
    state.shared_pool = team.pool;
    state.common = team.shared;
    state.bulk.leads = true;
    for (uint32_t number = 0; number < kExternalSteps; ++number) {
        auto step = static_cast<ExternalStep>(number);
        if (rows == 0)
            ; // nothing but to meet
        else if (TakeAlone(&state, step, rows))
            *team.shared = state.shared;
        else
            Take(&state, step);
        team.crew.meet(team.crew.context);
    }
}

void
HelpBuildExternal(ExternalShared *shared, ptrdiff_t offset, Pool pool, const Spill &spill,
                  const ExternalOptions &options, const BulkCrew &crew, ExternalStep first)
{
    ExternalState state = {};
    InitExternal(&state, pool, spill, options, crew);
    state.common = shared;
    state.offset = offset;
    bool has_scratch = false;
    for (auto number = static_cast<uint32_t>(first); number < kExternalSteps; ++number) {
        if (number > 0 && shared->rows > 0) {
            ReadExternalShared(&state);
            if (!has_scratch)
                MakeScratch(&state);
            has_scratch = true;
            Take(&state, static_cast<ExternalStep>(number));
        }
        crew.meet(crew.context);
    }
}

} // namespace omendb
