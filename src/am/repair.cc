// RemoveDeadNodes. Order matters for crashes:
//   1. children of dead nodes get another anchor       (dead nodes still linked: everything reachable)
//   2. lists drop their edges to dead nodes, and take   (children have anchors elsewhere: still reachable)
//      the dead nodes' own neighbours into account
//   3. dead nodes leave the entry pages                 (nothing hangs on them any more)
//   4. slots are freed, generations raised
#include <algorithm>

#include "back_edges.h"
#include "cold.h"
#include "omendb/base/key_set.h"
#include "omendb/pg/failure_points.h"
#include "omendb/pg/memory.h"
#include "row_states.h"
#include "vacuum.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

namespace {

// Candidates for one mended list at most, beyond what it holds.
constexpr uint32_t kMostReplacements = 64;

// Dead nodes whose neighbours are looked at for one mended list, at most.
constexpr uint32_t kMostDeadRead = 128;

struct Repair {
    Relation index;
    Geometry geometry;
    MemoryContext item; // memory of one node's repair
    uint8_t *dead;      // a bit a slot, by node number
    BlockNumber blocks;
    List<uint32_t> dead_list;

    // A number beyond the file is not dead: who follows it says that it is damage.
    bool IsDead(uint32_t id) const
    {
        return NodeBlock(geometry, id) < blocks && (dead[id / 8] >> (id % 8) & 1) != 0;
    }
};

bool
IsLive(const NodeCopy &node)
{
    return node.view.header()->state == static_cast<uint8_t>(NodeState::kLive);
}

// Copies a node page. False: the block is of another kind.
bool
CopyNodePage(Relation index, BlockNumber block, char *copy)
{
    return WithSharedPage(index, block, [&](const char *page) {
        if (PageIsNew(const_cast<char *>(page)) ||
            CheckKind(page, BLCKSZ, PageKind::kNode) != PageFault::kNone)
            return false;
        memcpy(copy, page, BLCKSZ);
        return true;
    });
}

// Calls use(id, node) for every node in this state. The page is a copy, so `use` may lock and write it.
template <class Use>
void
ForNodes(Repair *repair, NodeState state, Use use)
{
    char *copy = static_cast<char *>(palloc(BLCKSZ));
    for (BlockNumber block = 1; block < repair->blocks; ++block) {
        VacuumDelay();
        if (!CopyNodePage(repair->index, block, copy))
            continue;
        for (uint32_t slot = 0; slot < repair->geometry.slots_per_page; ++slot) {
            ConstNodeView node = NodeAt(static_cast<const char *>(copy), repair->geometry, slot);
            if (node.header()->state == static_cast<uint8_t>(state))
                use(NodeId(repair->geometry, block, slot), node);
        }
    }
    pfree(copy);
}

void
FindDead(Repair *repair)
{
    ForNodes(repair, NodeState::kDead, [&](uint32_t id, ConstNodeView) {
        repair->dead[id / 8] |= static_cast<uint8_t>(1 << id % 8);
        repair->dead_list.push_back(id);
    });
}

// Anchors compared for one child, at most: an anchor is to be there, and need not be the nearest.
constexpr size_t kAnchorsCompared = 4;

// Finds `child` a new anchor among its own neighbours and those of its dead anchor; makes it an entry when
// none may hold it.
void
Reanchor(Repair *repair, NodeEditor *editor, const NodeCopy &child, const NodeCopy &dead)
{
    List<PruneCandidate> candidates(editor->pool());
    List<NodeCopy> copies(editor->pool());
    for (const NodeCopy *near : {&child, &dead}) {
        auto arrays = near->view.neighbours();
        uint32_t degree = near->view.header()->degree;
        for (uint32_t i = 0; i < degree && candidates.size() < kAnchorsCompared; ++i) {
            if (arrays.ids[i] == child.id || repair->IsDead(arrays.ids[i]))
                continue;
            NodeCopy copy = editor->Read(arrays.ids[i]);
            bool anchored = false;
            bool has = NodeEditor::HasEdge(copy, child.id, &anchored);
            bool older = copy.view.header()->birth < child.view.header()->birth;
            if (has && anchored && older && IsLive(copy))
                return; // it has another anchor already
            if (!IsLive(copy) || !older || !editor->MayAnchor(copy))
                continue;
            copies.push_back(copy);
            candidates.push_back({editor->Distance(child, copy), copy.id,
                                  static_cast<uint32_t>(copies.size() - 1), has});
        }
    }
    if (candidates.empty()) {
        editor->AddEntry(child);
        return;
    }
    auto nearest = std::min_element(
        candidates.begin(), candidates.end(),
        [](const PruneCandidate &a, const PruneCandidate &b) { return a.distance < b.distance; });
    NodeCache cache(editor, editor->pool(), 0);
    BackEdges edges(editor, &cache, editor->pool(), &child);
    edges.Add({nearest->id, 0, nearest->distance, 1});
    edges.Write();
}

void
ReanchorChildren(Repair *repair)
{
    for (uint32_t id : repair->dead_list) {
        VacuumDelay();
        NodeEditor editor(repair->index, PoolOf(repair->item));
        NodeCopy dead = editor.Read(id);
        auto arrays = dead.view.neighbours();
        for (uint32_t i = 0; i < dead.view.header()->degree; ++i) {
            if ((arrays.tag[i] & kAnchorTag) == 0 || repair->IsDead(arrays.ids[i]))
                continue;
            NodeCopy child = editor.Read(arrays.ids[i]);
            if (child.view.header()->generation == (arrays.tag[i] & kGenerationMask) &&
                (child.view.header()->flags & kNodeIsEntry) == 0)
                Reanchor(repair, &editor, child, dead);
        }
        MemoryContextReset(repair->item);
    }
}

// Writes a new list for a node: candidates[0..kept) of `copies`, of which the first `old` entries of the
// node's arrays keep their codes.
void
WriteList(Repair *repair, NodeEditor *editor, const NodeCopy &node,
          const PruneCandidate *candidates, size_t kept, const List<NodeCopy> &copies,
          const List<uint32_t> &old_places)
{
    const Geometry &geometry = repair->geometry;
    WalRecord record(repair->index);
    NodeView target =
        NodeAt(record.Add(NodeBlock(geometry, node.id)), geometry, NodeSlot(geometry, node.id));
    for (size_t i = 0; i < kept; ++i) {
        uint32_t source = candidates[i].payload;
        if (source >= old_places.size())
            editor->Encode(target, static_cast<uint32_t>(i), copies[source], false);
        else
            CopyNeighbour(geometry, node.view, old_places[source], target,
                          static_cast<uint32_t>(i));
    }
    target.header()->degree = static_cast<uint16_t>(kept);
    record.Finish();
    OMENDB_FAILURE_POINT("repair: list mended");
}

// What a node's new list is chosen from.
struct Choice {
    List<NodeCopy> copies;
    List<PruneCandidate> candidates; // payload: index into copies
    KeySet known;                    // ids met

