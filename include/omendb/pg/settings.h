// Settings (GUCs). docs: README.md "Tuning".
#pragma once

#include <cstddef>

namespace omendb {

// omendb.ef_search: width of a search's pool, 10 .. 10,000.
extern int ef_search;

// omendb.delta_limit: kB of delta pages an index may hold before it is merged; the storage parameter of the
// same name overrides it for one index.
extern int delta_limit_kb;

// omendb.background_merge: whether workers are asked to merge.
extern bool background_merge;

// maintenance_work_mem, or autovacuum_work_mem where that counts, in bytes.
size_t MaintenanceBytes();

// Defines the settings and pins the best kernels. Once, from _PG_init.
void DefineSettings();

} // namespace omendb
