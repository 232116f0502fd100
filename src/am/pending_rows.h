// Rows that running statements have inserted and that are not in the delta yet: gathered, so that one WAL record and
// one lock of a page serve as many rows as a page holds. Until its transaction commits, nobody but that transaction
// itself may see a row, so rows are written to the delta
//   - when a page of them is full, and when the statement ends (COPY before PostgreSQL 17: when the transaction does);
//   - before a scan of an index, and before parallel workers start, for a trigger's query, say;
//   - before the transaction or a subtransaction commits or is prepared, and before a subtransaction begins.
// With an aborted (sub)transaction its rows go too: VACUUM would not find them, and their places in the table may be
// given to others.
//
// Not gathered, but written at once: the first row of a statement (many have no other); rows of ON CONFLICT, which the
// statement itself may take back; rows with a cold part, which would stay behind; rows for an index that is being built;
// rows of SERIALIZABLE transactions, whose readers must meet each other's rows.
#pragma once

#include "delta_append.h"

extern "C" {
#include <nodes/execnodes.h>
}

namespace omendb {

struct PendingRows;

// What a statement keeps for an index that it inserts into; it lives as long as the statement's IndexInfo.
struct InsertingStatement {
    uint64 rows;           // inserted so far
    MemoryContext scratch; // of one row's making
    PendingRows *pending;  // null: none yet
    uint64 transaction;    // that `pending` belongs to
    MemoryContextCallback at_end;
};

// Made at the first call.
InsertingStatement *StatementOf(IndexInfo *info);

// Writes a row to the delta, at once if `heap` is null, or keeps it for later; `code` has `padded` values. Returns how
// many rows the delta got.
// LOCKS: as AppendRows; before, the row's page of the table, shared.
uint32_t AddRow(InsertingStatement *statement, Relation heap, Relation index, const DeltaItem &item,
                const int8_t *code);

// Writes what the statement has gathered. Returns how many rows. LOCKS: as AppendRows.
uint32_t FlushStatement(InsertingStatement *statement, Relation index);

// Writes what any statement of this session has gathered. Cheap if there is nothing.
void FlushAllRows();

// Drops what was gathered for an index: it is built anew from its table.
void ForgetRows(Oid index);

} // namespace omendb