    void Add(const NodeEditor &editor, const NodeCopy &node, const NodeCopy &copy, bool forced)
    {
        candidates.push_back(
            {editor.Distance(node, copy), copy.id, static_cast<uint32_t>(copies.size()), forced});
        copies.push_back(copy);
    }
};

// Adds the live nodes around the dead ones that a list loses: those nodes' own neighbours and, as long as
// they would not fill a list, the neighbours of the dead among these. After VACUUM removed nearly all
// rows, hardly any neighbour of a dead node lives.
void
ChooseAroundDead(Repair *repair, NodeEditor *editor, const NodeCopy &node, Choice *choice)
{
    size_t before = choice->candidates.size();
    List<uint32_t> dead(editor->pool());
    auto note = [&](const NodeCopy &from) {
        auto arrays = from.view.neighbours();
        for (uint32_t i = 0; i < from.view.header()->degree; ++i) {
            uint32_t id = arrays.ids[i];
            if (choice->candidates.size() >= before + kMostReplacements || !choice->known.Add(id))
                continue;
            if (repair->IsDead(id)) {
                dead.push_back(id);
                continue;
            }
            NodeCopy copy = editor->Read(id);
            if (IsLive(copy))
                choice->Add(*editor, node, copy, false);
        }
    };
    note(node);
    size_t direct = dead.size();
    for (size_t i = 0; i < dead.size() && i < kMostDeadRead; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (i >= direct && choice->candidates.size() >= repair->geometry.degree)
            break;
        note(editor->Read(dead[i]));
    }
}

void
MendList(Repair *repair, uint32_t node_id)
{
    NodeEditor editor(repair->index, PoolOf(repair->item));
    NodeCopy node = editor.Read(node_id);
    auto arrays = node.view.neighbours();
    List<uint32_t> old_places(editor.pool());
    Choice choice = {List<NodeCopy>(editor.pool()), List<PruneCandidate>(editor.pool()),
                     KeySet(editor.pool())};
    choice.known.Add(node_id);
    for (uint32_t i = 0; i < node.view.header()->degree; ++i) {
        if (repair->IsDead(arrays.ids[i]))
            continue;
        choice.known.Add(arrays.ids[i]);
        old_places.push_back(i);
        choice.Add(editor, node, editor.Read(arrays.ids[i]), true);
    }
    ChooseAroundDead(repair, &editor, node, &choice);
    List<PruneCandidate> &candidates = choice.candidates;
    List<NodeCopy> &copies = choice.copies;
    size_t kept = PruneNeighbours(candidates.data(), candidates.size(), repair->geometry.degree,
                                  [&](const PruneCandidate &a, const PruneCandidate &b) {
                                      return editor.Distance(copies[a.payload], copies[b.payload]);
                                  });
    // As long as it was: what the short codes misjudge on one way is found on another.
    size_t filled = Min(candidates.size(), Max(kept, node.view.header()->degree));
    auto nearer = [](const PruneCandidate &a, const PruneCandidate &b) {
        return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    };
    std::sort(candidates.begin() + kept, candidates.end(), nearer);
    std::sort(candidates.begin(), candidates.begin() + filled, nearer);
    WriteList(repair, &editor, node, candidates.data(), filled, copies, old_places);
    MemoryContextReset(repair->item);
}

// What dead neighbours leave of a list.
enum class Loss { kNone, kSmall, kLarge };

Loss
LossOf(const Repair *repair, ConstNodeView node)
{
    if (node.header()->state != static_cast<uint8_t>(NodeState::kLive))
        return Loss::kNone;
    uint32_t degree = Min(node.header()->degree, repair->geometry.degree);
    uint32_t lost = 0;
    for (uint32_t i = 0; i < degree; ++i)
        lost += repair->IsDead(node.neighbours().ids[i]);
    if (lost == 0)
        return Loss::kNone;
    return 4 * lost > degree || 2 * (degree - lost) < repair->geometry.degree ? Loss::kLarge
                                                                              : Loss::kSmall;
}

// Takes the dead out of those lists of a page that lose little; the last entries fill the gaps. WAL: one record.
void
DropDead(Repair *repair, BlockNumber block)
{
    const Geometry &geometry = repair->geometry;
    WalRecord record(repair->index);
    char *page = record.Add(block);
    RequireKind(repair->index, block, page, PageKind::kNode);
    for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot) {
        NodeView node = NodeAt(page, geometry, slot);
        ConstNodeView from = NodeAt(static_cast<const char *>(page), geometry, slot);
        if (LossOf(repair, from) != Loss::kSmall)
            continue;
        uint16_t degree = node.header()->degree;
        for (uint32_t i = 0; i < degree;) {
            if (repair->IsDead(from.neighbours().ids[i]))
                CopyNeighbour(geometry, from, --degree, node, i);
            else
                ++i;
        }
        node.header()->degree = degree;
    }
    record.Finish();
    OMENDB_FAILURE_POINT("repair: dead neighbours dropped");
}

