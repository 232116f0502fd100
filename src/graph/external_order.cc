// Rows in the order of their homes, and twins.
#include <algorithm>
#include <numeric>

#include "bulk_partition.h"
#include "external_state.h"

namespace omendb {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;

// Rows that a piece has at most.
uint32_t
PieceRows(const ExternalState *state)
{
    return static_cast<uint32_t>(std::clamp<size_t>(kPieceBytes / state->record_bytes(), 16, 1024));
}

size_t
LoadedBytes(const ExternalState *state)
{
    return state->options.padded + sizeof(ExternalRow);
}

// Keeps the best `wanted` rows by rank, as a heap with the least in front.
void
RankRows(ExternalState *state, uint32_t wanted, uint32_t *best)
{
    struct Ranked {
        float rank;
        uint32_t row;
    };
    auto better = [](const Ranked &a, const Ranked &b) {
        return a.rank != b.rank ? a.rank > b.rank : a.row < b.row;
    };
    uint32_t at_once = PieceRows(state);
    size_t bytes = LoadedBytes(state);
    auto *heap = state->work.pool().NewArray<Ranked>(wanted + 1);
    auto *buffer = state->work.pool().NewArray<char>(at_once * bytes);
    uint32_t kept = 0;
    for (uint32_t first = 0; first < state->shared.rows; first += at_once) {
        state->CheckInterrupts();
        uint32_t here = std::min(at_once, state->shared.rows - first);
        state->spill.Read(first * uint64_t{bytes}, buffer, here * bytes);
        for (uint32_t i = 0; i < here; ++i) {
            ExternalRow row;
            memcpy(&row, buffer + i * bytes + state->options.padded, sizeof(row));
            heap[kept++] = {row.rank, first + i};
            std::push_heap(heap, heap + kept, better);
            if (kept > wanted) {
                std::pop_heap(heap, heap + kept, better);
                --kept;
            }
        }
    }
    std::sort_heap(heap, heap + kept, better);
    for (uint32_t i = 0; i < kept; ++i)
        best[i] = heap[i].row;
}

// Rows of a piece as a local graph: codes one after the other, and their factors.
class LoadedPiece {
public:
    LoadedPiece(ExternalState *state, Pool pool)
        : state_(state), buffer_(pool.NewArray<char>(PieceRows(state) * LoadedBytes(state))),
          codes_(pool.NewArray<int8_t>(size_t{PieceRows(state)} * state->options.padded)),
          factors_(pool.NewArray<OwnFactors>(PieceRows(state)))
    {
    }

    void Read(uint32_t first, uint32_t count)
    {
        size_t bytes = LoadedBytes(state_);
        state_->spill.Read(first * uint64_t{bytes}, buffer_, count * bytes);
        for (uint32_t i = 0; i < count; ++i) {
            memcpy(codes_ + size_t{i} * state_->options.padded, Record(i), state_->options.padded);
            memcpy(&factors_[i], Record(i) + state_->options.padded, sizeof(OwnFactors));
        }
    }
    const char *Record(uint32_t i) const { return buffer_ + i * LoadedBytes(state_); }
    GraphArrays Arrays(uint32_t count) const
    {
        GraphArrays arrays = {};
        arrays.rows = count;
        arrays.padded = state_->options.padded;
        arrays.codes = codes_;
        arrays.factors = factors_;
        return arrays;
    }

private:
    ExternalState *state_;
    char *buffer_;
    int8_t *codes_;
    OwnFactors *factors_;
};

// Twins within places [first, end), all of one home.
class TwinFinder {
public:
    TwinFinder(ExternalState *state, Pool pool, uint32_t capacity)
        : state_(state), rows_(pool.NewArray<Hashed>(capacity)), payloads_(pool)
    {
        buffer_ = pool.NewArray<char>(PieceRows(state) * state->record_bytes());
        one_ = pool.NewArray<char>(state->record_bytes());
        other_ = pool.NewArray<char>(state->record_bytes());
    }

    static size_t BytesPerRow() { return sizeof(Hashed) + 2 * sizeof(uint64_t); }

    // Marks the nodes. REQUIRES: end - first <= capacity.
    void Run(uint32_t first, uint32_t end);

private:
    struct Hashed {
        uint64_t hash;
        uint32_t place;
    };

    // Length of the run of rows like rows_[at] behind it; they are moved there.
    size_t GatherTwins(size_t at, size_t end);
    void Chain(size_t first, size_t end);

