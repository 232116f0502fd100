// A build whose rows do not fit into maintenance_work_mem: graph/external_build.h over a temporary file.
#pragma once

#include "build_state.h"
#include "omendb/graph/external_build.h"
#include "omendb/page/layout.h"
#include "omendb/pg/temporary_file.h"

namespace omendb {

// What members agree on; in their shared memory, or alone.
struct ExternalAgreement {
    pg_atomic_uint64 file_end;
    char path[MAXPGPATH];
    ExternalOptions options; // set when all rows are loaded
};

struct ExternalBuild {
    ExternalAgreement *agreement;
    TemporaryFile *file;
    Spill spill;
    ExternalLoader loader;
    ExternalShared *shared;
    ptrdiff_t offset; // to the leader's addresses
    uint32_t rows;    // loaded alone
    SoloCrew alone;
    ExternalReader *reader; // once linked
};

inline uint64_t
PayloadOfTid(HeapTid tid)
{
    return static_cast<uint64_t>(tid.block_high) << 32 |
           static_cast<uint64_t>(tid.block_low) << 16 | tid.offset;
}

inline HeapTid
TidOfPayload(uint64_t payload)
{
    return {static_cast<uint16_t>(payload >> 32), static_cast<uint16_t>(payload >> 16),
            static_cast<uint16_t>(payload)};
}

// How many rows such a build takes: what it keeps of each in memory is half of what it may have, and a little.
double ExternalCapacity();

// Bytes that a team shares for so many rows.
size_t ExternalTeamBytes(const BuildState *build, uint32_t rows);

// Begins with an empty file; alone with null for what a team agrees on.
void StartExternal(BuildState *build, ExternalAgreement *agreement);
// The same build for a worker, which sees shared memory `offset` bytes from where the leader does.
void JoinExternal(BuildState *build, ExternalAgreement *agreement, ExternalShared *shared,
                  ptrdiff_t offset);
// The file goes.
void EndExternal(BuildState *build);

// Whether build->capacity rows are there.
bool ExternalIsFull(const BuildState *build);
// A row is encoded here and then added.
int8_t *ExternalCode(BuildState *build);
void AddExternalRow(BuildState *build, const OwnFactors &factors, float rank, HeapTid tid);
// Writes what still waits.
void EndExternalLoad(BuildState *build);

// Links what was loaded, alone or with the team; of no rows it makes nothing.
void LinkExternal(BuildState *build, const BulkOptions &options);
// A worker's part, from phase `first` after loading on.
void HelpLinkExternal(BuildState *build, const BulkCrew &crew, uint32_t first);

// REQUIRES: linked.
ExternalReader *ReaderOf(BuildState *build);

} // namespace omendb
