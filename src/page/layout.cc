#include "omendb/page/layout.h"

#include <algorithm>

namespace omendb {

namespace {

constexpr uint32_t
RoundUp(uint32_t value, uint32_t to)
{
    return (value + to - 1) / to * to;
}

constexpr uint32_t
RoundDown(uint32_t value, uint32_t to)
{
    return value / to * to;
}

constexpr uint32_t kNeighbourFixedBytes = 4 + 2 + 2 + 1; // id, f_add, f_mul, tag

uint32_t
SlotBytes(uint32_t coded, uint32_t code_bytes, uint32_t degree)
{
    uint32_t arrays = RoundUp(degree * kNeighbourFixedBytes, 8);
    return static_cast<uint32_t>(sizeof(NodeHeader)) + coded + arrays + degree * code_bytes;
}

// The largest degree of a slot of at most `bytes` bytes, 0 when there is none.
uint32_t
DegreeThatFits(uint32_t bytes, uint32_t coded, uint32_t code_bytes)
{
    uint32_t fixed = static_cast<uint32_t>(sizeof(NodeHeader)) + coded;
    if (bytes <= fixed)
        return 0;
    uint32_t degree = (bytes - fixed) / (kNeighbourFixedBytes + code_bytes);
    while (degree > 0 && SlotBytes(coded, code_bytes, degree) > bytes)
        --degree;
    return std::min(degree, kMaxDegree);
}

// Bits a dimension of a neighbour code that measured best.
uint32_t
DefaultBits(uint32_t coded)
{
    return coded <= 64 ? 4 : coded <= 256 ? 2 : 1;
}

} // namespace

bool
MakeGeometry(uint32_t page_size, uint32_t padded, uint32_t coded, uint32_t bits, uint32_t degree,
             uint32_t slots_per_page, Geometry *geometry)
{
    uint32_t body = static_cast<uint32_t>(BodyBytes(page_size));
    if (padded == 0 || padded % 64 != 0 || padded > 16448 || coded == 0 || coded % 64 != 0 ||
        coded > padded || bits < 1 || bits > 4 || degree < kMinDegree || degree > kMaxDegree ||
        slots_per_page == 0)
        return false;

    Geometry g = {};
    g.page_size = page_size;
    g.padded = padded;
    g.coded = coded;
    g.bits = bits;
    g.degree = degree;
    g.slots_per_page = slots_per_page;
    g.code_bytes = coded / 8 * bits;
    g.slot_bytes = SlotBytes(coded, g.code_bytes, degree);
    if (g.slot_bytes > body || slots_per_page > body / g.slot_bytes)
        return false;

    g.ids_offset = static_cast<uint32_t>(sizeof(NodeHeader)) + coded;
    g.add_offset = g.ids_offset + degree * 4;
    g.mul_offset = g.add_offset + degree * 2;
    g.tag_offset = g.mul_offset + degree * 2;
    g.codes_offset = g.ids_offset + RoundUp(degree * kNeighbourFixedBytes, 8);

    uint32_t room = body - static_cast<uint32_t>(sizeof(EntryHeader));
    g.entry_capacity = RoundDown(room / (kNeighbourFixedBytes + g.code_bytes), 8);
    g.entry_ids = sizeof(EntryHeader);
    g.entry_add = g.entry_ids + g.entry_capacity * 4;
    g.entry_mul = g.entry_add + g.entry_capacity * 2;
    g.entry_tag = g.entry_mul + g.entry_capacity * 2;
    g.entry_codes = g.entry_tag + g.entry_capacity; // capacity is a multiple of 8

    uint32_t item = static_cast<uint32_t>(sizeof(DeltaItem)) + coded;
    g.delta_capacity = (body - static_cast<uint32_t>(sizeof(DeltaHeader)) - 8) / item;
    g.delta_items = sizeof(DeltaHeader);
    g.delta_own =
        RoundUp(g.delta_items + g.delta_capacity * static_cast<uint32_t>(sizeof(DeltaItem)), 8);
    if (g.entry_capacity == 0 || g.delta_capacity == 0)
        return false;

    g.segment_capacity = body / static_cast<uint32_t>(sizeof(TidSegment));

    g.cold_bytes = padded - coded;
    uint32_t cold_room = body - static_cast<uint32_t>(sizeof(ColdHeader));
    if (g.cold_bytes == 0) {
        g.cold_capacity = 0;
        g.cold_span = 0;
    } else if (g.cold_bytes <= cold_room) {
        g.cold_capacity = std::min<uint32_t>(cold_room / g.cold_bytes, 64);
        g.cold_span = 1;
    } else {
        g.cold_capacity = 1;
        g.cold_span = (g.cold_bytes + cold_room - 1) / cold_room;
    }
    *geometry = g;
    return true;
}

Geometry
ChooseGeometry(uint32_t page_size, uint32_t padded, uint32_t bits)
{
    uint32_t body = static_cast<uint32_t>(BodyBytes(page_size));
    uint32_t coded = padded;
    for (;;) {
        uint32_t chosen_bits = bits != 0 ? bits : DefaultBits(coded);
        uint32_t code_bytes = coded / 8 * chosen_bits;
        if (DegreeThatFits(body, coded, code_bytes) >= kWantedDegree) {
            uint32_t slots = body / SlotBytes(coded, code_bytes, kWantedDegree);
            uint32_t degree = DegreeThatFits(RoundDown(body / slots, 8), coded, code_bytes);
            Geometry geometry;
            if (MakeGeometry(page_size, padded, coded, chosen_bits, degree, slots, &geometry))
                return geometry;
        }
        coded -= 64; // ends: 64 dimensions fit a page of 4 kB
    }
}

} // namespace omendb