    ExternalState *state_;
    Hashed *rows_;
    List<uint64_t> payloads_;
    char *buffer_, *one_, *other_;
};

void
TwinFinder::Run(uint32_t first, uint32_t end)
{
    size_t bytes = state_->record_bytes();
    uint32_t padded = state_->options.padded;
    uint32_t at_once = PieceRows(state_);
    for (uint32_t from = first; from < end; from += at_once) {
        state_->CheckInterrupts();
        uint32_t here = std::min(at_once, end - from);
        state_->spill.Read(state_->RecordAt(from), buffer_, here * bytes);
        for (uint32_t i = 0; i < here; ++i) {
            OwnFactors factors;
            memcpy(&factors, buffer_ + i * bytes + padded, sizeof(factors));
            auto *code = reinterpret_cast<const int8_t *>(buffer_ + i * bytes);
            rows_[from - first + i] = {HashOfCode(code, padded, factors), from + i};
        }
    }
    uint32_t count = end - first;
    std::sort(rows_, rows_ + count, [](const Hashed &a, const Hashed &b) {
        return a.hash != b.hash ? a.hash < b.hash : a.place < b.place;
    });
    for (size_t at = 0; at < count;) {
        size_t run = at + 1;
        while (run < count && rows_[run].hash == rows_[at].hash)
            ++run;
        while (at < run) {
            size_t twins_end = run - at > 1 ? GatherTwins(at, run) : at + 1;
            if (twins_end > at + 1)
                Chain(at, twins_end);
            uint32_t node = rows_[at].place;
            __atomic_fetch_or(&state_->shared.is_node[node / 8],
                              static_cast<uint8_t>(1 << node % 8), __ATOMIC_RELAXED);
            at = twins_end;
        }
    }
}

size_t
TwinFinder::GatherTwins(size_t at, size_t end)
{
    uint32_t padded = state_->options.padded;
    size_t compared = padded + sizeof(OwnFactors);
    state_->spill.Read(state_->RecordAt(rows_[at].place), one_, compared);
    size_t twins_end = at + 1;
    for (size_t i = at + 1; i < end; ++i) {
        if ((i & 63) == 0)
            state_->CheckInterrupts();
        state_->spill.Read(state_->RecordAt(rows_[i].place), other_, compared);
        if (memcmp(one_, other_, compared) == 0)
            std::swap(rows_[twins_end++], rows_[i]);
    }
    return twins_end;
}

void
TwinFinder::Chain(size_t first, size_t end)
{
    uint32_t padded = state_->options.padded;
    payloads_.clear();
    ExternalRow row;
    for (size_t i = first + 1; i < end; ++i) {
        if ((i & 63) == 0)
            state_->CheckInterrupts();
        state_->spill.Read(state_->RecordAt(rows_[i].place) + padded, &row, sizeof(row));
        payloads_.push_back(row.payload);
    }
    uint64_t at = state_->RecordAt(rows_[first].place) + padded;
    state_->spill.Read(at, &row, sizeof(row));
    row.twins = static_cast<uint32_t>(payloads_.size());
    row.twins_at = state_->spill.Reserve(payloads_.size() * sizeof(uint64_t));
    state_->spill.Write(row.twins_at, payloads_.data(), payloads_.size() * sizeof(uint64_t));
    state_->spill.Write(at, &row, sizeof(row));
}

} // namespace

void
ChooseExternalLeaders(ExternalState *state)
{
    ExternalShared *shared = &state->shared;
    uint32_t padded = state->options.padded;
    Pool work = state->work.pool();
    auto *rows = work.NewArray<uint32_t>(shared->leader_count);
    uint32_t chosen = 0;
    if (state->options.ranked) {
        chosen = shared->entry_count;
        RankRows(state, chosen, rows);
    }
    // Others at random, each once.
    state->bulk.random = 0x6F6D656E6462; // any, and always the same
    for (uint32_t tries = 0; chosen < shared->leader_count && tries < 16 * kMaxLeaders; ++tries) {
        uint32_t row = state->bulk.Random(shared->rows);
        if (std::find(rows, rows + chosen, row) == rows + chosen)
            rows[chosen++] = row;
    }
    shared->leader_count = chosen;
    shared->fanout = std::min(shared->fanout, std::max(1u, chosen / 2));
    size_t bytes = LoadedBytes(state);
    for (uint32_t i = 0; i < chosen; ++i) {
        state->CheckInterrupts();
        uint64_t at = rows[i] * uint64_t{bytes};
        state->spill.Read(at, shared->leader_codes + size_t{i} * padded, padded);
        state->spill.Read(at + padded, &shared->leader_factors[i], sizeof(OwnFactors));
        shared->leader_places[i] = rows[i];
    }
    state->spill.Reserve(shared->rows * uint64_t{bytes}); // what was loaded
    shared->assigned_at =
        state->spill.Reserve(uint64_t{shared->rows} * shared->fanout * sizeof(uint16_t));
}

