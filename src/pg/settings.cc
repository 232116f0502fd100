#include "omendb/pg/settings.h"

#include "omendb/pg/failure_points.h"
#include "omendb/pg/postgres.h"
#include "omendb/simd/kernels.h"

extern "C" {
#include <miscadmin.h>
#include <postmaster/autovacuum.h>
#include <utils/builtins.h>
#include <utils/guc.h>
}

namespace omendb {

int ef_search = 50;
int delta_limit_kb = 96;
bool background_merge = true;

static int simd_setting = -1;

static const config_enum_entry kSimdOptions[] = {
    {"auto", -1, false},
    {"baseline", static_cast<int>(Tier::kBaseline), false},
    {"avx2", static_cast<int>(Tier::kAvx2), false},
    {"avx512", static_cast<int>(Tier::kAvx512), false},
    {nullptr, 0, false},
};

static Tier
TierOf(int setting)
{
    return setting < 0 ? BestTier() : static_cast<Tier>(setting);
}

static bool
CheckSimd(int *value, void **, GucSource)
{
    if (KernelsOfTier(TierOf(*value)) != nullptr)
        return true;
    GUC_check_errdetail("This server's CPU or this build of omendb lacks that instruction set.");
    return false;
}

static void
AssignSimd(int value, void *)
{
    const Kernels *table = KernelsOfTier(TierOf(value));
    if (table != nullptr)
        kernels = table;
}

size_t
MaintenanceBytes()
{
#if PG_VERSION_NUM >= 170000
    bool automatic = AmAutoVacuumWorkerProcess();
#else
    bool automatic = IsAutoVacuumWorkerProcess();
#endif
    int kilobytes =
        automatic && autovacuum_work_mem != -1 ? autovacuum_work_mem : maintenance_work_mem;
    return static_cast<size_t>(kilobytes) * 1024;
}

void
DefineSettings()
{
    DefineCustomIntVariable("omendb.ef_search", "Sets how many candidates an index search keeps.",
                            "Larger values find more of the true nearest rows and take longer.",
                            &ef_search, 50, 10, 10000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "omendb.delta_limit",
        "Sets the size of an index's delta at which it is merged into the graph.",
        "The storage parameter delta_limit overrides it for one index.", &delta_limit_kb, 96, 64,
        1024 * 1024, PGC_USERSET, GUC_UNIT_KB, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("omendb.background_merge",
                             "Has background workers merge deltas that pass their limit.",
                             "When off, or when max_worker_processes are all in use, inserting "
                             "backends merge themselves.",
                             &background_merge, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("omendb.simd", "Pins the instruction set of the distance kernels.",
                             "auto takes the widest that the CPU has.", &simd_setting, -1,
                             kSimdOptions, PGC_USERSET, 0, CheckSimd, AssignSimd, nullptr);
    DefineFailurePoints();
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved("omendb");
#else
    EmitWarningsOnPlaceholders("omendb");
#endif
}

} // namespace omendb

// omendb_simd() → text: the name of the kernels in use.
OMENDB_FUNCTION(omendb_simd)
{
    PG_RETURN_TEXT_P(cstring_to_text(omendb::kernels->name));
}
