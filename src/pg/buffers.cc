#include "omendb/pg/buffers.h"

#include "omendb/page/check.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"

extern "C" {
#include <miscadmin.h>
#include <pgstat.h>
#include <storage/indexfsm.h>
#include <storage/lmgr.h>
}

namespace omendb {

static_assert(BLCKSZ >= 4096, "smaller pages hold no node worth the name");

static bool
ReadRecent([[maybe_unused]] Relation index, [[maybe_unused]] BlockNumber block,
           [[maybe_unused]] Buffer recent)
{
#if PG_VERSION_NUM >= 160000
    return ReadRecentBuffer(index->rd_locator, MAIN_FORKNUM, block, recent);
#elif PG_VERSION_NUM >= 140000
    return ReadRecentBuffer(index->rd_node, MAIN_FORKNUM, block, recent);
#else
    return false; // not there before 14
#endif
}

Buffer
ReadPage(Relation index, BlockNumber block, Buffer *recent)
{
    if (BufferIsValid(*recent) && ReadRecent(index, block, *recent)) {
        // As ReadBuffer counts it, for pg_statio_all_indexes.
        pgstat_count_buffer_read(index);
        pgstat_count_buffer_hit(index);
        return *recent;
    }
    *recent = ReadLinked(index, block);
    return *recent;
}

bool
PageIsFree(const char *page)
{
    return PageIsNew(const_cast<char *>(page)) ||
           CheckKind(page, BLCKSZ, PageKind::kFree) == PageFault::kNone;
}

// A page from the free space map; InvalidBuffer: it knows of none.
static Buffer
TakeFreePage(Relation index)
{
    // The map is a hint: a crash may leave it naming a page that is in use again.
    for (;;) {
        BlockNumber block = GetFreeIndexPage(index);
        if (block == InvalidBlockNumber)
            return InvalidBuffer;
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = ReadBuffer(index, block);
        if (ConditionalLockBuffer(buffer)) {
            if (PageIsFree(BufferGetPage(buffer)))
                return buffer;
            LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
        }
        ReleaseBuffer(buffer);
    }
}

Buffer
NewPage(Relation index)
{
    // Finding a page in the map and taking it out are two steps: without the lock, two backends get one page. Nobody
    // waits for a buffer under it, for others wait for it with buffers locked.
    bool shared = !RELATION_IS_LOCAL(index);
    if (shared)
        LockRelationForExtension(index, ExclusiveLock);
    Buffer buffer = TakeFreePage(index);
    // A page at the end is locked before anyone can see it.
    if (buffer == InvalidBuffer)
        buffer = ReadBufferExtended(index, MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, nullptr);
    if (shared)
        UnlockRelationForExtension(index, ExclusiveLock);
    return buffer;
}

void
RecordFreePage(Relation index, BlockNumber block)
{
    RecordFreeIndexPage(index, block);
}

bool
RecordIfFree(Relation index, BlockNumber block)
{
    if (!WithSharedPage(index, block, PageIsFree))
        return false;
    RecordFreePage(index, block);
    return true;
}

char *
WalRecord::Add(BlockNumber block)
{
    if (unlikely(Held(block) != nullptr))
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" is damaged at block %u: a link leads back to it",
                               RelationGetRelationName(index_), block),
                        errhint("Please REINDEX it.")));
    Buffer buffer = ReadLinked(index_, block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    return AddLocked(buffer, false);
}

char *
WalRecord::Held(BlockNumber block) const
{
    for (int i = 0; i < count_; ++i)
        if (BufferGetBlockNumber(buffers_[i]) == block)
            return images_[i];
    return nullptr;
}

char *
WalRecord::AddLocked(Buffer buffer, bool fresh)
{
    Assert(count_ < kMaxPages);
    buffers_[count_] = buffer;
    images_[count_] =
        GenericXLogRegisterBuffer(state_, buffer, fresh ? GENERIC_XLOG_FULL_IMAGE : 0);
    return images_[count_++];
}

void
WalRecord::Release()
{
    for (int i = 0; i < count_; ++i)
        UnlockReleaseBuffer(buffers_[i]);
    count_ = 0;
}

void
WalRecord::Finish()
{
    GenericXLogFinish(state_);
    Release();
    OMENDB_FAILURE_POINT("wal record");
}

void
WalRecord::Abandon()
{
    GenericXLogAbort(state_);
    Release();
}

} // namespace omendb
