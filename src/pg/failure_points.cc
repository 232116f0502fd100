#include "omendb/pg/failure_points.h"

#ifdef OMENDB_DEBUG

#include <csignal>
#include <unistd.h>

#include "omendb/pg/postgres.h"

extern "C" {
#include <access/xlog.h>
#include <lib/stringinfo.h>
#include <utils/builtins.h>
#include <utils/guc.h>
}

// Bounds of the section that OMENDB_FAILURE_POINT fills, named so by the linker.
extern "C" {
extern const char *const __start_omendb_points[] __attribute__((visibility("hidden")));
extern const char *const __stop_omendb_points[] __attribute__((visibility("hidden")));
}

namespace omendb {

enum class FailureAction : int { kError, kKill, kPause };

static const config_enum_entry kActions[] = {
    {"error", static_cast<int>(FailureAction::kError), false},
    {"kill", static_cast<int>(FailureAction::kKill), false},
    {"pause", static_cast<int>(FailureAction::kPause), false},
    {nullptr, 0, false},
};

static char *failure_point = nullptr;
static int failure_action = static_cast<int>(FailureAction::kError);
static int failure_after = 1;
static int times_reached = 0;

void
ReachFailurePoint(const char *name)
{
    if (failure_point == nullptr || strcmp(failure_point, name) != 0 ||
        ++times_reached != failure_after)
        return;
    if (failure_action == static_cast<int>(FailureAction::kError))
        ereport(ERROR,
                (errcode(ERRCODE_INTERNAL_ERROR), errmsg("failure point \"%s\" reached", name)));
    if (failure_action == static_cast<int>(FailureAction::kPause)) {
        pg_usleep(1000000);
        return;
    }
    XLogFlush(GetXLogInsertRecPtr());
    kill(getpid(), SIGKILL);
    pause();
}

static bool
CheckName(char **value, void **, GucSource)
{
    if (**value == '\0')
        return true;
    for (const char *const *point = __start_omendb_points; point < __stop_omendb_points; ++point)
        if (strcmp(*point, *value) == 0)
            return true;
    GUC_check_errdetail("There is no such failure point.");
    return false;
}

static void
AssignName(const char *, void *)
{
    times_reached = 0;
}

void
DefineFailurePoints()
{
    DefineCustomStringVariable("omendb.failure_point", "Names the place at which to fail.", nullptr,
                               &failure_point, "", PGC_SUSET, 0, CheckName, AssignName, nullptr);
    DefineCustomEnumVariable("omendb.failure_action", "Sets what happens at the failure point.",
                             nullptr, &failure_action, failure_action, kActions, PGC_SUSET, 0,
                             nullptr, nullptr, nullptr);
    DefineCustomIntVariable("omendb.failure_after",
                            "Sets how often the failure point is reached before it fails.", nullptr,
                            &failure_after, 1, 1, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

} // namespace omendb

// omendb_failure_points() → text: their names, one a line. Tests create it in SQL themselves.
OMENDB_FUNCTION(omendb_failure_points)
{
    StringInfoData names;
    initStringInfo(&names);
    for (const char *const *point = __start_omendb_points; point < __stop_omendb_points; ++point)
        appendStringInfo(&names, "%s%s", names.len > 0 ? "\n" : "", *point);
    PG_RETURN_TEXT_P(cstring_to_text(names.data));
}

#endif