// A list that loses little only drops what is dead: with a tenth of all rows deleted that is nearly every list, and
// choosing neighbours anew for all of them takes longer than building the index.
void
MendLists(Repair *repair)
{
    char *copy = static_cast<char *>(palloc(BLCKSZ));
    for (BlockNumber block = 1; block < repair->blocks; ++block) {
        VacuumDelay();
        if (!CopyNodePage(repair->index, block, copy))
            continue;
        bool drops = false;
        for (uint32_t slot = 0; slot < repair->geometry.slots_per_page; ++slot) {
            Loss loss =
                LossOf(repair, NodeAt(static_cast<const char *>(copy), repair->geometry, slot));
            if (loss == Loss::kLarge)
                MendList(repair, NodeId(repair->geometry, block, slot));
            drops = drops || loss == Loss::kSmall;
        }
        if (drops)
            DropDead(repair, block);
    }
    pfree(copy);
}

// LOCKS: meta, then the entry page. WAL: one record a page that changes.
void
DropEntries(Repair *repair)
{
    const Geometry &geometry = repair->geometry;
    BlockNumber block = ReadMeta(repair->index).entry_head;
    while (block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        WalRecord record(repair->index);
        MetaPage *meta = MetaOf(record.Add(0));
        char *page = record.Add(block);
        RequireKind(repair->index, block, page, PageKind::kEntry);
        auto view = EntriesOf(page, geometry);
        if (view.header()->count > geometry.entry_capacity)
            RaiseDamaged(repair->index, block, PageFault::kBadCount);
        auto arrays = view.entries();
        uint32_t kept = 0;
        for (uint32_t i = 0; i < view.header()->count; ++i) {
            if (repair->IsDead(arrays.ids[i]))
                continue;
            if (kept != i) {
                arrays.ids[kept] = arrays.ids[i];
                arrays.f_add[kept] = arrays.f_add[i];
                arrays.f_mul[kept] = arrays.f_mul[i];
                arrays.tag[kept] = arrays.tag[i];
                memmove(arrays.codes + kept * geometry.code_bytes,
                        arrays.codes + i * geometry.code_bytes, geometry.code_bytes);
            }
            ++kept;
        }
        block = TrailerOf(page, BLCKSZ)->next;
        if (kept == view.header()->count) {
            record.Abandon();
            continue;
        }
        meta->entries -= view.header()->count - kept;
        view.header()->count = static_cast<uint16_t>(kept);
        record.Finish();
        OMENDB_FAILURE_POINT("repair: entries dropped");
    }
}

