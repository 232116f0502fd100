// Pinning a page by a number that another page gave.
#include "omendb/pg/buffers.h"

#if PG_VERSION_NUM >= 150000
extern "C" {
#include <storage/smgr.h>
}
#endif

namespace omendb {

static bool
Exists(Relation index, BlockNumber block)
{
#if PG_VERSION_NUM >= 150000
    // The size last seen, for nothing: an index never shrinks.
    BlockNumber seen = RelationGetSmgr(index)->smgr_cached_nblocks[MAIN_FORKNUM];
    if (seen != InvalidBlockNumber && block < seen)
        return true;
#endif
    return block < RelationGetNumberOfBlocks(index);
}

Buffer
ReadLinked(Relation index, BlockNumber block)
{
    // InvalidBlockNumber, the largest, would be P_NEW to ReadBuffer.
    if (unlikely(!Exists(index, block)))
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" is damaged at block %u: no such block",
                               RelationGetRelationName(index), block),
                        errhint("Please REINDEX it.")));
    return ReadBuffer(index, block);
}

} // namespace omendb
