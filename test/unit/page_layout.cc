// The bytes of the page format, version 1 (src/page/README.md). A test here that fails means that indexes on
// disk are no longer read as they were written: raise kFormatVersion, and say so in the version table.
#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>

#include "omendb/page/layout.h"
#include "omendb/page/views.h"

namespace omendb::test {
namespace {

#define EXPECT_FIELD(type, field, offset, bytes)                                                   \
    do {                                                                                           \
        EXPECT_EQ(offsetof(type, field), static_cast<size_t>(offset));                             \
        EXPECT_EQ(sizeof(type::field), static_cast<size_t>(bytes)) << #field;                      \
    } while (0)

TEST(PageLayout, Constants)
{
    EXPECT_EQ(kMagic, 0x42444D4Fu);
    EXPECT_EQ(kFormatVersion, 1u);
    EXPECT_EQ(kPageId, 0xFF93);
    EXPECT_EQ(kServerHeaderBytes, 24u);
    EXPECT_EQ(kNoBlock, 0xFFFFFFFFu);
    EXPECT_EQ(kNoNode, 0xFFFFFFFFu);
    EXPECT_EQ(kListed, 1);
    EXPECT_EQ(kNodeIsEntry, 1);
    EXPECT_EQ(kGenerationMask, 0x7F);
    EXPECT_EQ(kAnchorTag, 0x80);
    EXPECT_EQ(kDeltaChains, 8);
    EXPECT_EQ(kInlineTids, 2);
    EXPECT_EQ(kTidsPerSegment, 20);
    EXPECT_EQ(static_cast<int>(ValueType::kVector), 1);
    EXPECT_EQ(static_cast<int>(ValueType::kHalfvec), 2);
    EXPECT_EQ(static_cast<int>(ValueType::kBit), 3);
    EXPECT_EQ(static_cast<int>(ValueType::kSparsevec), 4);
    int kind = 0;
    for (PageKind of : {PageKind::kMeta, PageKind::kMean, PageKind::kEntry, PageKind::kNode,
                        PageKind::kDelta, PageKind::kTids, PageKind::kCold, PageKind::kFree})
        EXPECT_EQ(static_cast<int>(of), ++kind);
    int state = -1;
    for (NodeState of : {NodeState::kFree, NodeState::kLive, NodeState::kJoining, NodeState::kDead})
        EXPECT_EQ(static_cast<int>(of), ++state);
    state = -1;
    for (DeltaState of : {DeltaState::kEmpty, DeltaState::kPresent, DeltaState::kMerging})
        EXPECT_EQ(static_cast<int>(of), ++state);
}

TEST(PageLayout, Structs)
{
    EXPECT_FIELD(Trailer, sequence, 0, 8);
    EXPECT_FIELD(Trailer, next, 8, 4);
    EXPECT_FIELD(Trailer, kind, 12, 1);
    EXPECT_FIELD(Trailer, flags, 13, 1);
    EXPECT_FIELD(Trailer, page_id, 14, 2);
    EXPECT_EQ(sizeof(Trailer), 16u);

    EXPECT_FIELD(HeapTid, block_high, 0, 2);
    EXPECT_FIELD(HeapTid, block_low, 2, 2);
    EXPECT_FIELD(HeapTid, offset, 4, 2);
    EXPECT_EQ(sizeof(HeapTid), 6u);

    EXPECT_FIELD(MetaPage, magic, 0, 4);
    EXPECT_FIELD(MetaPage, version, 4, 4);
    EXPECT_FIELD(MetaPage, metric, 8, 1);
    EXPECT_FIELD(MetaPage, value_type, 9, 1);
    EXPECT_FIELD(MetaPage, bits, 10, 1);
    EXPECT_FIELD(MetaPage, scaled, 11, 1);
    EXPECT_FIELD(MetaPage, dims, 12, 4);
    EXPECT_FIELD(MetaPage, padded, 16, 4);
    EXPECT_FIELD(MetaPage, coded, 20, 4);
    EXPECT_FIELD(MetaPage, degree, 24, 4);
    EXPECT_FIELD(MetaPage, slots_per_page, 28, 4);
    EXPECT_FIELD(MetaPage, scale, 32, 4);
    EXPECT_FIELD(MetaPage, max_norm, 36, 4);
    EXPECT_FIELD(MetaPage, mean_head, 40, 4);
    EXPECT_FIELD(MetaPage, entry_head, 44, 4);
    EXPECT_FIELD(MetaPage, node_room_head, 48, 4);
    EXPECT_FIELD(MetaPage, tids_room_head, 52, 4);
    EXPECT_FIELD(MetaPage, cold_room_head, 56, 4);
    EXPECT_FIELD(MetaPage, next_birth, 64, 8);
    EXPECT_FIELD(MetaPage, next_sequence, 72, 8);
    EXPECT_FIELD(MetaPage, live_nodes, 80, 8);
    EXPECT_FIELD(MetaPage, joining_nodes, 88, 8);
    EXPECT_FIELD(MetaPage, dead_nodes, 96, 8);
    EXPECT_FIELD(MetaPage, free_slots, 104, 8);
    EXPECT_FIELD(MetaPage, entries, 112, 8);
    EXPECT_FIELD(MetaPage, node_pages, 120, 8);
    EXPECT_FIELD(MetaPage, delta, 128, 192);
    EXPECT_FIELD(MetaPage, calibration, 320, 128);
    EXPECT_FIELD(MetaPage, reserved, 448, 64);
    EXPECT_EQ(sizeof(MetaPage), 512u);

    EXPECT_FIELD(DeltaChain, head, 0, 4);
    EXPECT_FIELD(DeltaChain, tail, 4, 4);
    EXPECT_FIELD(DeltaChain, pages, 8, 4);
    EXPECT_FIELD(DeltaChain, head_sequence, 16, 8);
    EXPECT_EQ(sizeof(DeltaChain), 24u);

    EXPECT_FIELD(NodeHeader, state, 0, 1);
    EXPECT_FIELD(NodeHeader, generation, 1, 1);
    EXPECT_FIELD(NodeHeader, flags, 2, 1);
    EXPECT_FIELD(NodeHeader, inline_tids, 3, 1);
    EXPECT_FIELD(NodeHeader, degree, 4, 2);
    EXPECT_FIELD(NodeHeader, cold_slot, 6, 2);
    EXPECT_FIELD(NodeHeader, birth, 8, 8);
    EXPECT_FIELD(NodeHeader, step, 16, 4);
    EXPECT_FIELD(NodeHeader, norm_squared, 20, 4);
    EXPECT_FIELD(NodeHeader, error, 24, 4);
    EXPECT_FIELD(NodeHeader, mean_dot, 28, 4);
    EXPECT_FIELD(NodeHeader, cold_block, 32, 4);
    EXPECT_FIELD(NodeHeader, segment_block, 36, 4);
    EXPECT_FIELD(NodeHeader, segment_slot, 40, 2);
    EXPECT_FIELD(NodeHeader, tids, 44, 12);
    EXPECT_EQ(sizeof(NodeHeader), 56u);

    EXPECT_FIELD(EntryHeader, count, 0, 2);
    EXPECT_EQ(sizeof(EntryHeader), 8u);

    EXPECT_FIELD(DeltaHeader, next_sequence, 0, 8);
    EXPECT_FIELD(DeltaHeader, used, 8, 2);
    EXPECT_FIELD(DeltaHeader, chain, 10, 2);
    EXPECT_EQ(sizeof(DeltaHeader), 16u);

    EXPECT_FIELD(DeltaItem, tid, 0, 6);
    EXPECT_FIELD(DeltaItem, state, 6, 1);
    EXPECT_FIELD(DeltaItem, node, 8, 4);
    EXPECT_FIELD(DeltaItem, cold_block, 12, 4);
    EXPECT_FIELD(DeltaItem, cold_slot, 16, 2);
    EXPECT_FIELD(DeltaItem, step, 20, 4);
    EXPECT_FIELD(DeltaItem, norm_squared, 24, 4);
    EXPECT_FIELD(DeltaItem, error, 28, 4);
    EXPECT_FIELD(DeltaItem, mean_dot, 32, 4);
    EXPECT_EQ(sizeof(DeltaItem), 36u);

    EXPECT_FIELD(TidSegment, owner, 0, 4);
    EXPECT_FIELD(TidSegment, number, 4, 4);
    EXPECT_FIELD(TidSegment, next_block, 8, 4);
    EXPECT_FIELD(TidSegment, next_slot, 12, 2);
    EXPECT_FIELD(TidSegment, generation, 14, 1);
    EXPECT_FIELD(TidSegment, count, 15, 1);
    EXPECT_FIELD(TidSegment, tids, 16, 120);
    EXPECT_EQ(sizeof(TidSegment), 136u);

    EXPECT_FIELD(ColdHeader, used, 0, 8);
    EXPECT_EQ(sizeof(ColdHeader), 8u);
}

TEST(PageLayout, TidKeyOrdersAsTheTable)
{
    HeapTid last = {0, 0, 0};
    for (HeapTid tid : {HeapTid{0, 0, 1}, HeapTid{0, 0, 2}, HeapTid{0, 1, 1}, HeapTid{0, 0xFFFF, 9},
                        HeapTid{1, 0, 1}, HeapTid{0xFFFF, 0xFFFF, 0xFFFF}}) {
        EXPECT_LT(TidKey(last), TidKey(tid));
        EXPECT_FALSE(last == tid);
        last = tid;
    }
}

struct Chosen {
    uint32_t padded, coded, bits, slots, degree, slot_bytes, entries, delta_rows, segments,
        cold_bytes, cold_records, cold_span;
};

// What an index of pages of 8 kB gets. These choices are stored, so changing them breaks no index; the table
// is here so that they do not change unnoticed.
TEST(PageLayout, ChoicesFor8kPages)
{
    for (const Chosen &want : {
             Chosen{64, 64, 4, 6, 30, 1352, 192, 81, 59, 0, 0, 0},
             Chosen{128, 128, 2, 6, 28, 1336, 192, 49, 59, 0, 0, 0},
             Chosen{192, 192, 2, 4, 31, 2016, 136, 35, 59, 0, 0, 0},
             Chosen{256, 256, 2, 3, 32, 2648, 104, 27, 59, 0, 0, 0},
             Chosen{320, 320, 1, 4, 33, 2000, 160, 22, 59, 0, 0, 0},
             Chosen{384, 384, 1, 3, 39, 2664, 136, 19, 59, 0, 0, 0},
             Chosen{512, 512, 1, 3, 29, 2688, 104, 14, 59, 0, 0, 0},
             Chosen{768, 768, 1, 2, 30, 3976, 72, 10, 59, 0, 0, 0},
             Chosen{1024, 1024, 1, 1, 51, 8072, 56, 7, 59, 0, 0, 0},
             Chosen{1536, 1536, 1, 1, 32, 8024, 40, 5, 59, 0, 0, 0},
             Chosen{1728, 1728, 1, 1, 28, 8088, 32, 4, 59, 0, 0, 0},
             Chosen{2048, 1728, 1, 1, 28, 8088, 32, 4, 59, 320, 25, 1},
             Chosen{4096, 1728, 1, 1, 28, 8088, 32, 4, 59, 2368, 3, 1},
             Chosen{8192, 1728, 1, 1, 28, 8088, 32, 4, 59, 6464, 1, 1},
             Chosen{16064, 1728, 1, 1, 28, 8088, 32, 4, 59, 14336, 1, 2},
         }) {
        Geometry got = ChooseGeometry(8192, want.padded, 0);
        SCOPED_TRACE(want.padded);
        EXPECT_EQ(got.coded, want.coded);
        EXPECT_EQ(got.bits, want.bits);
        EXPECT_EQ(got.slots_per_page, want.slots);
        EXPECT_EQ(got.degree, want.degree);
        EXPECT_EQ(got.slot_bytes, want.slot_bytes);
        EXPECT_EQ(got.entry_capacity, want.entries);
        EXPECT_EQ(got.delta_capacity, want.delta_rows);
        EXPECT_EQ(got.segment_capacity, want.segments);
        EXPECT_EQ(got.cold_bytes, want.cold_bytes);
        EXPECT_EQ(got.cold_capacity, want.cold_records);
        EXPECT_EQ(got.cold_span, want.cold_span);
    }
}

// Parts follow each other without overlap, arrays are aligned, and nothing reaches into the trailer.
void
ExpectSoundOffsets(const Geometry &g)
{
    size_t body = BodyBytes(g.page_size);
    EXPECT_EQ(g.ids_offset, sizeof(NodeHeader) + g.coded);
    EXPECT_EQ(g.add_offset, g.ids_offset + 4 * g.degree);
    EXPECT_EQ(g.mul_offset, g.add_offset + 2 * g.degree);
    EXPECT_EQ(g.tag_offset, g.mul_offset + 2 * g.degree);
    EXPECT_GE(g.codes_offset, g.tag_offset + g.degree);
    EXPECT_LT(g.codes_offset, g.tag_offset + g.degree + 8);
    EXPECT_EQ(g.slot_bytes, g.codes_offset + g.degree * g.code_bytes);
    EXPECT_EQ(g.slot_bytes % 8, 0u);
    EXPECT_EQ(g.codes_offset % 8, 0u);
    EXPECT_LE(g.slot_bytes * g.slots_per_page, body);
    EXPECT_EQ(g.code_bytes, g.coded / 8 * g.bits);

    EXPECT_EQ(g.entry_ids, sizeof(EntryHeader));
    EXPECT_EQ(g.entry_add, g.entry_ids + 4 * g.entry_capacity);
    EXPECT_EQ(g.entry_mul, g.entry_add + 2 * g.entry_capacity);
    EXPECT_EQ(g.entry_tag, g.entry_mul + 2 * g.entry_capacity);
    EXPECT_EQ(g.entry_codes, g.entry_tag + g.entry_capacity);
    EXPECT_EQ(g.entry_codes % 8, 0u);
    EXPECT_LE(g.entry_codes + g.entry_capacity * g.code_bytes, body);

    EXPECT_EQ(g.delta_items, sizeof(DeltaHeader));
    EXPECT_GE(g.delta_own, g.delta_items + g.delta_capacity * sizeof(DeltaItem));
    EXPECT_LE(g.delta_own + g.delta_capacity * g.coded, body);

    EXPECT_LE(g.segment_capacity * sizeof(TidSegment), body);

    EXPECT_EQ(g.cold_bytes, g.padded - g.coded);
    if (g.cold_bytes > 0) {
        EXPECT_LE(g.cold_capacity, 64u);
        EXPECT_GE(g.cold_capacity * g.cold_span, 1u);
        size_t room = body - sizeof(ColdHeader);
        if (g.cold_span == 1) {
            EXPECT_LE(g.cold_capacity * g.cold_bytes, room);
        } else {
            EXPECT_GE(g.cold_span * room, g.cold_bytes);
            EXPECT_LT((g.cold_span - 1) * room, g.cold_bytes);
        }
    }
}

TEST(PageLayout, EveryGeometryFits)
{
    for (uint32_t page_size : {4096u, 8192u, 16384u, 32768u})
        for (uint32_t padded = 64; padded <= 16448; padded += 64)
            for (uint32_t bits = 0; bits <= 4; ++bits) {
                Geometry g = ChooseGeometry(page_size, padded, bits);
                SCOPED_TRACE(testing::Message() << page_size << " " << padded << " bits " << bits);
                EXPECT_EQ(g.padded, padded);
                EXPECT_TRUE(bits == 0 || g.bits == bits);
                EXPECT_GE(g.degree, kWantedDegree);
                EXPECT_LE(g.degree, kMaxDegree);
                ExpectSoundOffsets(g);
                // What is stored gives the same geometry back.
                Geometry again;
                ASSERT_TRUE(MakeGeometry(page_size, g.padded, g.coded, g.bits, g.degree,
                                         g.slots_per_page, &again));
                EXPECT_EQ(memcmp(&g, &again, sizeof(g)), 0);
            }
}

TEST(PageLayout, WhatDoesNotFitIsRefused)
{
    Geometry g;
    EXPECT_TRUE(MakeGeometry(8192, 768, 768, 1, 30, 2, &g));
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 1, 30, 3, &g));    // three slots
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 1, 30, 0, &g));    // none
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 1, 32, 2, &g));    // a neighbour too many
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 1, 7, 2, &g));     // degree below 8
    EXPECT_FALSE(MakeGeometry(32768, 64, 64, 1, 65, 1, &g));     // above 64
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 0, 30, 2, &g));    // bits
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 5, 30, 1, &g));    //
    EXPECT_FALSE(MakeGeometry(8192, 768, 832, 1, 28, 1, &g));    // more coded than there are
    EXPECT_FALSE(MakeGeometry(8192, 768, 700, 1, 28, 1, &g));    // not a multiple of 64
    EXPECT_FALSE(MakeGeometry(8192, 770, 768, 1, 28, 1, &g));    //
    EXPECT_FALSE(MakeGeometry(8192, 0, 0, 1, 28, 1, &g));        //
    EXPECT_FALSE(MakeGeometry(8192, 16512, 1728, 1, 28, 1, &g)); // beyond 16,448
    EXPECT_FALSE(MakeGeometry(8192, 768, 768, 1, 30, 0xFFFFFFFF, &g));
}

