// Module start: what PostgreSQL looks for in the library.
#include "omendb/pg/postgres.h"
#include "omendb/pg/settings.h"
#include "omendb/am/handler.h"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "omendb", .version = "0.1.0");
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);
}

void
_PG_init(void)
{
    omendb::DefineSettings();
    omendb::DefineStorageParameters();
    omendb::WatchTransactions();
}
