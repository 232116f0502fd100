// Parts of the first division, one at a time in memory.
#include <algorithm>

#include "bulk_partition.h"
#include "external_state.h"

namespace omendb {
namespace {

// Rows that a member writes to one part at once.
constexpr uint32_t kRowsAtOnce = 64;

// What is divided at once: rows by local number, their codes, and reservoirs of their own.
class PartBuilder {
public:
    PartBuilder(ExternalState *state, Pool pool, ExtentWriter *candidates)
        : state_(state), gatherer_(state, pool, state->shared.part_capacity),
          locals_(pool.NewArray<uint32_t>(state->shared.part_capacity)),
          reservoirs_(pool, state->shared.part_capacity, state->options.part_reservoir,
                      state->options.degree),
          candidates_(candidates)
    {
        GraphArrays *arrays = &state->bulk.shared.graph;
        *arrays = {};
        arrays->padded = state->options.padded;
        arrays->degree = state->options.degree;
        arrays->codes = gatherer_.codes();
        arrays->factors = gatherer_.factors();
    }

    // REQUIRES: places rise; count <= part_capacity.
    void Build(Partition *partition, const uint32_t *places, uint32_t count);

private:
    ExternalState *state_;
    Gatherer gatherer_;
    uint32_t *locals_;
    Reservoirs reservoirs_;
    ExtentWriter *candidates_;
};

void
PartBuilder::Build(Partition *partition, const uint32_t *places, uint32_t count)
{
    gatherer_.Clear();
    for (uint32_t i = 0; i < count; ++i)
        locals_[gatherer_.Add(places[i])] = i;
    gatherer_.Read();
    reservoirs_.Clear(0, count);
    state_->bulk.shared.graph.rows = count;
    state_->bulk.shared.reservoirs = reservoirs_;
    partition->Divide(locals_, count);
    for (uint32_t local = 0; local < count; ++local) {
        uint32_t place = gatherer_.PlaceOf(local);
        const uint32_t *ids = reservoirs_.CandidatesOf(local);
        const uint16_t *hashes = reservoirs_.HashesOf(local);
        const uint16_t *distances = reservoirs_.DistancesOf(local);
        for (uint32_t k = 0; k < reservoirs_.CountOf(local); ++k)
            candidates_->Append(
                state_->window_of(place),
                CandidateItem{place, gatherer_.PlaceOf(ids[k]), hashes[k], distances[k]});
    }
}

// The node of a leader that is another's twin: it lies in the same home. `code`: scratch for two codes with
// their factors.
uint32_t
NodeOfTwin(ExternalState *state, uint32_t place, char *code)
{
    const ExternalShared &shared = state->shared;
    uint32_t *home =
        std::upper_bound(shared.home_starts, shared.home_starts + shared.leader_count, place) - 1;
    size_t compared = state->options.padded + sizeof(OwnFactors);
    char *other = code + compared;
    state->spill.Read(state->RecordAt(place), code, compared);
    uint32_t found = kNoPlace;
    for (uint32_t at = home[0]; at < home[1]; ++at) {
        state->CheckInterrupts();
        if (!state->IsNode(at))
            continue;
        found =
            found == kNoPlace ? at : found; // twins far from each other in a large home stay apart
        state->spill.Read(state->RecordAt(at), other, compared);
        if (memcmp(code, other, compared) == 0)
            return at;
    }
    return found;
}

} // namespace

void
StartPlaces(ExternalState *state)
{
    ExternalShared *shared = &state->shared;
    uint64_t start = 0;
    for (uint32_t leader = 0; leader < shared->leader_count; ++leader) {
        shared->part_starts[leader] = start;
        start += shared->part_counts[leader];
    }
    shared->part_starts[shared->leader_count] = start;
    shared->part_rows_at = state->spill.Reserve(start * sizeof(uint32_t));
    shared->nodes = 0;
    for (uint32_t window = 0; window < shared->windows; ++window) {
        uint32_t first = window * shared->window_rows;
        uint32_t nodes = 0;
        for (uint32_t i = 0; i < state->rows_in_window(window); ++i)
            nodes += state->IsNode(first + i);
        shared->window_nodes[window] = shared->nodes;
        shared->nodes += nodes;
    }
    shared->window_nodes[shared->windows] = shared->nodes;
    auto *codes =
        state->work.pool().NewArray<char>(2 * (state->options.padded + sizeof(OwnFactors)));
    for (uint32_t leader = 0; leader < shared->leader_count; ++leader)
        if (!state->IsNode(shared->leader_places[leader]))
            shared->leader_places[leader] = NodeOfTwin(state, shared->leader_places[leader], codes);
    shared->drafts_at = state->spill.Reserve(uint64_t{shared->rows} * state->draft_bytes());
    shared->lists_at = state->spill.Reserve(uint64_t{shared->rows} * state->list_bytes());
    shared->codes_at = state->spill.Reserve(uint64_t{shared->rows} * state->codes_bytes());
}

void
ScatterExternalRows(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    Pool work = state->work.pool();
    size_t bytes = state->record_bytes();
    auto at_once = static_cast<uint32_t>(std::clamp<size_t>(size_t{256} * 1024 / bytes, 16, 4096));
    auto *buffer = work.NewArray<char>(at_once * bytes);
    auto *waiting = work.NewArray<uint32_t>(size_t{shared.leader_count} * kRowsAtOnce);
    auto *counts = work.NewZeroedArray<uint32_t>(shared.leader_count);
    auto flush = [&](uint32_t leader) {
        uint32_t to =
            __atomic_fetch_add(&shared.part_cursors[leader], counts[leader], __ATOMIC_RELAXED);
        state->spill.Write(
            shared.part_rows_at + (shared.part_starts[leader] + to) * sizeof(uint32_t),
            waiting + size_t{leader} * kRowsAtOnce, counts[leader] * sizeof(uint32_t));
        counts[leader] = 0;
    };
    state->ForPieces(
        ExternalStep::kScatter, shared.rows, at_once, [&](uint32_t first, uint32_t end) {
            state->spill.Read(state->RecordAt(first), buffer, (end - first) * bytes);
            for (uint32_t place = first; place < end; ++place) {
                if (!state->IsNode(place))
                    continue;
                auto *leaders = reinterpret_cast<const uint16_t *>(
                    buffer + (place - first) * bytes + state->options.padded + sizeof(ExternalRow));
                for (uint32_t k = 0; k < shared.fanout; ++k) {
                    waiting[size_t{leaders[k]} * kRowsAtOnce + counts[leaders[k]]] = place;
                    if (++counts[leaders[k]] == kRowsAtOnce)
                        flush(leaders[k]);
                }
            }
        });
    for (uint32_t leader = 0; leader < shared.leader_count; ++leader)
        if (counts[leader] > 0)
            flush(leader);
}

void
DivideExternalParts(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    Pool work = state->work.pool();
    ExtentWriter candidates(state, work, shared.candidate_extents);
    PartBuilder builder(state, work, &candidates);
    Partition partition(&state->bulk, work, shared.part_capacity);
    auto *places = work.NewArray<uint32_t>(shared.part_capacity);
    state->ForPieces(ExternalStep::kParts, shared.leader_count, 1, [&](uint32_t part, uint32_t) {
        uint32_t rows = shared.part_cursors[part];
        // Those of a part that is too large are divided by where they lie: neighbours by their homes.
        uint32_t pieces = (rows + shared.part_capacity - 1) / shared.part_capacity;
        state->bulk.random = part * uint64_t{0x9E3779B97F4A7C15} + 1;
        for (uint32_t piece = 0; piece < pieces; ++piece) {
            auto first = static_cast<uint32_t>(uint64_t{rows} * piece / pieces);
            auto end = static_cast<uint32_t>(uint64_t{rows} * (piece + 1) / pieces);
            state->spill.Read(shared.part_rows_at +
                                  (shared.part_starts[part] + first) * sizeof(uint32_t),
                              places, (end - first) * sizeof(uint32_t));
            std::sort(places, places + (end - first));
            builder.Build(&partition, places, end - first);
        }
        state->bulk.Progress(BulkPhase::kPartition,
                             uint64_t{shared.rows} * 2 +
                                 uint64_t{shared.rows} * 2 * (part + 1) / shared.leader_count,
                             uint64_t{shared.rows} * 4);
    });
    candidates.FlushAll();
}

} // namespace omendb
