#include "join.h"

#include <algorithm>

#include "back_edges.h"
#include "cold.h"
#include "delta.h"
#include "join_mates.h"
#include "omendb/base/key_set.h"
#include "omendb/graph/entries.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/graph/search.h"
#include "omendb/pg/memory.h"
#include "omendb/pg/settings.h"
#include "omendb/simd/kernels.h"
#include "page_storage.h"
#include "vacuum.h"

namespace omendb {

namespace {

// Pool of the search for a new row's neighbours. src/am/README.md has what 64 and 128 cost and gain.
constexpr size_t kJoinWidth = 96;

// Nodes remembered for each row of a batch, and in all: what its search and its neighbours' lists meet.
constexpr size_t kCachedPerRow = 256;
constexpr size_t kMostCacheBytes = 32 << 20;

constexpr uint32_t kLeastBatch = 64;
constexpr uint32_t kMostBatch = 1024;
constexpr uint32_t kMostImageBytes = 4 << 20;

// Copies the head of every node that the search expands.
struct JoinVisitor {
    NodeEditor *editor;
    NodeCache *cache;
    Pool pool; // of one row
    List<NodeCopy> nodes;
    List<float> distances;

    void OnNode(uint32_t id, ConstNodeView node, float distance_squared)
    {
        NodeCopy copy = editor->Describe(id, node.base);
        cache->Note(id, node);
        char *head = pool.NewArray<char>(cache->head_bytes());
        memcpy(head, node.base, cache->head_bytes());
        copy.view.base = head;
        nodes.push_back(copy);
        distances.push_back(distance_squared);
    }
};

// A node that a row's list names, as far as the way back needs to know it.
struct Neighbour {
    uint32_t node; // kNoNode: a mate
    uint32_t mate; // a row of this batch
    float distance;
    uint32_t anchored_edges;
    bool may_anchor; // live, and older than the row's node
};

struct NewNode {
    uint32_t row;
    uint32_t first; // of its neighbours, nearest first
    uint32_t count;
    bool reachable; // an entry, or anchored already
};

struct Twin {
    uint32_t row;
    uint32_t of; // the row that stands for it
};

class Batch {
public:
    Batch(Relation index, MemoryContext context, const DeltaRow *rows, size_t count);

    void Join();
    void Finish();

private:
    void FindMates();
    void FindFor(uint32_t row, PageStorage<JoinVisitor> *storage, JoinVisitor *visitor);
    void Choose(uint32_t row, const JoinVisitor &visitor);
    void AddNode(const NewNode &node, const JoiningRow &joining);
    bool IsTwin(const NodeCopy &a, const NodeCopy &b);
    void ReadNode(uint32_t row);
    bool TakeAnchorage(const Neighbour &neighbour);
    void LinkBack();
    void JoinTwin(uint32_t row, uint32_t node);

