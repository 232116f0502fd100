#include "omendb/pg/temporary_file.h"

extern "C" {
#include <commands/tablespace.h>
#include <fcntl.h>
#include <pgstat.h>
#if PG_VERSION_NUM >= 140000
#include <utils/wait_event.h>
#endif
}

namespace omendb {

TemporaryFile *
CreateTemporaryFile(MemoryContext context, pg_atomic_uint64 *end)
{
    auto *file = static_cast<TemporaryFile *>(MemoryContextAlloc(context, sizeof(TemporaryFile)));
    PrepareTempTablespaces(); // temp_tablespaces is heeded only after it
    file->file = ::OpenTemporaryFile(false);
    file->end = end;
    return file;
}

TemporaryFile *
OpenTemporaryFile(MemoryContext context, const char *path, pg_atomic_uint64 *end)
{
    auto *file = static_cast<TemporaryFile *>(MemoryContextAlloc(context, sizeof(TemporaryFile)));
    file->file = PathNameOpenFile(path, O_RDWR | PG_BINARY);
    if (file->file < 0)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not open temporary file \"%s\": %m", path)));
    file->end = end;
    return file;
}

const char *
PathOf(const TemporaryFile *file)
{
    return FilePathName(file->file);
}

void
CloseTemporaryFile(TemporaryFile *file)
{
    FileClose(file->file);
}

static void
ReadSpill(void *context, uint64_t at, void *to, size_t bytes)
{
    auto *file = static_cast<TemporaryFile *>(context);
    auto *target = static_cast<char *>(to);
    while (bytes > 0) {
        int here = static_cast<int>(Min(bytes, size_t{1} << 28));
        int got =
            FileRead(file->file, target, here, static_cast<off_t>(at), WAIT_EVENT_BUFFILE_READ);
        if (got < 0)
            ereport(ERROR, (errcode_for_file_access(),
                            errmsg("could not read from temporary file \"%s\": %m", PathOf(file))));
        if (got == 0)
            ereport(ERROR, (errcode(ERRCODE_IO_ERROR),
                            errmsg("could not read from temporary file \"%s\": it ends early",
                                   PathOf(file))));
        target += got;
        at += static_cast<uint64_t>(got);
        bytes -= static_cast<size_t>(got);
    }
}

static void
WriteSpill(void *context, uint64_t at, const void *from, size_t bytes)
{
    auto *file = static_cast<TemporaryFile *>(context);
    auto *source = static_cast<char *>(const_cast<void *>(from));
    while (bytes > 0) {
        int here = static_cast<int>(Min(bytes, size_t{1} << 28));
        int put =
            FileWrite(file->file, source, here, static_cast<off_t>(at), WAIT_EVENT_BUFFILE_WRITE);
        if (put != here)
            ereport(ERROR, (errcode_for_file_access(),
                            errmsg("could not write to temporary file \"%s\": %m", PathOf(file))));
        source += put;
        at += static_cast<uint64_t>(put);
        bytes -= static_cast<size_t>(put);
    }
}

static uint64_t
ReserveSpill(void *context, uint64_t bytes)
{
    auto *file = static_cast<TemporaryFile *>(context);
    return pg_atomic_fetch_add_u64(file->end, static_cast<int64>((bytes + 7) / 8 * 8));
}

Spill
SpillOf(TemporaryFile *file)
{
    return {file, ReadSpill, WriteSpill, ReserveSpill};
}

} // namespace omendb
