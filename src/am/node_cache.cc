#include "node_cache.h"

#include <algorithm>

namespace omendb {

constexpr size_t kLeastEntries = 64;

NodeCache::NodeCache(NodeEditor *editor, Pool pool, size_t bytes)
    : editor_(editor), head_bytes_(sizeof(NodeHeader) + editor->geometry().coded)
{
    uint64 slots =
        uint64{RelationGetNumberOfBlocks(editor->index())} * editor->geometry().slots_per_page;
    size_t most = Min(slots, bytes / (head_bytes_ + sizeof(Entry)));
    size_t entries = kLeastEntries;
    while (2 * entries <= most)
        entries *= 2;
    mask_ = entries - 1;
    entries_ = pool.NewArray<Entry>(entries);
    std::fill(entries_, entries_ + entries, Entry{kNoNode, 0, 0});
    heads_ = pool.NewArray<char>(entries * head_bytes_);
}

void
NodeCache::Put(const NodeCopy &node)
{
    size_t at = Place(node.id);
    entries_[at] = {node.id, node.anchored_edges, node.coded_norm_squared};
    memcpy(heads_ + at * head_bytes_, node.view.base, head_bytes_);
}

void
NodeCache::Note(uint32_t id, ConstNodeView node)
{
    if (entries_[Place(id)].id != id)
        Put(editor_->Describe(id, node.base));
}

NodeCopy
NodeCache::Get(uint32_t id, char *head)
{
    size_t at = Place(id);
    if (entries_[at].id != id) {
        const Geometry &geometry = editor_->geometry();
        BlockNumber block = NodeBlock(geometry, id);
        Buffer buffer = ReadRecent(editor_->index(), GetIndexState(editor_->index()), block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        const char *page = BufferGetPage(buffer);
        RequireKind(editor_->index(), block, page, PageKind::kNode);
        ConstNodeView node = NodeAt(page, geometry, NodeSlot(geometry, id));
        if (node.header()->degree > geometry.degree)
            RaiseDamaged(editor_->index(), block, PageFault::kBadCount);
        Put(editor_->Describe(id, node.base));
        UnlockReleaseBuffer(buffer);
    }
    memcpy(head, heads_ + at * head_bytes_, head_bytes_);
    return {id,
            {head, &editor_->geometry()},
            entries_[at].coded_norm_squared,
            entries_[at].anchored_edges};
}

} // namespace omendb