    Relation index_;
    MemoryContext row_context_;
    Pool pool_;
    Pool row_pool_;
    NodeEditor editor_;
    NodeCache cache_;
    const DeltaRow *rows_;
    uint32_t count_;
    NodeCopy *copies_;  // by row: images, later with their numbers
    bool *is_twin_;     // by row: it becomes no node
    uint32_t *node_of_; // by row: index into nodes_; good for rows that are nodes
    uint32_t *ids_;     // by row: the node that has its TID in the end
    float *query_;
    Mates mates_;
    List<NewNode> nodes_;
    List<JoiningRow> joining_; // the same
    List<Neighbour> neighbours_;
    List<Twin> twins_;
    KeySet finished_;  // nodes of this batch that a merge which was cut off has written
    KeySet anchorage_; // node and place: anchored edges promised in this batch
};

size_t
CacheBytes(const Geometry &geometry, size_t rows)
{
    size_t wanted = rows * kCachedPerRow * (sizeof(NodeHeader) + geometry.coded);
    return Min(wanted, Min(kMostCacheBytes, MaintenanceBytes() / 8));
}

Batch::Batch(Relation index, MemoryContext context, const DeltaRow *rows, size_t count)
    : index_(index),
      row_context_(AllocSetContextCreate(context, "omendb join row", ALLOCSET_DEFAULT_SIZES)),
      pool_(PoolOf(context)), row_pool_(PoolOf(row_context_)), editor_(index, pool_),
      cache_(&editor_, pool_, CacheBytes(editor_.geometry(), count)), rows_(rows),
      count_(static_cast<uint32_t>(count)), copies_(pool_.NewArray<NodeCopy>(count)),
      is_twin_(pool_.NewZeroedArray<bool>(count)), node_of_(pool_.NewArray<uint32_t>(count)),
      ids_(pool_.NewArray<uint32_t>(count)),
      query_(pool_.NewArray<float>(editor_.geometry().coded)), mates_(pool_, count_), nodes_(pool_),
      joining_(pool_), neighbours_(pool_), twins_(pool_), finished_(pool_), anchorage_(pool_)
{
}

bool
Batch::IsTwin(const NodeCopy &a, const NodeCopy &b)
{
    const NodeHeader *mine = a.view.header();
    const NodeHeader *its = b.view.header();
    const Geometry &geometry = editor_.geometry();
    if (mine->step != its->step || mine->error != its->error ||
        mine->norm_squared != its->norm_squared || mine->mean_dot != its->mean_dot ||
        memcmp(a.view.own(), b.view.own(), geometry.coded) != 0)
        return false;
    if (geometry.cold_bytes == 0)
        return true;
    int8_t *cold = row_pool_.NewArray<int8_t>(2 * geometry.cold_bytes);
    ReadCold(index_, geometry, {mine->cold_block, mine->cold_slot}, cold);
    ReadCold(index_, geometry, {its->cold_block, its->cold_slot}, cold + geometry.cold_bytes);
    return memcmp(cold, cold + geometry.cold_bytes, geometry.cold_bytes) == 0;
}

// Chooses a row's neighbours among the nodes that were found and its mates, and encodes its list as far as its
// neighbours are nodes already.
void
Batch::Choose(uint32_t row, const JoinVisitor &visitor)
{
    List<PruneCandidate> candidates(row_pool_);
    auto found = static_cast<uint32_t>(visitor.nodes.size());
    for (uint32_t i = 0; i < found; ++i)
        if (visitor.nodes[i].view.header()->state == static_cast<uint8_t>(NodeState::kLive))
            candidates.push_back({visitor.distances[i], visitor.nodes[i].id, i, false});
    for (const Mate *mate = mates_.Begin(row); mate < mates_.End(row); ++mate)
        if (!is_twin_[mate->row])
            candidates.push_back(
                {mate->distance, kNoNode - 1 - mate->row, found + mate->row, false});
    auto copy_of = [&](const PruneCandidate &candidate) -> const NodeCopy & {
        return candidate.payload < found ? visitor.nodes[candidate.payload]
                                         : copies_[candidate.payload - found];
    };
    size_t chosen = PruneNeighbours(candidates.data(), candidates.size(), editor_.geometry().degree,
                                    [&](const PruneCandidate &a, const PruneCandidate &b) {
                                        return editor_.Distance(copy_of(a), copy_of(b));
                                    });
    NodeView image = {const_cast<char *>(copies_[row].view.base), &editor_.geometry()};
    NewNode node = {row, static_cast<uint32_t>(neighbours_.size()), static_cast<uint32_t>(chosen),
                    false};
    uint16_t degree = 0;
    for (size_t i = 0; i < chosen; ++i) {
        const NodeCopy &copy = copy_of(candidates[i]);
        if (candidates[i].payload >= found) {
            neighbours_.push_back({kNoNode, candidates[i].payload - found, candidates[i].distance,
                                   0, candidates[i].payload - found < row});
            continue;
        }
        editor_.Encode(image, degree++, copy, false);
        neighbours_.push_back({copy.id, 0, candidates[i].distance, copy.anchored_edges, true});
    }
    image.header()->degree = degree;
    AddNode(node, {rows_[row].place, image, kNoNode});
}

void
Batch::FindFor(uint32_t row, PageStorage<JoinVisitor> *storage, JoinVisitor *visitor)
{
    const DeltaRow &delta = rows_[row];
    for (uint32_t i = 0; i < editor_.geometry().coded; ++i)
        query_[i] = delta.item.step * delta.own[i];
    visitor->nodes = List<NodeCopy>(row_pool_);
    visitor->distances = List<float>(row_pool_);
    storage->Resume(visitor);
    CandidatePool candidates(row_pool_, kJoinWidth);
    storage->OfferEntries(ReadMeta(index_).entry_head, candidates);
    SearchGraph(*storage, candidates);
    for (size_t i = 0; i < visitor->nodes.size(); ++i) {
        const NodeCopy &node = visitor->nodes[i];
        // Never a dead twin: a vacuum that was cut off may have unlinked it, all but freed.
        if (node.view.header()->state != static_cast<uint8_t>(NodeState::kLive) ||
            !IsTwin(node, copies_[row]))
            continue;
        JoinTwin(row, node.id);
        is_twin_[row] = true;
        ids_[row] = node.id;
        return;
    }
    Choose(row, *visitor);
}

// Every row's image, and which rows are equal.
void
Batch::FindMates()
{
    const Geometry &geometry = editor_.geometry();
    for (uint32_t row = 0; row < count_; ++row) {
        NodeView image = JoiningNode(&editor_, rows_[row].item, rows_[row].own);
        copies_[row] = editor_.Describe(kNoNode, image.base);
    }
    mates_.Find(copies_, geometry, is_twin_, [this](uint32_t a, uint32_t b) {
        bool same = IsTwin(copies_[a], copies_[b]);
        if (same)
            twins_.push_back({b, a});
        return same;
    });
}

void
Batch::AddNode(const NewNode &node, const JoiningRow &joining)
{
    node_of_[node.row] = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(node);
    joining_.push_back(joining);
}

void
Batch::Join()
{
    FindMates();
    JoinVisitor visitor = {&editor_, &cache_, row_pool_, {}, {}};
    PageStorage<JoinVisitor> storage(index_, pool_, query_, &visitor);
    for (uint32_t row = 0; row < count_; ++row) {
        VacuumDelay();
        if (!is_twin_[row])
            FindFor(row, &storage, &visitor);
        MemoryContextReset(row_context_);
    }
    WriteJoining(&editor_, joining_.data(), joining_.size());
    LinkBack();
    MakeLive(&editor_, joining_.data(), joining_.size());
    for (size_t i = 0; i < nodes_.size(); ++i)
        ids_[nodes_[i].row] = joining_[i].id;
    for (const Twin &twin : twins_)
        JoinTwin(twin.row, ids_[twin.of]);
}

// Which cold record is whose stays as it was; the row's own goes after it is no longer named.
void
Batch::JoinTwin(uint32_t row, uint32_t node)
{
    const DeltaItem &item = rows_[row].item;
    AddTid(&editor_, node, item.tid, rows_[row].place);
    FreeCold(index_, editor_.geometry(), {item.cold_block, item.cold_slot});
}

bool
Batch::TakeAnchorage(const Neighbour &neighbour)
{
    uint32_t most = MaxAnchored(editor_.geometry().degree);
    for (uint32_t place = neighbour.anchored_edges; place < most; ++place)
        if (anchorage_.Add(uint64_t{neighbour.node} << 8 | place))
            return true;
    return false;
}

// The way back of every edge, and for each new node an anchor, the nearest neighbour that can be one, or an entry.
void
Batch::LinkBack()
{
    NodeCopy *linked = pool_.NewArray<NodeCopy>(nodes_.size());
    for (size_t i = 0; i < nodes_.size(); ++i) {
        linked[i] = copies_[nodes_[i].row];
        linked[i].id = joining_[i].id;
    }
    BackEdges edges(&editor_, &cache_, pool_, linked);
    List<uint32_t> entries(pool_);
    MetaPage meta = ReadMeta(index_);
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
        // As many entries as a build would choose, grown with the graph.
        bool wants_entry =
            meta.entries + entries.size() < WantedEntries(static_cast<double>(meta.live_nodes + i));
        bool reachable = nodes_[i].reachable;
        for (uint32_t k = 0; k < nodes_[i].count; ++k) {
            Neighbour near = neighbours_[nodes_[i].first + k];
            if (near.node == kNoNode) {
                if (is_twin_[near.mate])
                    continue;
                uint32_t mate = node_of_[near.mate];
                near.node = linked[mate].id;
                edges.Add({linked[i].id, mate, near.distance, 0});
            }
            bool anchors = !reachable && !wants_entry && near.may_anchor && TakeAnchorage(near);
            reachable = reachable || anchors;
            edges.Add({near.node, i, near.distance, anchors});
        }
        if (!reachable)
            entries.push_back(i);
    }
    edges.Write();
    for (uint32_t i : entries)
        editor_.AddEntry(linked[i]);
}

// A node that a merge which was cut off has written: its list, and whether it can be reached.
void
Batch::ReadNode(uint32_t row)
{
    uint32_t id = rows_[row].item.node;
    copies_[row] = editor_.Read(id);
    const NodeHeader *header = copies_[row].view.header();
    if (header->state != static_cast<uint8_t>(NodeState::kJoining))
        RaiseDamaged(index_, NodeBlock(editor_.geometry(), id), PageFault::kBadState);
    NewNode node = {row, static_cast<uint32_t>(neighbours_.size()), header->degree,
                    (header->flags & kNodeIsEntry) != 0};
    auto arrays = copies_[row].view.neighbours();
    char *slot = row_pool_.NewArray<char>(editor_.geometry().slot_bytes);
    for (uint32_t i = 0; i < header->degree; ++i) {
        NodeCopy near = editor_.ReadInto(arrays.ids[i], slot);
        // The others of this batch come alive with it, once all of them are linked.
        auto state = static_cast<NodeState>(near.view.header()->state);
        bool stays = state == NodeState::kLive || finished_.Contains(near.id);
        bool anchored = false;
        if (NodeEditor::HasEdge(near, id, &anchored) && anchored && stays)
            node.reachable = true;
        neighbours_.push_back({near.id, 0, editor_.Distance(copies_[row], near),
                               near.anchored_edges,
                               stays && near.view.header()->birth < header->birth});
    }
    AddNode(
        node,
        {rows_[row].place, {const_cast<char *>(copies_[row].view.base), &editor_.geometry()}, id});
}

void
Batch::Finish()
{
    for (uint32_t row = 0; row < count_; ++row)
        finished_.Add(rows_[row].item.node);
    for (uint32_t row = 0; row < count_; ++row) {
        VacuumDelay();
        ReadNode(row);
        MemoryContextReset(row_context_);
    }
    LinkBack();
    MakeLive(&editor_, joining_.data(), joining_.size());
}

template <class Use>
void
WithBatch(Relation index, const DeltaRow *rows, size_t count, Use use)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb join", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Batch batch(index, context, rows, count);
    use(&batch);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
}

} // namespace

