#include "back_edges.h"

#include <algorithm>

#include "omendb/pg/failure_points.h"
#include "vacuum.h"

namespace omendb {

BackEdges::BackEdges(NodeEditor *editor, NodeCache *cache, Pool pool, const NodeCopy *nodes)
    : editor_(editor), cache_(cache), pool_(pool), nodes_(nodes), edges_(pool),
      page_(pool.NewArray<char>(BLCKSZ)),
      heads_(pool.NewArray<char>(editor->geometry().degree * cache->head_bytes())),
      copies_(pool.NewArray<NodeCopy>(editor->geometry().degree)), fresh_(pool), candidates_(pool),
      moves_(pool), puts_(pool), marks_(pool), lengths_(pool)
{
}

void
BackEdges::Write()
{
    std::sort(edges_.begin(), edges_.end(), [](const NewEdge &a, const NewEdge &b) {
        if (a.from != b.from)
            return a.from < b.from;
        return a.to != b.to ? a.to < b.to : a.anchored > b.anchored;
    });
    auto last = std::unique(edges_.begin(), edges_.end(), [](const NewEdge &a, const NewEdge &b) {
        return a.from == b.from && a.to == b.to;
    });
    edges_.truncate(static_cast<size_t>(last - edges_.begin()));
    for (size_t i = 0; i < edges_.size();) {
        VacuumDelay();
        BlockNumber block = NodeBlock(editor_->geometry(), edges_[i].from);
        size_t end = i;
        while (end < edges_.size() && NodeBlock(editor_->geometry(), edges_[end].from) == block)
            ++end;
        PlanPage(block, &edges_[i], end - i);
        if (!lengths_.empty() || !marks_.empty())
            WritePage(block);
        i = end;
    }
    edges_.clear();
}

void
BackEdges::PlanPage(BlockNumber block, const NewEdge *edges, size_t count)
{
    const Geometry &geometry = editor_->geometry();
    moves_.clear();
    puts_.clear();
    marks_.clear();
    lengths_.clear();
    Buffer buffer = ReadRecent(editor_->index(), GetIndexState(editor_->index()), block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    RequireKind(editor_->index(), block, BufferGetPage(buffer), PageKind::kNode);
    for (size_t i = 0; i < count; ++i) {
        if (i > 0 && edges[i].from == edges[i - 1].from)
            continue;
        uint32_t slot = NodeSlot(geometry, edges[i].from);
        const char *node = NodeAt(BufferGetPage(buffer), geometry, slot).base;
        memcpy(NodeAt(page_, geometry, slot).base, node, geometry.slot_bytes);
    }
    UnlockReleaseBuffer(buffer);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && edges[end].from == edges[i].from)
            ++end;
        uint32_t slot = NodeSlot(geometry, edges[i].from);
        NodeView node = NodeAt(page_, geometry, slot);
        if (node.header()->degree > geometry.degree)
            RaiseDamaged(editor_->index(), block, PageFault::kBadCount);
        PlanList(static_cast<uint16_t>(slot), node, edges + i, end - i);
        i = end;
    }
}

void
BackEdges::PlanList(uint16_t slot, NodeView node, const NewEdge *edges, size_t count)
{
    uint16_t degree = node.header()->degree;
    auto arrays = node.neighbours();
    fresh_.clear();
    for (size_t i = 0; i < count; ++i) {
        uint32_t *end = arrays.ids + degree;
        uint32_t *found = std::find(arrays.ids, end, nodes_[edges[i].to].id);
        if (found == end) {
            fresh_.push_back(edges[i]);
        } else if (edges[i].anchored != 0) {
            // In the copy as well: pruning keeps the edge, and takes the mark along if it moves it.
            auto at = static_cast<uint16_t>(found - arrays.ids);
            arrays.tag[at] |= kAnchorTag;
            marks_.push_back({slot, at, edges[i].to, 1});
        }
    }
    if (fresh_.empty())
        return;
    if (degree + fresh_.size() > editor_->geometry().degree) {
        PruneList(slot, {node.base, node.geometry}, fresh_.data(), fresh_.size());
        return;
    }
    for (const NewEdge &edge : fresh_)
        puts_.push_back({slot, degree++, edge.to, edge.anchored});
    lengths_.push_back({slot, degree});
}

