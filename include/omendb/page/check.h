// One-page checks: what can be said of a page without looking at another. Cheap ones run whenever a page is
// read; deep ones in omendb_check_index. They return a fault, which the access method turns into an error
// that names index and block.
#pragma once

#include <cstdint>

#include "omendb/page/layout.h"

namespace omendb {

enum class PageFault : uint8_t {
    kNone = 0,
    kNotOurs,    // page id missing: zeroed, or another program's page
    kWrongKind,  // ours, but another kind than expected here
    kBadMagic,   // meta: not an omendb index
    kBadVersion, // meta: a format this library does not read
    kBadShape,   // meta: fields contradict each other
    kBadCount,   // a count or degree beyond its capacity
    kBadState,   // a state byte with no meaning
    kBadLink,    // a block or slot that cannot be
};

const char *PageFaultText(PageFault fault);

// Page id and kind. `page` is a whole page in a buffer.
PageFault CheckKind(const char *page, uint32_t page_size, PageKind kind);

// Magic, version, and that the shape makes a geometry, which is stored.
PageFault CheckMeta(const char *page, uint32_t page_size, Geometry *geometry);

// Everything a page of any kind can be held to alone: counts, states, links below `blocks`. Meta excepted.
PageFault CheckPageDeep(const char *page, const Geometry &geometry, uint32_t blocks);

} // namespace omendb
