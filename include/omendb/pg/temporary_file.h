// A temporary file of PostgreSQL's that parallel workers may use too: it stands in the temporary tablespace,
// counts for temp_file_limit and log_temp_files, and goes with the transaction that created it, or when the
// server starts anew.
#pragma once

#include "omendb/base/spill.h"
#include "omendb/pg/postgres.h"

extern "C" {
#include <port/atomics.h>
#include <storage/fd.h>
}

namespace omendb {

struct TemporaryFile {
    File file;
    pg_atomic_uint64 *end; // of what was reserved; shared by all who use the file
};

// `end` is 0, or what has been agreed on.
TemporaryFile *CreateTemporaryFile(MemoryContext context, pg_atomic_uint64 *end);

// The file that another process created.
TemporaryFile *OpenTemporaryFile(MemoryContext context, const char *path, pg_atomic_uint64 *end);

const char *PathOf(const TemporaryFile *file);

void CloseTemporaryFile(TemporaryFile *file);

// Reads and writes it. ERRORS: io_error, disk_full, configuration_limit_exceeded (temp_file_limit).
Spill SpillOf(TemporaryFile *file);

} // namespace omendb
