#include "omendb/page/check.h"

#include "omendb/page/views.h"

namespace omendb {

const char *
PageFaultText(PageFault fault)
{
    switch (fault) {
    case PageFault::kNone:
        return "no fault";
    case PageFault::kNotOurs:
        return "not an omendb page";
    case PageFault::kWrongKind:
        return "unexpected page kind";
    case PageFault::kBadMagic:
        return "not an omendb index";
    case PageFault::kBadVersion:
        return "unknown format version";
    case PageFault::kBadShape:
        return "contradictory index parameters";
    case PageFault::kBadCount:
        return "count beyond capacity";
    case PageFault::kBadState:
        return "invalid state";
    case PageFault::kBadLink:
        return "link to a place that cannot be";
    }
    return "unknown fault";
}

PageFault
CheckKind(const char *page, uint32_t page_size, PageKind kind)
{
    const Trailer *trailer = TrailerOf(page, page_size);
    if (trailer->page_id != kPageId)
        return PageFault::kNotOurs;
    if (trailer->kind != static_cast<uint8_t>(kind))
        return PageFault::kWrongKind;
    return PageFault::kNone;
}

PageFault
CheckMeta(const char *page, uint32_t page_size, Geometry *geometry)
{
    PageFault fault = CheckKind(page, page_size, PageKind::kMeta);
    if (fault != PageFault::kNone)
        return fault;
    const MetaPage *meta = MetaOf(page);
    if (meta->magic != kMagic)
        return PageFault::kBadMagic;
    if (meta->version != kFormatVersion)
        return PageFault::kBadVersion;
    if (meta->metric < 1 || meta->metric > 6 ||
        meta->value_type < static_cast<uint8_t>(ValueType::kVector) ||
        meta->value_type > static_cast<uint8_t>(ValueType::kSparsevec) || meta->dims == 0 ||
        meta->dims > meta->padded || meta->padded - meta->dims > 64 || !(meta->scale > 0))
        return PageFault::kBadShape;
    if (!MakeGeometry(page_size, meta->padded, meta->coded, meta->bits, meta->degree,
                      meta->slots_per_page, geometry))
        return PageFault::kBadShape;
    return PageFault::kNone;
}

namespace {

bool
BadBlock(uint32_t block, uint32_t blocks)
{
    return block != kNoBlock && (block == 0 || block >= blocks);
}

PageFault
CheckNodes(const char *page, const Geometry &geometry, uint32_t blocks)
{
    for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot) {
        ConstNodeView node = NodeAt(page, geometry, slot);
        const NodeHeader *header = node.header();
        if (header->state > static_cast<uint8_t>(NodeState::kDead))
            return PageFault::kBadState;
        if (header->state == static_cast<uint8_t>(NodeState::kFree))
            continue;
        if (header->degree > geometry.degree || header->inline_tids > kInlineTids)
            return PageFault::kBadCount;
        if (BadBlock(header->cold_block, blocks) || BadBlock(header->segment_block, blocks))
            return PageFault::kBadLink;
        // A merge by building writes lists before all pages that they name are there.
        if (header->state == static_cast<uint8_t>(NodeState::kJoining))
            continue;
        auto neighbours = node.neighbours();
        for (uint32_t i = 0; i < header->degree; ++i)
            if (BadBlock(NodeBlock(geometry, neighbours.ids[i]), blocks))
                return PageFault::kBadLink;
    }
    return PageFault::kNone;
}

} // namespace

PageFault
CheckPageDeep(const char *page, const Geometry &geometry, uint32_t blocks)
{
    const Trailer *trailer = TrailerOf(page, geometry.page_size);
    if (trailer->page_id != kPageId)
        return PageFault::kNotOurs;
    if (BadBlock(trailer->next, blocks))
        return PageFault::kBadLink;
    switch (static_cast<PageKind>(trailer->kind)) {
    case PageKind::kNode:
        return CheckNodes(page, geometry, blocks);
    case PageKind::kEntry: {
        auto view = EntriesOf(page, geometry);
        if (view.header()->count > geometry.entry_capacity)
            return PageFault::kBadCount;
        for (uint32_t i = 0; i < view.header()->count; ++i)
            if (BadBlock(NodeBlock(geometry, view.entries().ids[i]), blocks))
                return PageFault::kBadLink;
        return PageFault::kNone;
    }
    case PageKind::kDelta: {
        auto view = DeltaOf(page, geometry);
        if (view.header()->used > geometry.delta_capacity)
            return PageFault::kBadCount;
        for (uint32_t i = 0; i < view.header()->used; ++i) {
            if (view.items()[i].state > static_cast<uint8_t>(DeltaState::kMerging))
                return PageFault::kBadState;
            if (BadBlock(view.items()[i].cold_block, blocks))
                return PageFault::kBadLink;
        }
        return PageFault::kNone;
    }
    case PageKind::kTids: {
        const TidSegment *segments = SegmentsOf(page);
        for (uint32_t i = 0; i < geometry.segment_capacity; ++i) {
            if (segments[i].owner == kNoNode)
                continue;
            if (segments[i].count > kTidsPerSegment)
                return PageFault::kBadCount;
            if (BadBlock(segments[i].next_block, blocks) ||
                (segments[i].next_block != kNoBlock &&
                 segments[i].next_slot >= geometry.segment_capacity))
                return PageFault::kBadLink;
        }
        return PageFault::kNone;
    }
    case PageKind::kMean:
    case PageKind::kCold:
    case PageKind::kFree:
        return PageFault::kNone;
    case PageKind::kMeta:
        break;
    }
    return PageFault::kWrongKind;
}

} // namespace omendb