// Frees the slot of a dead node. Returns where the cold part of its code is.
ColdAddress
FreeSlot(const Geometry &geometry, MetaPage *meta, char *page, uint32_t id)
{
    const NodeHeader *header = NodeAt(page, geometry, NodeSlot(geometry, id)).header();
    ColdAddress cold = {header->cold_block, header->cold_slot};
    ClearSlot(geometry, meta, page, id);
    --meta->dead_nodes;
    return cold;
}

// LOCKS: meta, then node pages in the order of blocks, exclusively. WAL: one record for up to three pages.
void
FreeSlots(Repair *repair)
{
    const Geometry &geometry = repair->geometry;
    List<ColdAddress> cold(PoolOf(repair->item));
    const uint32_t *next = repair->dead_list.begin();
    while (next != repair->dead_list.end()) {
        VacuumDelay();
        cold.clear();
        WalRecord record(repair->index);
        MetaPage *meta = MetaOf(record.Add(0));
        while (next != repair->dead_list.end() && record.HasRoom()) {
            BlockNumber block = NodeBlock(geometry, *next);
            char *page = record.Add(block);
            RequireKind(repair->index, block, page, PageKind::kNode);
            for (; next != repair->dead_list.end() && NodeBlock(geometry, *next) == block; ++next)
                cold.push_back(FreeSlot(geometry, meta, page, *next));
        }
        record.Finish();
        OMENDB_FAILURE_POINT("repair: slots freed");
        for (const ColdAddress &address : cold)
            FreeCold(repair->index, geometry, address);
    }
}

} // namespace

void
RemoveDeadNodes(Relation index)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "omendb repair", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Pool pool = PoolOf(context);
    Repair repair = {};
    repair.index = index;
    repair.geometry = GetIndexState(index)->geometry;
    repair.item = AllocSetContextCreate(context, "omendb repair node", ALLOCSET_DEFAULT_SIZES);
    repair.blocks = RelationGetNumberOfBlocks(index);
    repair.dead = pool.NewZeroedArray<uint8_t>(
        (static_cast<size_t>(repair.blocks) * repair.geometry.slots_per_page + 7) / 8);
    repair.dead_list = List<uint32_t>(pool);
    FindDead(&repair);
    ReanchorChildren(&repair);
    MendLists(&repair);
    DropEntries(&repair);
    FreeSlots(&repair);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
}

} // namespace omendb