// The neighbours of a node, by their heads.
const NodeCopy *
BackEdges::Copies(ConstNodeView node)
{
    auto arrays = node.neighbours();
    for (uint32_t i = 0; i < node.header()->degree; ++i)
        cache_->Prefetch(arrays.ids[i]);
    for (uint32_t i = 0; i < node.header()->degree; ++i)
        copies_[i] = cache_->Get(arrays.ids[i], heads_ + i * cache_->head_bytes());
    return copies_;
}

// What stays keeps its place where it can: WAL holds what changes.
void
BackEdges::PruneList(uint16_t slot, ConstNodeView node, const NewEdge *edges, size_t count)
{
    uint32_t degree = node.header()->degree;
    auto arrays = node.neighbours();
    const NodeCopy *copies = Copies(node);
    NodeCopy from = editor_->Describe(kNoNode, node.base);
    auto copy_of = [&](const PruneCandidate &candidate) -> const NodeCopy & {
        return candidate.payload < degree ? copies[candidate.payload]
                                          : nodes_[edges[candidate.payload - degree].to];
    };
    candidates_.clear();
    for (uint32_t i = 0; i < degree; ++i)
        candidates_.push_back({editor_->Distance(from, copies[i]), copies[i].id, i,
                               (arrays.tag[i] & kAnchorTag) != 0});
    for (uint32_t i = 0; i < count; ++i)
        candidates_.push_back(
            {edges[i].distance, nodes_[edges[i].to].id, degree + i, edges[i].anchored != 0});
    size_t kept =
        PruneNeighbours(candidates_.data(), candidates_.size(), editor_->geometry().degree,
                        [&](const PruneCandidate &a, const PruneCandidate &b) {
                            return editor_->Distance(copy_of(a), copy_of(b));
                        });
    // Those that stay where they are; then the rest into the gaps.
    uint64_t taken = 0; // a bit a place
    static_assert(kMaxDegree <= 64, "places of a list are bits of one word");
    bool any_new = false;
    for (size_t i = 0; i < kept; ++i) {
        uint32_t place = candidates_[i].payload;
        any_new = any_new || place >= degree;
        if (place < kept && place < degree)
            taken |= uint64_t{1} << place;
    }
    if (!any_new)
        return;
    // What moves has its mark with it, and another edge may come to where it was.
    auto moved = [slot, kept](const Put &mark) { return mark.slot == slot && mark.at >= kept; };
    marks_.truncate(
        static_cast<size_t>(std::remove_if(marks_.begin(), marks_.end(), moved) - marks_.begin()));
    uint16_t gap = 0;
    for (size_t i = 0; i < kept; ++i) {
        uint32_t place = candidates_[i].payload;
        if (place < kept && place < degree)
            continue;
        while ((taken >> gap & 1) != 0)
            ++gap;
        if (place < degree)
            moves_.push_back({slot, static_cast<uint16_t>(place), gap});
        else
            puts_.push_back({slot, gap, edges[place - degree].to, edges[place - degree].anchored});
        ++gap;
    }
    lengths_.push_back({slot, static_cast<uint16_t>(kept)});
}

void
BackEdges::WritePage(BlockNumber block)
{
    const Geometry &geometry = editor_->geometry();
    WalRecord record(editor_->index());
    char *page = record.Add(block);
    RequireKind(editor_->index(), block, page, PageKind::kNode);
    for (const Move &move : moves_)
        CopyNeighbour(geometry, NodeAt(static_cast<const char *>(page_), geometry, move.slot),
                      move.from, NodeAt(page, geometry, move.slot), move.to);
    for (const Put &put : puts_)
        editor_->Encode(NodeAt(page, geometry, put.slot), put.at, nodes_[put.node],
                        put.anchored != 0);
    for (const Put &mark : marks_)
        NodeAt(page, geometry, mark.slot).neighbours().tag[mark.at] |= kAnchorTag;
    for (const Length &length : lengths_)
        NodeAt(page, geometry, length.slot).header()->degree = length.degree;
    record.Finish();
    OMENDB_FAILURE_POINT("edges: page written");
}

} // namespace omendb
