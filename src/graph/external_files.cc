// Access to the spill file: loading rows, gathering codes, extents.
#include <algorithm>

#include "external_state.h"

namespace omendb {

ExternalLoader::ExternalLoader(Pool pool, const Spill &spill, uint32_t padded)
    : spill_(spill), padded_(padded),
      records_(pool.NewArray<int8_t>(kRows * (padded + sizeof(ExternalRow))))
{
}

void
ExternalLoader::Write(uint32_t first)
{
    size_t bytes = padded_ + sizeof(ExternalRow);
    spill_.Write(first * uint64_t{bytes}, records_, count_ * bytes);
    count_ = 0;
}

size_t
Gatherer::BytesPerCode(uint32_t padded)
{
    return padded + sizeof(OwnFactors) + sizeof(uint32_t) + sizeof(uint64_t) + 4 * sizeof(Slot);
}

Gatherer::Gatherer(ExternalState *state, Pool pool, uint32_t capacity)
    : state_(state), capacity_(capacity),
      codes_(pool.NewArray<int8_t>(size_t{capacity} * state->options.padded)),
      factors_(pool.NewArray<OwnFactors>(capacity)), places_(pool.NewArray<uint32_t>(capacity)),
      sorted_(pool.NewArray<uint64_t>(capacity))
{
    size_t slots = 16;
    while (slots < 2 * size_t{capacity})
        slots *= 2;
    slots_ = pool.NewArray<Slot>(slots);
    mask_ = slots - 1;
    buffer_ = pool.NewArray<char>(std::max(kReadBytes, state->record_bytes()));
    Clear();
}

void
Gatherer::Clear()
{
    count_ = 0;
    memset(static_cast<void *>(slots_), 0xFF, (mask_ + 1) * sizeof(Slot));
}

size_t
Gatherer::SlotOf(uint32_t place) const
{
    size_t at = (place * 0x9E3779B1u >> 5) & mask_;
    while (slots_[at].place != place && slots_[at].place != kNoPlace)
        at = (at + 1) & mask_;
    return at;
}

uint32_t
Gatherer::Add(uint32_t place)
{
    Slot *slot = &slots_[SlotOf(place)];
    if (slot->place == kNoPlace) {
        *slot = {place, count_};
        places_[count_++] = place;
    }
    return slot->local;
}

uint32_t
Gatherer::LocalOf(uint32_t place) const
{
    return slots_[SlotOf(place)].local;
}

void
Gatherer::Read()
{
    size_t bytes = state_->record_bytes();
    uint32_t padded = state_->options.padded;
    for (uint32_t local = 0; local < count_; ++local)
        sorted_[local] = uint64_t{places_[local]} << 32 | local;
    std::sort(sorted_, sorted_ + count_);
    auto at = [this](uint32_t i) { return static_cast<uint32_t>(sorted_[i] >> 32); };
    for (uint32_t i = 0; i < count_;) {
        state_->CheckInterrupts();
        uint32_t end = EndOfRun(i, count_, bytes, at);
        uint32_t first = at(i);
        // Of the last record no more than is wanted.
        state_->spill.Read(state_->RecordAt(first), buffer_,
                           (at(end - 1) - first) * bytes + padded + sizeof(OwnFactors));
        for (; i < end; ++i) {
            auto local = static_cast<uint32_t>(sorted_[i]);
            const char *record = buffer_ + (at(i) - first) * bytes;
            memcpy(codes_ + size_t{local} * padded, record, padded);
            memcpy(&factors_[local], record + padded, sizeof(OwnFactors));
        }
    }
}

ExtentWriter::ExtentWriter(ExternalState *state, Pool pool, uint64_t *heads)
    : state_(state), heads_(heads), bytes_(state->shared.extent_bytes),
      buffers_(pool.NewArray<char>(size_t{state->shared.windows} * bytes_)),
      filled_(pool.NewArray<uint32_t>(state->shared.windows))
{
    for (uint32_t window = 0; window < state->shared.windows; ++window)
        filled_[window] = sizeof(ExtentHeader);
}

void
ExtentWriter::Flush(uint32_t window)
{
    char *extent = buffers_ + size_t{window} * bytes_;
    uint64_t at = state_->spill.Reserve(bytes_);
    // Others may have put theirs in front meanwhile; nobody reads before all have written.
    ExtentHeader header = {__atomic_exchange_n(&heads_[window], at + 1, __ATOMIC_ACQ_REL),
                           filled_[window], 0};
    memcpy(extent, &header, sizeof(header));
    state_->spill.Write(at, extent, bytes_);
    filled_[window] = sizeof(ExtentHeader);
}

void
ExtentWriter::FlushAll()
{
    for (uint32_t window = 0; window < state_->shared.windows; ++window)
        if (filled_[window] > sizeof(ExtentHeader))
            Flush(window);
}

} // namespace omendb
