// Rows onto the end of a delta chain.
#pragma once

#include "index_state.h"
#include "omendb/page/views.h"

namespace omendb {

// Rows not yet in the delta: items, and their codes one after the other, `coded` values each.
struct NewRows {
    const DeltaItem *items;
    const int8_t *codes;
    uint32_t count;
};

// Appends them to this backend's chain; `appended`, if not null, counts them record by record. LOCKS: meta shared; a
// delta page exclusively; with a new page, meta, the page before it and the new one exclusively. WAL: one record a page
// that takes rows.
void AppendRows(Relation index, NewRows rows, uint32_t *appended = nullptr);

} // namespace omendb
