// What an external build left, for whoever writes it.
#include <algorithm>

#include "external_state.h"

namespace omendb {

ExternalReader::ExternalReader(ExternalShared *shared, ptrdiff_t offset, Pool pool,
                               const Spill &spill, const ExternalOptions &options)
{
    auto *memory = pool.NewArray<ExternalState>(1);
    *memory = {};
    InitExternal(memory, pool, spill, options, {});
    memory->common = shared;
    memory->offset = offset;
    ReadExternalShared(memory);
    state_ = memory;
    uint32_t capacity = memory->shared.gather_capacity;
    Pool work = memory->work.pool();
    gatherer_ = work.NewArray<Gatherer>(1);
    *gatherer_ = Gatherer(memory, work, capacity);
    most_ = std::max(1u, capacity / (options.degree + 1));
    arrays_.padded = options.padded;
    arrays_.degree = options.degree;
    arrays_.codes = gatherer_->codes();
    arrays_.factors = gatherer_->factors();
    arrays_.birth = work.NewArray<uint32_t>(capacity);
    arrays_.anchor = work.NewArray<uint32_t>(capacity);
    arrays_.degrees = work.NewArray<uint8_t>(most_);
    arrays_.ids = work.NewArray<uint32_t>(size_t{most_} * options.degree);
    rows_ = work.NewArray<ExternalRow>(most_);
    places_ = work.NewArray<uint32_t>(memory->shared.window_rows);
    list_ = work.NewArray<char>(memory->list_bytes());
}

uint32_t
ExternalReader::nodes() const
{
    return state_->shared.nodes;
}

uint32_t
ExternalReader::entries() const
{
    return state_->shared.entry_count;
}

bool
ExternalReader::has_twins() const
{
    return state_->shared.nodes < state_->shared.rows;
}

uint32_t
ExternalReader::EntryNumber(uint32_t i) const
{
    return state_->shared.number[state_->shared.entries[i]];
}

uint32_t
ExternalReader::NumberOf(uint32_t local) const
{
    return state_->shared.number[gatherer_->PlaceOf(local)];
}

// Which places have the numbers of a window.
void
ExternalReader::ReadWindow(uint32_t window)
{
    const ExternalShared &shared = state_->shared;
    uint32_t start = window * shared.window_rows;
    for (uint32_t i = 0; i < state_->rows_in_window(window); ++i)
        if (state_->IsNode(start + i))
            places_[shared.number[start + i] - shared.window_nodes[window]] = start + i;
    window_ = window;
}

uint32_t
ExternalReader::ReadNodes(uint32_t first, uint32_t count, bool neighbours)
{
    const ExternalShared &shared = state_->shared;
    const uint32_t *after =
        std::upper_bound(shared.window_nodes, shared.window_nodes + shared.windows + 1, first);
    auto window = static_cast<uint32_t>(after - shared.window_nodes - 1);
    if (window != window_)
        ReadWindow(window);
    uint32_t base = shared.window_nodes[window];
    count = std::min({count, most_, shared.window_nodes[window + 1] - first});
    gatherer_->Clear();
    for (uint32_t i = 0; i < count; ++i)
        gatherer_->Add(places_[first - base + i]);
    for (uint32_t i = 0; i < count; ++i) {
        state_->CheckInterrupts();
        uint32_t place = places_[first - base + i];
        state_->spill.Read(state_->RecordAt(place) + state_->options.padded, &rows_[i],
                           sizeof(ExternalRow));
        if (!neighbours)
            continue;
        ListView list = {list_, state_->options.degree};
        state_->spill.Read(shared.lists_at + uint64_t{place} * state_->list_bytes(), list_,
                           state_->list_bytes());
        arrays_.degrees[i] = *list.degree();
        for (uint32_t k = 0; k < *list.degree(); ++k)
            arrays_.IdsOf(i)[k] = gatherer_->Add(list.ids()[k]);
    }
    gatherer_->Read();
    arrays_.rows = gatherer_->count();
    for (uint32_t local = 0; local < arrays_.rows; ++local) {
        uint32_t place = gatherer_->PlaceOf(local);
        arrays_.birth[local] = shared.birth[place];
        arrays_.anchor[local] = gatherer_->LocalOf(shared.anchor[place]);
    }
    return count;
}

void
ExternalReader::ReadTwins(const ExternalRow &row, uint32_t first, uint32_t count,
                          uint64_t *payloads) const
{
    state_->spill.Read(row.twins_at + first * sizeof(uint64_t), payloads, count * sizeof(uint64_t));
}

} // namespace omendb
