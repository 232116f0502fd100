// The door of the access method.
#pragma once

namespace omendb {

// Registers the storage parameters of omendb indexes. Once, from _PG_init.
void DefineStorageParameters();

// Looks after rows that statements gather (src/am/pending_rows.h). Once, from _PG_init.
void WatchTransactions();

} // namespace omendb
