// Views: a page in a buffer seen through its geometry. They copy nothing, own nothing and check nothing;
// REQUIRES everywhere: the page passed the one-page check of its kind (page/check.h).
#pragma once

#include <cstdint>
#include <type_traits>

#include "omendb/page/layout.h"

namespace omendb {

inline char *
Body(char *page)
{
    return page + kServerHeaderBytes;
}

inline const char *
Body(const char *page)
{
    return page + kServerHeaderBytes;
}

inline Trailer *
TrailerOf(char *page, uint32_t page_size)
{
    return reinterpret_cast<Trailer *>(page + page_size - sizeof(Trailer));
}

inline const Trailer *
TrailerOf(const char *page, uint32_t page_size)
{
    return reinterpret_cast<const Trailer *>(page + page_size - sizeof(Trailer));
}

inline uint32_t
NodeBlock(const Geometry &geometry, uint32_t node)
{
    return node / geometry.slots_per_page;
}

inline uint32_t
NodeSlot(const Geometry &geometry, uint32_t node)
{
    return node % geometry.slots_per_page;
}

inline uint32_t
NodeId(const Geometry &geometry, uint32_t block, uint32_t slot)
{
    return block * geometry.slots_per_page + slot;
}

// Arrays over neighbours, in a node slot or an entry page.
template <class Byte>
struct NeighbourArrays {
    template <class T>
    using As = std::conditional_t<std::is_const_v<Byte>, const T, T>;

    As<uint32_t> *ids;
    As<uint16_t> *f_add;
    As<uint16_t> *f_mul;
    As<uint8_t> *tag;
    As<uint8_t> *codes;
};

// One node slot. Byte is char or const char.
template <class Byte>
struct BasicNodeView {
    template <class T>
    using As = std::conditional_t<std::is_const_v<Byte>, const T, T>;

    Byte *base;
    const Geometry *geometry;

    As<NodeHeader> *header() const { return reinterpret_cast<As<NodeHeader> *>(base); }
    As<int8_t> *own() const { return reinterpret_cast<As<int8_t> *>(base + sizeof(NodeHeader)); }

    NeighbourArrays<Byte> neighbours() const
    {
        return {reinterpret_cast<As<uint32_t> *>(base + geometry->ids_offset),
                reinterpret_cast<As<uint16_t> *>(base + geometry->add_offset),
                reinterpret_cast<As<uint16_t> *>(base + geometry->mul_offset),
                reinterpret_cast<As<uint8_t> *>(base + geometry->tag_offset),
                reinterpret_cast<As<uint8_t> *>(base + geometry->codes_offset)};
    }
};

using NodeView = BasicNodeView<char>;
using ConstNodeView = BasicNodeView<const char>;

inline NodeView
NodeAt(char *page, const Geometry &geometry, uint32_t slot)
{
    return {Body(page) + slot * geometry.slot_bytes, &geometry};
}

inline ConstNodeView
NodeAt(const char *page, const Geometry &geometry, uint32_t slot)
{
    return {Body(page) + slot * geometry.slot_bytes, &geometry};
}

template <class Byte>
struct BasicEntryView {
    template <class T>
    using As = std::conditional_t<std::is_const_v<Byte>, const T, T>;

    Byte *body;
    const Geometry *geometry;

    As<EntryHeader> *header() const { return reinterpret_cast<As<EntryHeader> *>(body); }

    NeighbourArrays<Byte> entries() const
    {
        return {reinterpret_cast<As<uint32_t> *>(body + geometry->entry_ids),
                reinterpret_cast<As<uint16_t> *>(body + geometry->entry_add),
                reinterpret_cast<As<uint16_t> *>(body + geometry->entry_mul),
                reinterpret_cast<As<uint8_t> *>(body + geometry->entry_tag),
                reinterpret_cast<As<uint8_t> *>(body + geometry->entry_codes)};
    }
};

using EntryView = BasicEntryView<char>;
using ConstEntryView = BasicEntryView<const char>;

template <class Byte>
struct BasicDeltaView {
    template <class T>
    using As = std::conditional_t<std::is_const_v<Byte>, const T, T>;

    Byte *body;
    const Geometry *geometry;

    As<DeltaHeader> *header() const { return reinterpret_cast<As<DeltaHeader> *>(body); }
    As<DeltaItem> *items() const
    {
        return reinterpret_cast<As<DeltaItem> *>(body + geometry->delta_items);
    }
    As<int8_t> *own(uint32_t i) const
    {
        return reinterpret_cast<As<int8_t> *>(body + geometry->delta_own + i * geometry->coded);
    }
};

using DeltaView = BasicDeltaView<char>;
using ConstDeltaView = BasicDeltaView<const char>;

template <class Byte>
auto
EntriesOf(Byte *page, const Geometry &geometry)
{
    return BasicEntryView<Byte>{Body(page), &geometry};
}

template <class Byte>
auto
DeltaOf(Byte *page, const Geometry &geometry)
{
    return BasicDeltaView<Byte>{Body(page), &geometry};
}

inline TidSegment *
SegmentsOf(char *page)
{
    return reinterpret_cast<TidSegment *>(Body(page));
}

inline const TidSegment *
SegmentsOf(const char *page)
{
    return reinterpret_cast<const TidSegment *>(Body(page));
}

inline ColdHeader *
ColdOf(char *page)
{
    return reinterpret_cast<ColdHeader *>(Body(page));
}

inline const ColdHeader *
ColdOf(const char *page)
{
    return reinterpret_cast<const ColdHeader *>(Body(page));
}

inline MetaPage *
MetaOf(char *page)
{
    return reinterpret_cast<MetaPage *>(Body(page));
}

inline const MetaPage *
MetaOf(const char *page)
{
    return reinterpret_cast<const MetaPage *>(Body(page));
}

} // namespace omendb
