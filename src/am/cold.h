// Cold records: dimensions [coded, padded) of own codes that do not fit a node slot. A record belongs to a
// delta row, then to the node made of it, and is freed with that.
#pragma once

#include "index_state.h"

namespace omendb {

struct ColdAddress {
    uint32_t block; // kNoBlock: the index has no cold part
    uint16_t slot;
};

// Copies a record's cold_bytes to `out`. LOCKS: cold pages, shared, one at a time.
// REQUIRES: the merge right, or the record may be freed and taken by another row meanwhile: a scan uses
// TryReadCold, and then looks whether the owner still names the record.
void ReadCold(Relation index, const Geometry &geometry, ColdAddress address, int8_t *out);

// The same. False: there is no record at the address.
bool TryReadCold(Relation index, const Geometry &geometry, ColdAddress address, int8_t *out);

// Stores `code` (cold_bytes values) in a free record. A crash before its owner is logged leaves the record
// taken until omendb_check_index or REINDEX tells; it is never read.
// LOCKS: meta exclusively, then cold pages. WAL: one record, of meta and up to three cold pages.
ColdAddress WriteCold(Relation index, const Geometry &geometry, const int8_t *code);

// Frees a record whose owner is gone. LOCKS: meta, then the cold page, exclusively. WAL: one record.
void FreeCold(Relation index, const Geometry &geometry, ColdAddress address);

} // namespace omendb