TEST(PageLayout, NodeNumbers)
{
    Geometry g = ChooseGeometry(8192, 128, 0);
    for (uint32_t block : {0u, 1u, 77u, 1000000u})
        for (uint32_t slot = 0; slot < g.slots_per_page; ++slot) {
            uint32_t id = NodeId(g, block, slot);
            EXPECT_EQ(NodeBlock(g, id), block);
            EXPECT_EQ(NodeSlot(g, id), slot);
        }
}

// The views and the picture in README.md agree.
TEST(PageLayout, ViewsPointWhereTheyShould)
{
    alignas(8) char page[8192] = {};
    Geometry g = ChooseGeometry(8192, 128, 0);
    EXPECT_EQ(Body(page) - page, 24);
    EXPECT_EQ(reinterpret_cast<char *>(TrailerOf(page, 8192)) - page, 8192 - 16);
    NodeView node = NodeAt(page, g, 2);
    EXPECT_EQ(node.base - page, 24 + 2 * 1336);
    EXPECT_EQ(reinterpret_cast<char *>(node.own()) - node.base, 56);
    auto arrays = node.neighbours();
    EXPECT_EQ(reinterpret_cast<char *>(arrays.ids) - node.base, 56 + 128);
    EXPECT_EQ(reinterpret_cast<char *>(arrays.codes) - node.base, 56 + 128 + 256);
    EXPECT_EQ(reinterpret_cast<char *>(EntriesOf(page, g).entries().ids) - page, 24 + 8);
    EXPECT_EQ(reinterpret_cast<char *>(DeltaOf(page, g).items()) - page, 24 + 16);
    EXPECT_EQ(reinterpret_cast<char *>(DeltaOf(page, g).own(3)) - page, 24 + g.delta_own + 3 * 128);
    EXPECT_EQ(reinterpret_cast<char *>(SegmentsOf(page) + 1) - page, 24 + 136);
}

} // namespace
} // namespace omendb::test