void
AssignExternalRows(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    Pool work = state->work.pool();
    LoadedPiece piece(state, work);
    auto *assigned = work.NewArray<uint16_t>(size_t{PieceRows(state)} * shared.fanout);
    auto *numbers = work.NewArray<uint32_t>(PieceRows(state));
    std::iota(numbers, numbers + PieceRows(state), 0);
    GraphArrays leaders = {};
    leaders.padded = state->options.padded;
    leaders.codes = shared.leader_codes;
    leaders.factors = shared.leader_factors;
    auto *leader_numbers = work.NewArray<uint32_t>(shared.leader_count);
    std::iota(leader_numbers, leader_numbers + shared.leader_count, 0);
    state->bulk.panels.Pack(leaders, leader_numbers, shared.leader_count);
    auto *homes = work.NewZeroedArray<uint32_t>(shared.leader_count);
    auto *parts = work.NewZeroedArray<uint32_t>(shared.leader_count);
    Assigning assigning(&state->bulk, work);
    state->ForPieces(
        ExternalStep::kAssign, shared.rows, PieceRows(state), [&](uint32_t first, uint32_t end) {
            uint32_t count = end - first;
            piece.Read(first, count);
            state->bulk.shared.graph = piece.Arrays(count);
            assigning.Run(numbers, count, shared.fanout, assigned);
            for (uint32_t i = 0; i < count * shared.fanout; ++i)
                ++parts[assigned[i]];
            for (uint32_t i = 0; i < count; ++i)
                ++homes[assigned[i * shared.fanout]];
            size_t bytes = shared.fanout * sizeof(uint16_t);
            state->spill.Write(shared.assigned_at + uint64_t{first} * bytes, assigned,
                               count * bytes);
            state->bulk.Progress(BulkPhase::kPartition, end, uint64_t{shared.rows} * 4);
        });
    for (uint32_t leader = 0; leader < shared.leader_count; ++leader) {
        __atomic_fetch_add(&shared.home_cursors[leader], homes[leader], __ATOMIC_RELAXED);
        __atomic_fetch_add(&shared.part_counts[leader], parts[leader], __ATOMIC_RELAXED);
    }
}

void
StartHomes(ExternalState *state)
{
    ExternalShared *shared = &state->shared;
    uint32_t start = 0;
    for (uint32_t leader = 0; leader < shared->leader_count; ++leader) {
        shared->home_starts[leader] = start;
        start += shared->home_cursors[leader];
        shared->home_cursors[leader] = shared->home_starts[leader];
    }
    shared->home_starts[shared->leader_count] = start;
    shared->records_at = state->spill.Reserve(uint64_t{shared->rows} * state->record_bytes());
    // Leaders by the rows that they are.
    uint32_t *by_row = shared->sorted_leaders;
    std::iota(by_row, by_row + shared->leader_count, 0);
    std::sort(by_row, by_row + shared->leader_count, [shared](uint32_t a, uint32_t b) {
        return shared->leader_places[a] < shared->leader_places[b];
    });
    for (uint32_t i = 0; i < shared->leader_count; ++i)
        shared->leader_rows[i] = shared->leader_places[by_row[i]];
}

void
OrderRows(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    uint32_t padded = state->options.padded;
    size_t bytes = state->record_bytes();
    size_t loaded = LoadedBytes(state);
    Pool work = state->work.pool();
    auto *buffer = work.NewArray<char>(PieceRows(state) * loaded);
    auto *assigned = work.NewArray<uint16_t>(size_t{PieceRows(state)} * shared.fanout);
    auto *record = work.NewZeroedArray<char>(bytes);
    const uint32_t *leader_rows = shared.leader_rows;
    state->ForPieces(
        ExternalStep::kOrder, shared.rows, PieceRows(state), [&](uint32_t first, uint32_t end) {
            uint32_t count = end - first;
            size_t places = shared.fanout * sizeof(uint16_t);
            state->spill.Read(first * uint64_t{loaded}, buffer, count * loaded);
            state->spill.Read(shared.assigned_at + uint64_t{first} * places, assigned,
                              count * places);
            const uint32_t *leader =
                std::lower_bound(leader_rows, leader_rows + shared.leader_count, first);
            for (uint32_t i = 0; i < count; ++i) {
                const uint16_t *leaders = assigned + i * shared.fanout;
                uint32_t place =
                    __atomic_fetch_add(&shared.home_cursors[leaders[0]], 1, __ATOMIC_RELAXED);
                memcpy(record, buffer + i * loaded, loaded);
                memcpy(record + padded + sizeof(ExternalRow), leaders, places);
                state->spill.Write(state->RecordAt(place), record, bytes);
                if (leader < leader_rows + shared.leader_count && *leader == first + i)
                    shared.leader_places[shared.sorted_leaders[leader++ - leader_rows]] = place;
            }
            state->bulk.Progress(BulkPhase::kPartition, uint64_t{shared.rows} + end,
                                 uint64_t{shared.rows} * 4);
        });
}

void
FindExternalTwins(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    auto capacity = static_cast<uint32_t>(
        std::min<size_t>(state->options.work_bytes / 2 / TwinFinder::BytesPerRow(), shared.rows));
    TwinFinder finder(state, state->work.pool(), capacity);
    state->ForPieces(ExternalStep::kTwins, shared.leader_count, 1, [&](uint32_t home, uint32_t) {
        uint32_t end = shared.home_starts[home + 1];
        // Of a home that is too large, twins far from each other stay apart.
        for (uint32_t first = shared.home_starts[home]; first < end; first += capacity)
            finder.Run(first, std::min(end, first + capacity));
    });
}

} // namespace omendb