uint32_t
JoinBatch(const Geometry &geometry)
{
    return Max(kLeastBatch, Min(kMostBatch, kMostImageBytes / geometry.slot_bytes));
}

void
JoinRows(Relation index, const DeltaRow *rows, size_t count)
{
    WithBatch(index, rows, count, [](Batch *batch) { batch->Join(); });
}

// Whether a row's node lives already, as a merge by building leaves it before it empties the delta's items.
static bool
IsInGraph(Relation index, const Geometry &geometry, const DeltaItem &item)
{
    BlockNumber block = NodeBlock(geometry, item.node);
    return WithSharedPage(index, block, [&](const char *page) {
        RequireKind(index, block, page, PageKind::kNode);
        const NodeHeader *header = NodeAt(page, geometry, NodeSlot(geometry, item.node)).header();
        return header->state == static_cast<uint8_t>(NodeState::kLive) && header->inline_tids > 0 &&
               TidKey(header->tids[0]) == TidKey(item.tid);
    });
}

void
FinishRows(Relation index, DeltaRow *rows, size_t count)
{
    Geometry geometry = GetIndexState(index)->geometry;
    DeltaRow *joining = std::partition(rows, rows + count, [&](const DeltaRow &row) {
        return IsInGraph(index, geometry, row.item);
    });
    std::sort(rows, joining,
              [](const DeltaRow &a, const DeltaRow &b) { return a.place.block < b.place.block; });
    ChangeItems(
        index, geometry, 0, static_cast<size_t>(joining - rows),
        [&](size_t i) { return rows[i].place; },
        [](DeltaItem *item, size_t) {
            item->state = static_cast<uint8_t>(DeltaState::kEmpty);
            return true;
        });
    if (joining < rows + count)
        WithBatch(index, joining, static_cast<size_t>(rows + count - joining),
                  [](Batch *batch) { batch->Finish(); });
}

} // namespace omendb
