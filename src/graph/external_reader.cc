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
    arrays_.birth = work.NewArray<uint32_t>(most_);
    arrays_.anchor = work.NewArray<uint32_t>(most_);
    arrays_.degrees = work.NewArray<uint8_t>(most_);
    rows_ = work.NewArray<ExternalRow>(most_);
    places_ = work.NewArray<uint32_t>(memory->shared.window_rows);
    lists_ = work.NewArray<char>(most_ * memory->list_bytes());
    codes_ = work.NewArray<char>(most_ * memory->codes_bytes());
    scratch_ = work.NewArray<float>(options.padded);
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
ExternalReader::ReadNodes(uint32_t first, uint32_t count, bool lists)
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
        uint32_t place = gatherer_->PlaceOf(i);
        state_->spill.Read(state_->RecordAt(place) + state_->options.padded, &rows_[i],
                           sizeof(ExternalRow));
        arrays_.birth[i] = shared.birth[place];
        arrays_.anchor[i] = shared.anchor[place] == place ? i : MemoryGraph::kNone;
        if (lists)
            ReadList(i);
    }
    gatherer_->Read();
    arrays_.rows = gatherer_->count();
    for (uint32_t i = 0; lists && i < count; ++i)
        if (*ListOf(i).changed() != 0)
            EncodeChanged(i);
    return count;
}

// Of a list that has changed, the neighbours themselves are gathered.
void
ExternalReader::ReadList(uint32_t local)
{
    uint32_t place = gatherer_->PlaceOf(local);
    ListView list = ListOf(local);
    state_->spill.Read(state_->shared.lists_at + uint64_t{place} * state_->list_bytes(), list.at,
                       state_->list_bytes());
    arrays_.degrees[local] = *list.degree();
    if (*list.changed() == 0)
        state_->spill.Read(state_->shared.codes_at + uint64_t{place} * state_->codes_bytes(),
                           codes_ + local * state_->codes_bytes(), state_->codes_bytes());
    else
        for (uint32_t k = 0; k < *list.degree(); ++k)
            gatherer_->Add(list.ids()[k]);
}

void
ExternalReader::EncodeChanged(uint32_t local)
{
    ListView list = ListOf(local);
    uint32_t locals[kMaxListLength];
    for (uint32_t k = 0; k < *list.degree(); ++k)
        locals[k] = gatherer_->LocalOf(list.ids()[k]);
    EncodeList(arrays_, local, locals, *list.degree(), state_->options.codes, scratch_,
               CodesOf(local));
}

ListView
ExternalReader::ListOf(uint32_t local) const
{
    return {lists_ + local * state_->list_bytes(), state_->options.degree};
}

uint32_t
ExternalReader::NeighbourOf(uint32_t local, uint32_t i) const
{
    return state_->shared.number[ListOf(local).ids()[i]];
}

bool
ExternalReader::Anchors(uint32_t local, uint32_t i) const
{
    return state_->shared.anchor[ListOf(local).ids()[i]] == gatherer_->PlaceOf(local);
}

ListCodes
ExternalReader::CodesOf(uint32_t local) const
{
    return state_->CodesIn(codes_ + local * state_->codes_bytes());
}

void
ExternalReader::ReadTwins(const ExternalRow &row, uint32_t first, uint32_t count,
                          uint64_t *payloads) const
{
    state_->spill.Read(row.twins_at + first * sizeof(uint64_t), payloads, count * sizeof(uint64_t));
}

} // namespace omendb
