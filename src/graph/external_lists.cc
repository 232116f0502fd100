// Lists, window by window: what memory holds is a window's reservoirs and the codes that some of its rows
// need.
#include <algorithm>

#include "bulk_prune.h"
#include "external_state.h"

namespace omendb {
namespace {

// Codes of so many rows at least are gathered ahead of what these rows name.
constexpr uint32_t kShareOfRows = 8;

constexpr uint32_t kCodedAtOnce = 16;

// A batch of rows of a window, with local numbers: the rows from 0 on, then what they name.
class Batches {
public:
    Batches(ExternalState *state, Pool pool)
        : state_(state), gatherer_(state, pool, state->shared.gather_capacity)
    {
        uint32_t rows = state->shared.gather_capacity / kShareOfRows + 1;
        GraphArrays *arrays = &state->bulk.shared.graph;
        *arrays = {};
        arrays->padded = state->options.padded;
        arrays->degree = state->options.degree;
        arrays->codes = gatherer_.codes();
        arrays->factors = gatherer_.factors();
        arrays->degrees = pool.NewArray<uint8_t>(rows);
        arrays->ids = pool.NewArray<uint32_t>(size_t{rows} * arrays->degree);
        arrays->distances = pool.NewArray<float>(size_t{rows} * arrays->degree);
    }

    // Takes rows from place `first` on, `most` at most, as long as there is room for what they name, at most
    // `each` a row; name(i, add) calls add(place) for what row i of the batch names. Reads all codes.
    // Returns how many.
    template <class Name>
    uint32_t Take(uint32_t first, uint32_t most, uint32_t each, Name name)
    {
        gatherer_.Clear();
        uint32_t ahead = std::min(most, gatherer_.capacity() / kShareOfRows);
        for (uint32_t i = 0; i < ahead; ++i)
            gatherer_.Add(first + i);
        uint32_t count = 0;
        for (; count < ahead && (count == 0 || gatherer_.count() + each <= gatherer_.capacity());
             ++count)
            name(count, [this](uint32_t place) { gatherer_.Add(place); });
        gatherer_.Read();
        state_->bulk.shared.graph.rows = gatherer_.count();
        return count;
    }

    void ToLocal(uint32_t *places, uint32_t count) const
    {
        for (uint32_t i = 0; i < count; ++i)
            places[i] = gatherer_.LocalOf(places[i]);
    }
    void ToPlaces(uint32_t *locals, uint32_t count) const
    {
        for (uint32_t i = 0; i < count; ++i)
            locals[i] = gatherer_.PlaceOf(locals[i]);
    }

private:
    ExternalState *state_;
    Gatherer gatherer_;
};

// Both passes: a window's reservoirs, and a buffer of lists for one batch.
class Windows {
public:
    Windows(ExternalState *state, Pool pool)
        : state_(state), graph_(state->bulk.shared.graph),
          reservoirs_(pool, state->shared.window_rows, state->options.bulk.reservoir,
                      state->options.degree),
          extent_(pool.NewArray<char>(state->shared.extent_bytes)), batches_(state, pool),
          pruning_(&state->bulk, pool)
    {
        size_t rows = state->shared.gather_capacity / kShareOfRows + 1;
        lists_ = pool.NewZeroedArray<char>(rows * state->draft_bytes());
        leaders_ = pool.NewArray<uint16_t>(state->shared.fanout);
        codes_ = pool.NewZeroedArray<char>(kCodedAtOnce * state->codes_bytes());
        scratch_ = pool.NewArray<float>(state->options.padded);
    }

    void Prune(uint32_t window, ExtentWriter *incoming);
    void Complete(uint32_t window);

private:
    void OfferLeaders(uint32_t first, uint32_t rows);
    void WriteCodes(uint32_t first, uint32_t count);
    void StoreList(const ListView &list, uint32_t row);
    void WriteDrafts(uint32_t first, uint32_t count, ExtentWriter *incoming);

    ListView ListAt(uint32_t i, size_t bytes) const
    {
        return {lists_ + i * bytes, state_->options.degree};
    }

