#include "omendb/pg/shared_memory.h"

extern "C" {
#include <fcntl.h>
#include <miscadmin.h>
#include <storage/fd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utils/memutils.h>
}

namespace omendb {

void
DropSharedMemory(SharedMemory *memory)
{
    if (memory->base == nullptr)
        return;
    munmap(memory->base, memory->bytes);
    close(memory->file);
    ReleaseExternalFD();
    memory->base = nullptr;
}

static void
Release(void *argument)
{
    DropSharedMemory(static_cast<SharedMemory *>(argument));
}

// Under strict accounting a page that cannot be had would be a bus error in whoever touches it, and the whole
// server would start anew; memory of one process alone gives a clean error.
[[maybe_unused]] static bool
MemoryIsAccounted()
{
    FILE *file = AllocateFile("/proc/sys/vm/overcommit_memory", "r");
    if (file == nullptr)
        return true;
    int mode = getc(file);
    FreeFile(file);
    return mode != '0' && mode != '1';
}

SharedMemory *
CreateSharedMemory([[maybe_unused]] MemoryContext context, [[maybe_unused]] size_t bytes)
{
#ifdef MFD_CLOEXEC
    if (MemoryIsAccounted())
        return nullptr;
    auto *memory =
        static_cast<SharedMemory *>(MemoryContextAllocZero(context, sizeof(SharedMemory)));
    auto *release = static_cast<MemoryContextCallback *>(
        MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    int file = memfd_create("omendb", MFD_CLOEXEC);
    if (file < 0)
        return nullptr;
    void *base = MAP_FAILED;
    if (ftruncate(file, static_cast<off_t>(bytes)) == 0)
        base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (base == MAP_FAILED) {
        close(file);
        return nullptr;
    }
    ReserveExternalFD();
    *memory = {static_cast<char *>(base), bytes, 0, file};
    release->func = Release;
    release->arg = memory;
    MemoryContextRegisterResetCallback(context, release);
    return memory;
#else
    return nullptr;
#endif
}

SharedMemoryName
NameOf(const SharedMemory *memory)
{
    return {MyProcPid, memory->file, memory->bytes, memory->base};
}

char *
MapSharedMemory(const SharedMemoryName &name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", name.process, name.file);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return nullptr;
    void *base = mmap(nullptr, name.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return base == MAP_FAILED ? nullptr : static_cast<char *>(base);
}

Pool
PoolOf(SharedMemory *memory)
{
    auto allocate = [](void *context, size_t bytes) -> void * {
        auto *from = static_cast<SharedMemory *>(context);
        size_t at = from->used;
        size_t needed = TYPEALIGN64(64, bytes);
        if (needed > from->bytes - at)
            ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
                            errmsg("memory shared with parallel workers is full"),
                            errdetail("%zu of %zu bytes are taken, %zu more are wanted.", at,
                                      from->bytes, bytes)));
        from->used += needed;
        return from->base + at;
    };
    return Pool{allocate, memory};
}

} // namespace omendb
