// One-page checks: sound pages pass, and each fault is found by name.
#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>

#include "omendb/page/check.h"
#include "omendb/page/views.h"

namespace omendb::test {
namespace {

constexpr uint32_t kPageSize = 8192;
constexpr uint32_t kBlocks = 100;

struct Page {
    alignas(8) char bytes[kPageSize] = {};
    Geometry geometry;

    explicit Page(PageKind kind, uint32_t padded = 128)
        : geometry(ChooseGeometry(kPageSize, padded, 0))
    {
        trailer()->kind = static_cast<uint8_t>(kind);
        trailer()->page_id = kPageId;
        trailer()->next = kNoBlock;
    }

    Trailer *trailer() { return TrailerOf(bytes, kPageSize); }
    PageFault Deep() const { return CheckPageDeep(bytes, geometry, kBlocks); }
};

Page
MetaPageOf(uint32_t dims, uint32_t padded)
{
    Page page(PageKind::kMeta, padded);
    MetaPage *meta = MetaOf(page.bytes);
    meta->magic = kMagic;
    meta->version = kFormatVersion;
    meta->metric = 1;
    meta->value_type = static_cast<uint8_t>(ValueType::kVector);
    meta->bits = static_cast<uint8_t>(page.geometry.bits);
    meta->dims = dims;
    meta->padded = padded;
    meta->coded = page.geometry.coded;
    meta->degree = page.geometry.degree;
    meta->slots_per_page = page.geometry.slots_per_page;
    meta->scale = 1;
    return page;
}

// A node page with every slot live, full lists and links that can be.
Page
NodePage()
{
    Page page(PageKind::kNode);
    const Geometry &g = page.geometry;
    for (uint32_t slot = 0; slot < g.slots_per_page; ++slot) {
        NodeView node = NodeAt(page.bytes, g, slot);
        NodeHeader *header = node.header();
        header->state = static_cast<uint8_t>(NodeState::kLive);
        header->inline_tids = kInlineTids;
        header->degree = static_cast<uint16_t>(g.degree);
        header->cold_block = kNoBlock;
        header->segment_block = 99;
        for (uint32_t i = 0; i < g.degree; ++i)
            node.neighbours().ids[i] = NodeId(g, 1 + i, i % g.slots_per_page);
    }
    return page;
}

TEST(PageCheck, EveryFaultHasItsText)
{
    std::set<std::string> texts;
    for (int fault = 0; fault <= static_cast<int>(PageFault::kBadLink); ++fault)
        texts.insert(PageFaultText(static_cast<PageFault>(fault)));
    EXPECT_EQ(texts.size(), static_cast<size_t>(PageFault::kBadLink) + 1);
    EXPECT_EQ(texts.count(PageFaultText(static_cast<PageFault>(200))), 0u);
}

TEST(PageCheck, Kind)
{
    Page page(PageKind::kCold);
    EXPECT_EQ(CheckKind(page.bytes, kPageSize, PageKind::kCold), PageFault::kNone);
    EXPECT_EQ(CheckKind(page.bytes, kPageSize, PageKind::kNode), PageFault::kWrongKind);
    page.trailer()->page_id = 0;
    EXPECT_EQ(CheckKind(page.bytes, kPageSize, PageKind::kCold), PageFault::kNotOurs);
    char zeros[kPageSize] = {};
    EXPECT_EQ(CheckKind(zeros, kPageSize, PageKind::kNode), PageFault::kNotOurs);
}

TEST(PageCheck, Meta)
{
    Geometry geometry;
    for (uint32_t padded : {64u, 768u, 1536u, 4096u, 16448u}) {
        Page page = MetaPageOf(padded - 3, padded);
        EXPECT_EQ(CheckMeta(page.bytes, kPageSize, &geometry), PageFault::kNone);
        EXPECT_EQ(memcmp(&geometry, &page.geometry, sizeof(geometry)), 0);
    }
    Page kind = MetaPageOf(100, 128);
    kind.trailer()->kind = static_cast<uint8_t>(PageKind::kNode);
    EXPECT_EQ(CheckMeta(kind.bytes, kPageSize, &geometry), PageFault::kWrongKind);
}

TEST(PageCheck, DamagedMeta)
{
    struct Case {
        const char *what;
        void (*damage)(MetaPage *meta);
        PageFault fault;
    };
    for (const Case &at : {
             Case{"magic", [](MetaPage *m) { m->magic ^= 1; }, PageFault::kBadMagic},
             Case{"version 0", [](MetaPage *m) { m->version = 0; }, PageFault::kBadVersion},
             Case{"version 2", [](MetaPage *m) { m->version = 2; }, PageFault::kBadVersion},
             Case{"metric 0", [](MetaPage *m) { m->metric = 0; }, PageFault::kBadShape},
             Case{"metric 7", [](MetaPage *m) { m->metric = 7; }, PageFault::kBadShape},
             Case{"value type", [](MetaPage *m) { m->value_type = 7; }, PageFault::kBadShape},
             Case{"dims 0", [](MetaPage *m) { m->dims = 0; }, PageFault::kBadShape},
             Case{"dims above padded", [](MetaPage *m) { m->dims = 129; }, PageFault::kBadShape},
             Case{"dims far below", [](MetaPage *m) { m->dims = 50; }, PageFault::kBadShape},
             Case{"padded", [](MetaPage *m) { m->padded = 127; }, PageFault::kBadShape},
             Case{"coded", [](MetaPage *m) { m->coded = 192; }, PageFault::kBadShape},
             Case{"bits", [](MetaPage *m) { m->bits = 5; }, PageFault::kBadShape},
             Case{"degree", [](MetaPage *m) { m->degree = 4; }, PageFault::kBadShape},
             Case{"slots", [](MetaPage *m) { m->slots_per_page = 100; }, PageFault::kBadShape},
             Case{"scale 0", [](MetaPage *m) { m->scale = 0; }, PageFault::kBadShape},
             Case{"scale below", [](MetaPage *m) { m->scale = -1; }, PageFault::kBadShape},
             Case{"scale NaN",
                  [](MetaPage *m) { m->scale = std::numeric_limits<float>::quiet_NaN(); },
                  PageFault::kBadShape},
         }) {
        Page page = MetaPageOf(100, 128);
        at.damage(MetaOf(page.bytes));
        Geometry geometry;
        EXPECT_EQ(CheckMeta(page.bytes, kPageSize, &geometry), at.fault) << at.what;
    }
}

TEST(PageCheck, SoundPages)
{
    for (PageKind kind : {PageKind::kMean, PageKind::kEntry, PageKind::kNode, PageKind::kDelta,
                          PageKind::kCold, PageKind::kFree})
        EXPECT_EQ(Page(kind).Deep(), PageFault::kNone) << static_cast<int>(kind);
    EXPECT_EQ(NodePage().Deep(), PageFault::kNone);
    Page tids(PageKind::kTids);
    for (uint32_t i = 0; i < tids.geometry.segment_capacity; ++i)
        SegmentsOf(tids.bytes)[i].owner = kNoNode;
    EXPECT_EQ(tids.Deep(), PageFault::kNone);
}

TEST(PageCheck, Trailer)
{
    Page other(PageKind::kMean);
    other.trailer()->page_id = 0xFF92;
    EXPECT_EQ(other.Deep(), PageFault::kNotOurs);
    for (int kind : {0, static_cast<int>(PageKind::kMeta), 9, 255}) {
        Page page(PageKind::kMean);
        page.trailer()->kind = static_cast<uint8_t>(kind);
        EXPECT_EQ(page.Deep(), PageFault::kWrongKind) << kind;
    }
    for (uint32_t next : {0u, kBlocks, 0xFFFFFFFEu}) {
        Page page(PageKind::kMean);
        page.trailer()->next = next;
        EXPECT_EQ(page.Deep(), PageFault::kBadLink) << next;
    }
    Page last(PageKind::kMean);
    last.trailer()->next = kBlocks - 1;
    EXPECT_EQ(last.Deep(), PageFault::kNone);
}

TEST(PageCheck, DamagedNodes)
{
    struct Case {
        const char *what;
        void (*damage)(NodeView node);
        PageFault fault;
    };
    for (const Case &at : {
             Case{"state", [](NodeView n) { n.header()->state = 4; }, PageFault::kBadState},
             Case{"degree", [](NodeView n) { ++n.header()->degree; }, PageFault::kBadCount},
             Case{"tids", [](NodeView n) { n.header()->inline_tids = 3; }, PageFault::kBadCount},
             Case{"cold", [](NodeView n) { n.header()->cold_block = kBlocks; },
                  PageFault::kBadLink},
             Case{"cold 0", [](NodeView n) { n.header()->cold_block = 0; }, PageFault::kBadLink},
             Case{"segment", [](NodeView n) { n.header()->segment_block = kBlocks; },
                  PageFault::kBadLink},
             Case{"neighbour",
                  [](NodeView n) { n.neighbours().ids[n.geometry->degree - 1] = kMaxNodes; },
                  PageFault::kBadLink},
             Case{"neighbour in meta", [](NodeView n) { n.neighbours().ids[0] = 1; },
                  PageFault::kBadLink},
             Case{"neighbour beyond",
                  [](NodeView n) { n.neighbours().ids[0] = kBlocks * n.geometry->slots_per_page; },
                  PageFault::kBadLink},
         }) {
        for (uint32_t slot : {0u, 5u}) {
            Page page = NodePage();
            at.damage(NodeAt(page.bytes, page.geometry, slot));
            EXPECT_EQ(page.Deep(), at.fault) << at.what << " in slot " << slot;
            // What a free slot holds does not count.
            if (at.fault != PageFault::kBadState) {
                NodeAt(page.bytes, page.geometry, slot).header()->state =
                    static_cast<uint8_t>(NodeState::kFree);
                EXPECT_EQ(page.Deep(), PageFault::kNone) << at.what;
            }
        }
    }
    // Nor does what lies behind a shorter list.
    Page page = NodePage();
    NodeView node = NodeAt(page.bytes, page.geometry, 0);
    node.header()->degree = 3;
    node.neighbours().ids[3] = kMaxNodes;
    EXPECT_EQ(page.Deep(), PageFault::kNone);
}

TEST(PageCheck, DamagedEntries)
{
    Page page(PageKind::kEntry);
    auto view = EntriesOf(page.bytes, page.geometry);
    auto capacity = static_cast<uint16_t>(page.geometry.entry_capacity);
    view.header()->count = capacity;
    for (uint32_t i = 0; i < capacity; ++i)
        view.entries().ids[i] = NodeId(page.geometry, 7, 0);
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    view.entries().ids[capacity - 1] = NodeId(page.geometry, kBlocks, 0);
    EXPECT_EQ(page.Deep(), PageFault::kBadLink);
    view.header()->count = static_cast<uint16_t>(capacity - 1);
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    view.header()->count = static_cast<uint16_t>(capacity + 1);
    EXPECT_EQ(page.Deep(), PageFault::kBadCount);
}

TEST(PageCheck, DamagedDelta)
{
    Page page(PageKind::kDelta, 4096);
    auto view = DeltaOf(page.bytes, page.geometry);
    auto capacity = static_cast<uint16_t>(page.geometry.delta_capacity);
    view.header()->used = capacity;
    for (uint32_t i = 0; i < capacity; ++i) {
        view.items()[i].state = static_cast<uint8_t>(DeltaState::kPresent);
        view.items()[i].cold_block = 50;
    }
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    view.items()[capacity - 1].state = 3;
    EXPECT_EQ(page.Deep(), PageFault::kBadState);
    view.items()[capacity - 1].state = static_cast<uint8_t>(DeltaState::kMerging);
    view.items()[0].cold_block = kBlocks;
    EXPECT_EQ(page.Deep(), PageFault::kBadLink);
    view.items()[0].cold_block = kNoBlock;
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    view.header()->used = static_cast<uint16_t>(capacity + 1);
    EXPECT_EQ(page.Deep(), PageFault::kBadCount);
}

TEST(PageCheck, DamagedTids)
{
    Page page(PageKind::kTids);
    TidSegment *segments = SegmentsOf(page.bytes);
    for (uint32_t i = 0; i < page.geometry.segment_capacity; ++i) {
        segments[i].owner = 9;
        segments[i].count = kTidsPerSegment;
        segments[i].next_block = 40;
        segments[i].next_slot = static_cast<uint16_t>(page.geometry.segment_capacity - 1);
    }
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    TidSegment *last = &segments[page.geometry.segment_capacity - 1];
    TidSegment sound = *last;
    last->count = kTidsPerSegment + 1;
    EXPECT_EQ(page.Deep(), PageFault::kBadCount);
    last->owner = kNoNode;
    EXPECT_EQ(page.Deep(), PageFault::kNone);
    *last = sound;
    last->next_block = kBlocks;
    EXPECT_EQ(page.Deep(), PageFault::kBadLink);
    *last = sound;
    last->next_slot = static_cast<uint16_t>(page.geometry.segment_capacity);
    EXPECT_EQ(page.Deep(), PageFault::kBadLink);
    last->next_block = kNoBlock;
    EXPECT_EQ(page.Deep(), PageFault::kNone);
}

// Whatever the bytes are, the checks end and read no byte beyond the page (make check-unit SANITIZE=1).
TEST(PageCheck, AnyBytes)
{
    uint64_t random = 88172645463325252u;
    auto next = [&random] {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    };
    int faults = 0;
    for (int round = 0; round < 4000; ++round) {
        Page page(static_cast<PageKind>(2 + round % 7), round % 2 == 0 ? 128 : 4096);
        Trailer trailer = *page.trailer();
        for (size_t at = 0; at < kPageSize; at += 8) {
            uint64_t word = next();
            memcpy(page.bytes + at, &word, 8);
        }
        *page.trailer() = trailer;
        faults += page.Deep() != PageFault::kNone;
        page.trailer()->kind = static_cast<uint8_t>(PageKind::kMeta);
        MetaOf(page.bytes)->magic = kMagic;
        MetaOf(page.bytes)->version = kFormatVersion;
        Geometry geometry;
        faults += CheckMeta(page.bytes, kPageSize, &geometry) != PageFault::kNone;
    }
    // Mean, cold and free pages have nothing to be wrong about alone.
    EXPECT_GE(faults, 4000 + 4000 * 4 / 7 - 4);
}

} // namespace
} // namespace omendb::test