    ExternalState *state_;
    const GraphArrays &graph_;
    Reservoirs reservoirs_;
    char *extent_;
    Batches batches_;
    Pruning pruning_;
    char *lists_;
    uint16_t *leaders_;
    char *codes_;
    float *scratch_;
};

// Encodes the neighbours of a batch's rows while their codes are at hand.
void
Windows::WriteCodes(uint32_t first, uint32_t count)
{
    size_t bytes = state_->codes_bytes();
    for (uint32_t i = 0; i < count; i += kCodedAtOnce) {
        uint32_t here = std::min(count - i, kCodedAtOnce);
        for (uint32_t k = 0; k < here; ++k)
            EncodeList(graph_, i + k, graph_.IdsOf(i + k), graph_.degrees[i + k],
                       state_->options.codes, scratch_, state_->CodesIn(codes_ + k * bytes));
        state_->spill.Write(state_->shared.codes_at + uint64_t{first + i} * bytes, codes_,
                            here * bytes);
    }
}

// Rows with few candidates get the leaders nearest to them: see JoinIslands.
void
Windows::OfferLeaders(uint32_t first, uint32_t rows)
{
    const ExternalShared &shared = state_->shared;
    uint32_t padded = state_->options.padded;
    for (uint32_t i = 0; i < rows; ++i) {
        if (reservoirs_.CountOf(i) >= kFewCandidates || !state_->IsNode(first + i))
            continue;
        size_t leaders_at = padded + sizeof(ExternalRow);
        state_->spill.Read(state_->RecordAt(first + i) + leaders_at, leaders_,
                           shared.fanout * sizeof(uint16_t));
        for (uint32_t k = 0; k < shared.fanout; ++k) {
            uint32_t place = shared.leader_places[leaders_[k]];
            const uint32_t *known = reservoirs_.CandidatesOf(i);
            const uint32_t *end = known + reservoirs_.CountOf(i);
            // Each in a direction of its own, beyond those that leaves give.
            if (place != first + i && std::find(known, end, place) == end)
                reservoirs_.Offer(i, place, static_cast<uint16_t>(0xFFFF - k), 0xFFFE);
        }
    }
}

// A row's list in the graph, as it stands in the file.
void
Windows::StoreList(const ListView &list, uint32_t row)
{
    uint32_t degree = graph_.degrees[row];
    *list.degree() = static_cast<uint8_t>(degree);
    *list.changed() = 0;
    memcpy(list.ids(), graph_.IdsOf(row), degree * sizeof(uint32_t));
    memcpy(list.distances(), graph_.DistancesOf(row), degree * sizeof(float));
    batches_.ToPlaces(list.ids(), degree);
}

void
Windows::WriteDrafts(uint32_t first, uint32_t count, ExtentWriter *incoming)
{
    size_t bytes = state_->draft_bytes();
    for (uint32_t i = 0; i < count; ++i) {
        ListView list = ListAt(i, bytes);
        StoreList(list, i);
        const Reservoirs &reservoirs = state_->bulk.shared.reservoirs;
        // No more than filling up may want: the codes of each are gathered again.
        size_t wanted = state_->options.degree - *list.degree() + 4;
        *list.left_count() =
            static_cast<uint8_t>(std::min<size_t>(reservoirs.LeftCountOf(i), wanted));
        memcpy(list.left(), reservoirs.LeftOf(i), *list.left_count() * sizeof(uint32_t));
        batches_.ToPlaces(list.left(), *list.left_count());
        for (uint32_t k = 0; k < *list.degree(); ++k)
            incoming->Append(
                state_->window_of(list.ids()[k]),
                IncomingItem{list.ids()[k], first + i, ShortDistance(list.distances()[k]), 0});
    }
    state_->spill.Write(state_->shared.drafts_at + uint64_t{first} * bytes, lists_, count * bytes);
}

void
Windows::Prune(uint32_t window, ExtentWriter *incoming)
{
    uint32_t start = window * state_->shared.window_rows;
    uint32_t rows = state_->rows_in_window(window);
    reservoirs_.Clear(0, rows);
    ForItems<CandidateItem>(
        state_, state_->shared.candidate_extents[window], extent_, [&](const CandidateItem &item) {
            reservoirs_.Offer(item.place - start, item.id, item.hash, item.distance);
        });
    OfferLeaders(start, rows);
    for (uint32_t done = 0; done < rows;) {
        Reservoirs slice = reservoirs_.From(done);
        uint32_t count = batches_.Take(start + done, rows - done, state_->options.bulk.reservoir,
                                       [&](uint32_t i, auto add) {
                                           const uint32_t *ids = slice.CandidatesOf(i);
                                           for (uint32_t k = 0; k < slice.CountOf(i); ++k)
                                               add(ids[k]);
                                       });
        state_->bulk.shared.reservoirs = slice;
        for (uint32_t i = 0; i < count; ++i) {
            state_->bulk.Beat(BulkPhase::kPrune, start + done + i, state_->shared.rows);
            batches_.ToLocal(slice.CandidatesOf(i), slice.CountOf(i));
            pruning_.PruneReservoir(i);
        }
        WriteDrafts(start + done, count, incoming);
        done += count;
    }
}

void
Windows::Complete(uint32_t window)
{
    uint32_t start = window * state_->shared.window_rows;
    uint32_t rows = state_->rows_in_window(window);
    size_t draft = state_->draft_bytes();
    size_t bytes = state_->list_bytes();
    reservoirs_.Clear(0, rows);
    for (uint32_t i = 0; i < rows; ++i)
        reservoirs_.Settle(i, nullptr, 0);
    ForItems<IncomingItem>(
        state_, state_->shared.incoming_extents[window], extent_, [&](const IncomingItem &item) {
            reservoirs_.OfferIncoming(item.place - start, item.id, item.distance);
        });
    uint32_t degree = state_->options.degree;
    auto each = static_cast<uint32_t>(2 * degree + reservoirs_.incoming_capacity());
    uint32_t most = state_->shared.gather_capacity / kShareOfRows;
    for (uint32_t done = 0; done < rows;) {
        Reservoirs slice = reservoirs_.From(done);
        uint32_t ahead = std::min(most, rows - done);
        state_->spill.Read(state_->shared.drafts_at + uint64_t{start + done} * draft, lists_,
                           ahead * draft);
        uint32_t count = batches_.Take(start + done, rows - done, each, [&](uint32_t i, auto add) {
            ListView list = ListAt(i, draft);
            for (uint32_t k = 0; k < *list.degree(); ++k)
                add(list.ids()[k]);
            for (uint32_t k = 0; k < *list.left_count(); ++k)
                add(list.left()[k]);
            const uint32_t *incoming = slice.IncomingOf(i);
            for (uint32_t k = 0; k < slice.IncomingCountOf(i); ++k)
                add(incoming[k]);
        });
        state_->bulk.shared.reservoirs = slice;
        for (uint32_t i = 0; i < count; ++i) {
            state_->bulk.Beat(BulkPhase::kFill, start + done + i, state_->shared.rows);
            ListView list = ListAt(i, draft);
            uint32_t own = *list.degree();
            graph_.degrees[i] = static_cast<uint8_t>(own);
            batches_.ToLocal(list.ids(), own);
            memcpy(graph_.IdsOf(i), list.ids(), own * sizeof(uint32_t));
            memcpy(graph_.DistancesOf(i), list.distances(), own * sizeof(float));
            batches_.ToLocal(list.left(), *list.left_count());
            slice.SetLeft(i, list.left(), *list.left_count());
            batches_.ToLocal(slice.IncomingOf(i), slice.IncomingCountOf(i));
            pruning_.Complete(i);
        }
        WriteCodes(start + done, count);
        for (uint32_t i = 0; i < count; ++i)
            StoreList(ListAt(i, bytes), i);
        state_->spill.Write(state_->shared.lists_at + uint64_t{start + done} * bytes, lists_,
                            count * bytes);
        done += count;
    }
}

} // namespace

void
PruneWindows(ExternalState *state)
{
    Pool work = state->work.pool();
    ExtentWriter incoming(state, work, state->shared.incoming_extents);
    Windows windows(state, work);
    state->ForPieces(ExternalStep::kPrune, state->shared.windows, 1,
                     [&](uint32_t window, uint32_t) { windows.Prune(window, &incoming); });
    incoming.FlushAll();
}

void
CompleteWindows(ExternalState *state)
{
    Windows windows(state, state->work.pool());
    state->ForPieces(ExternalStep::kComplete, state->shared.windows, 1,
                     [&](uint32_t window, uint32_t) { windows.Complete(window); });
}

} // namespace omendb
