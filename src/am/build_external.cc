#include "build_external.h"

#include <algorithm>

#include "build_team.h"
#include "omendb/graph/entries.h"
#include "omendb/pg/memory.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

// A leaf gives a row that many candidates, and a row is in three leaves of a part.
static constexpr uint32_t kPartReservoir = 32;

// Fewer candidates than in memory, for the codes of each are gathered. Words, a tenth of the raw data: 40 take 13.9 s,
// 48 15.4, 56 16.2 and 64 17.9; recall@10 at ef_search 24 and 50 .927 .965, .926 .965, .929 .965 and .931 .969.
static constexpr uint32_t kReservoir = 40;

// Whatever maintenance_work_mem is: less would cost more time than it is worth.
static constexpr size_t kLeastWork = size_t{6} << 20;
static constexpr double kLeastTables = 8 << 20;

static ExternalOptions
OptionsOf(const BuildState *build, const BulkOptions &bulk)
{
    ExternalOptions options = {};
    options.bulk = bulk;
    options.bulk.reservoir = kReservoir;
    options.ranked = build->metric == Metric::kInnerProduct;
    options.padded = build->geometry.padded;
    options.degree = build->geometry.degree;
    options.codes = CodeShapeOf(build->geometry);
    options.page_nodes = build->geometry.slots_per_page;
    options.part_reservoir = kPartReservoir;
    return options;
}

// What is left of maintenance_work_mem for the work of one of so many members.
static size_t
WorkBytes(const ExternalOptions &options, uint32_t rows, int members)
{
    size_t whole = static_cast<size_t>(maintenance_work_mem) * 1024;
    ExternalOptions none = options;
    none.work_bytes = whole / static_cast<size_t>(members);
    size_t shared = ExternalMemory(none, rows) + rows;
    none.work_bytes = 0;
    size_t fixed = ExternalMemberBytes(none);
    size_t least = std::max(ExternalLeastWork(options), kLeastWork);
    size_t left = whole > shared ? (whole - shared) / static_cast<size_t>(members) : 0;
    // Lists that grow take a quarter more, packed leaders a quarter.
    return left > fixed ? std::max(least, (left - fixed) / 3 * 2) : least;
}

double
ExternalCapacity()
{
    return (kLeastTables + maintenance_work_mem * 1024.0 / 2) / (kExternalBytesPerRow + 1);
}

size_t
ExternalTeamBytes(const BuildState *build, uint32_t rows)
{
    ExternalOptions options = OptionsOf(build, BulkOptions());
    options.work_bytes =
        std::max(ExternalLeastWork(options), static_cast<size_t>(maintenance_work_mem) * 1024);
    // And where segments begin, by page; entries that islands need, up to all rows.
    return ExternalMemory(options, rows + 4096) + (size_t{rows} + 4096) * 2 * sizeof(uint32_t) +
           ModelDims(build->metric, build->dims) * 2 * sizeof(float) + (size_t{4} << 20);
}

static void
Begin(BuildState *build, ExternalAgreement *agreement)
{
    build->external = build->pool.NewZeroedArray<ExternalBuild>(1);
    build->external->agreement = agreement;
}

void
StartExternal(BuildState *build, ExternalAgreement *agreement)
{
    if (agreement == nullptr) {
        agreement = build->pool.NewZeroedArray<ExternalAgreement>(1);
        pg_atomic_init_u64(&agreement->file_end, 0);
    }
    Begin(build, agreement);
    ExternalBuild *external = build->external;
    external->file = CreateTemporaryFile(build->context, &agreement->file_end);
    strlcpy(agreement->path, PathOf(external->file), sizeof(agreement->path));
    external->spill = SpillOf(external->file);
    external->loader = ExternalLoader(build->pool, external->spill, build->geometry.padded);
}

