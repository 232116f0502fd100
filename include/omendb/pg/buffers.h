// Loans of buffer pages. A page is lent to a lambda and taken back when it returns; on an error inside,
// PostgreSQL releases pins and locks itself.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include <access/generic_xlog.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
}

namespace omendb {

// Pins a page, trying the buffer in *recent first and noting there the one it came from. A right guess
// skips the buffer mapping table, half the cost of a page access.
Buffer ReadPage(Relation index, BlockNumber block, Buffer *recent);

// Pins a page that another page names. ERRORS: index_corrupted when the file has no such block.
Buffer ReadLinked(Relation index, BlockNumber block);

// LOCKS: `block` shared, while `use` runs. `use` gets const char *page.
template <class Use>
auto
WithSharedPage(Relation index, BlockNumber block, Use use)
{
    Buffer buffer = ReadLinked(index, block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    if constexpr (std::is_void_v<decltype(use(static_cast<const char *>(nullptr)))>) {
        use(static_cast<const char *>(BufferGetPage(buffer)));
        UnlockReleaseBuffer(buffer);
    } else {
        auto result = use(static_cast<const char *>(BufferGetPage(buffer)));
        UnlockReleaseBuffer(buffer);
        return result;
    }
}

// A page that is nobody's: from the free space map, or a new one at the end. Pinned and exclusively
// locked. A page that was used before says so in its trailer (kind kFree).
// LOCKS: the relation's extension lock for a moment.
Buffer NewPage(Relation index);

// Notes a page of kind kFree for NewPage to take; readers learn of it at once (the map is not logged: what a
// crash forgets, the next VACUUM notes again).
void RecordFreePage(Relation index, BlockNumber block);

// Whether a page is nobody's: never written, or of kind kFree.
bool PageIsFree(const char *page);

// Notes a page if it is nobody's; returns that. LOCKS: the page, shared.
bool RecordIfFree(Relation index, BlockNumber block);

// One generic WAL record over at most four pages. Pages are registered in lock order, changed in place in
// the images that Add returns, and all reach WAL and buffers together in Finish, which also unlocks and
// unpins them. Not finishing (an error in between) changes nothing.
class WalRecord {
public:
    static constexpr int kMaxPages = 4;

    explicit WalRecord(Relation index) : index_(index), state_(GenericXLogStart(index)) {}

    // Pins, locks exclusively and registers. ERRORS: index_corrupted when the page is registered already,
    // which only a wrong link can ask for.
    char *Add(BlockNumber block);

    // The image of a page that is registered already, else null. Reading such a page by itself would wait for
    // our own lock.
    char *Held(BlockNumber block) const;

    bool HasRoom() const { return count_ < kMaxPages; }

    // Registers a page that the caller has locked exclusively. `fresh`: whatever it held before does not
    // matter, it is logged whole.
    char *AddLocked(Buffer buffer, bool fresh);

    void Finish();

    // Unlocks everything without a change.
    void Abandon();

private:
    void Release();

    Relation index_;
    GenericXLogState *state_;
    Buffer buffers_[kMaxPages];
    char *images_[kMaxPages];
    int count_ = 0;
};

} // namespace omendb
