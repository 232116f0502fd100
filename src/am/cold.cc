#include "cold.h"

#include <algorithm>

#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "room_list.h"

namespace omendb {

static int8_t *
RecordAt(char *page, const Geometry &geometry, uint32_t slot)
{
    return reinterpret_cast<int8_t *>(Body(page) + sizeof(ColdHeader) + slot * geometry.cold_bytes);
}

static const int8_t *
RecordAt(const char *page, const Geometry &geometry, uint32_t slot)
{
    return RecordAt(const_cast<char *>(page), geometry, slot);
}

static size_t
PartBytes(const Geometry &geometry, size_t done)
{
    constexpr size_t room = BodyBytes(BLCKSZ) - sizeof(ColdHeader);
    return std::min(room, geometry.cold_bytes - done);
}

static uint64_t
AllUsed(const Geometry &geometry)
{
    return geometry.cold_capacity == 64 ? ~uint64_t{0}
                                        : (uint64_t{1} << geometry.cold_capacity) - 1;
}

bool
TryReadCold(Relation index, const Geometry &geometry, ColdAddress address, int8_t *out)
{
    BlockNumber block = address.block;
    size_t done = 0;
    if (address.slot >= geometry.cold_capacity)
        return false;
    for (uint32_t part = 0; part < geometry.cold_span; ++part) {
        if (block == kNoBlock)
            return false;
        bool is_cold = false;
        block = WithSharedPage(index, block, [&](const char *page) {
            is_cold = CheckKind(page, BLCKSZ, PageKind::kCold) == PageFault::kNone;
            if (!is_cold)
                return kNoBlock;
            size_t bytes = PartBytes(geometry, done);
            memcpy(out + done, RecordAt(page, geometry, part == 0 ? address.slot : 0), bytes);
            done += bytes;
            return TrailerOf(page, BLCKSZ)->next;
        });
        if (!is_cold)
            return false;
    }
    return true;
}

void
ReadCold(Relation index, const Geometry &geometry, ColdAddress address, int8_t *out)
{
    if (!TryReadCold(index, geometry, address, out))
        RaiseDamaged(index, address.block, PageFault::kBadLink);
}

// A record that fills pages of its own.
static ColdAddress
WriteSpanning(Relation index, const Geometry &geometry, const int8_t *code)
{
    Buffer buffers[WalRecord::kMaxPages];
    for (uint32_t part = 0; part < geometry.cold_span; ++part)
        buffers[part] = NewPage(index);
    WalRecord record(index);
    size_t done = 0;
    for (uint32_t part = 0; part < geometry.cold_span; ++part) {
        char *page = record.AddLocked(buffers[part], true);
        InitPage(page, PageKind::kCold);
        ColdOf(page)->used = 1;
        if (part + 1 < geometry.cold_span)
            TrailerOf(page, BLCKSZ)->next = BufferGetBlockNumber(buffers[part + 1]);
        size_t bytes = PartBytes(geometry, done);
        memcpy(RecordAt(page, geometry, 0), code + done, bytes);
        done += bytes;
    }
    ColdAddress address = {BufferGetBlockNumber(buffers[0]), 0};
    record.Finish();
    OMENDB_FAILURE_POINT("cold: spanning record written");
    return address;
}

ColdAddress
WriteCold(Relation index, const Geometry &geometry, const int8_t *code)
{
    if (geometry.cold_bytes == 0)
        return {kNoBlock, 0};
    if (geometry.cold_span > 1)
        return WriteSpanning(index, geometry, code);

    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    BlockNumber block = meta->cold_room_head;
    char *page;
    if (block == kNoBlock) {
        Buffer buffer = NewPage(index);
        block = BufferGetBlockNumber(buffer);
        page = record.AddLocked(buffer, true);
        StartRoom(&meta->cold_room_head, page, block, PageKind::kCold);
    } else {
        page = record.Add(block);
        RequireKind(index, block, page, PageKind::kCold);
    }
    uint64_t free_records = ~ColdOf(page)->used & AllUsed(geometry);
    if (free_records == 0)
        RaiseDamaged(index, block, PageFault::kBadCount);
    auto slot = static_cast<uint16_t>(__builtin_ctzll(free_records));
    ColdOf(page)->used |= uint64_t{1} << slot;
    memcpy(RecordAt(page, geometry, slot), code, geometry.cold_bytes);
    if (ColdOf(page)->used == AllUsed(geometry))
        UnlistRoom(&meta->cold_room_head, page);
    record.Finish();
    OMENDB_FAILURE_POINT("cold: record written");
    return {block, slot};
}

void
FreeCold(Relation index, const Geometry &geometry, ColdAddress address)
{
    if (address.block == kNoBlock)
        return;
    if (geometry.cold_span > 1) {
        BlockNumber blocks[WalRecord::kMaxPages];
        blocks[0] = address.block;
        WalRecord record(index);
        uint32_t parts = 0;
        for (BlockNumber block = address.block; block != kNoBlock && parts < geometry.cold_span;) {
            char *page = record.Add(block);
            RequireKind(index, block, page, PageKind::kCold);
            blocks[parts++] = block;
            block = TrailerOf(page, BLCKSZ)->next;
            InitPage(page, PageKind::kFree);
        }
        record.Finish();
        OMENDB_FAILURE_POINT("cold: spanning record freed");
        for (uint32_t part = 0; part < parts; ++part)
            RecordFreePage(index, blocks[part]);
        return;
    }
    WalRecord record(index);
    MetaPage *meta = MetaOf(record.Add(0));
    char *page = record.Add(address.block);
    RequireKind(index, address.block, page, PageKind::kCold);
    if (address.slot >= geometry.cold_capacity)
        RaiseDamaged(index, address.block, PageFault::kBadLink);
    ColdOf(page)->used &= ~(uint64_t{1} << address.slot);
    ListRoom(&meta->cold_room_head, page, address.block);
    record.Finish();
    OMENDB_FAILURE_POINT("cold: record freed");
}

} // namespace omendb