void
JoinExternal(BuildState *build, ExternalAgreement *agreement, ExternalShared *shared,
             ptrdiff_t offset)
{
    Begin(build, agreement);
    ExternalBuild *external = build->external;
    external->file = OpenTemporaryFile(build->context, agreement->path, &agreement->file_end);
    external->spill = SpillOf(external->file);
    external->loader = ExternalLoader(build->pool, external->spill, build->geometry.padded);
    external->shared = shared;
    external->offset = offset;
}

void
EndExternal(BuildState *build)
{
    CloseTemporaryFile(build->external->file);
    build->external = nullptr;
}

static uint32_t
ClaimRows(BuildState *build, uint32_t count)
{
    if (build->team != nullptr)
        return ClaimTeamRows(build->team, count);
    uint32_t first = build->external->rows;
    build->external->rows += count;
    return first;
}

bool
ExternalIsFull(const BuildState *build)
{
    const ExternalBuild *external = build->external;
    uint32_t rows = build->team != nullptr ? TeamRows(build->team) : external->rows;
    return rows + external->loader.waiting() >= build->capacity;
}

int8_t *
ExternalCode(BuildState *build)
{
    return build->external->loader.Code();
}

void
AddExternalRow(BuildState *build, const OwnFactors &factors, float rank, HeapTid tid)
{
    build->external->loader.Add({factors, rank, 0, PayloadOfTid(tid), 0},
                                [build](uint32_t count) { return ClaimRows(build, count); });
}

void
EndExternalLoad(BuildState *build)
{
    build->external->loader.Flush([build](uint32_t count) { return ClaimRows(build, count); });
}

void
LinkExternal(BuildState *build, const BulkOptions &bulk)
{
    ExternalBuild *external = build->external;
    uint32_t rows = build->team != nullptr ? TeamRows(build->team) : external->rows;
    // What was left out or counted twice would be a row lost.
    if (rows != build->index_rows)
        elog(ERROR, "index \"%s\": %u rows were loaded of %.0f",
             RelationGetRelationName(build->index), rows, build->index_rows);
    ExternalOptions options = OptionsOf(build, bulk);
    options.bulk.entries = WantedEntries(rows);
    options.work_bytes = WorkBytes(options, rows, TeamMembers(build->team));
    external->agreement->options = options;
    ExternalTeam team = {};
    if (build->team != nullptr) {
        team = ExternalTeamOf(build);
        MeetTeam(build->team); // the options stand
    } else {
        auto *shared = build->pool.NewZeroedArray<char>(ExternalSharedBytes());
        team = {external->alone.crew(), build->graph_pool,
                reinterpret_cast<ExternalShared *>(shared)};
    }
    external->shared = team.shared;
    MemoryContext context =
        AllocSetContextCreate(build->context, "omendb build links", ALLOCSET_DEFAULT_SIZES);
    BuildExternal(team, PoolOf(context), external->spill, options, rows);
    MemoryContextDelete(context);
}

// The options that the leader chose, with this process's functions.
static ExternalOptions
AgreedOptions(const BuildState *build)
{
    ExternalOptions options = build->external->agreement->options;
    options.bulk.check_interrupts = CommonBulkOptions().check_interrupts;
    options.bulk.progress = nullptr;
    return options;
}

void
HelpLinkExternal(BuildState *build, const BulkCrew &crew, uint32_t first)
{
    ExternalBuild *external = build->external;
    if (first == 0) {
        MeetTeam(build->team);
        ++first;
    }
    ExternalOptions options = AgreedOptions(build);
    MemoryContext context =
        AllocSetContextCreate(build->context, "omendb build links", ALLOCSET_DEFAULT_SIZES);
    HelpBuildExternal(external->shared, external->offset, PoolOf(context), external->spill, options,
                      crew, static_cast<ExternalStep>(first - 1));
    MemoryContextDelete(context);
}

ExternalReader *
ReaderOf(BuildState *build)
{
    ExternalBuild *external = build->external;
    if (external->reader == nullptr) {
        external->reader = build->pool.NewArray<ExternalReader>(1);
        *external->reader = ExternalReader(external->shared, external->offset, build->pool,
                                           external->spill, AgreedOptions(build));
    }
    return external->reader;
}

} // namespace omendb
