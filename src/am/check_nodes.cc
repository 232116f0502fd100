// N1, N3, N4: entries and the edges of the graph. N5 by check_codes.cc.
//
// A dead node's own list is not looked at: vacuum takes the edges to dead nodes out of living nodes' lists
// only, then frees slot after slot, and stopping in between is legal. Nor is a joining node's that a merge by building
// wrote and will take back: what it names may not be there.
#include "check_state.h"

extern "C" {
#include <miscadmin.h>
}

namespace omendb {

static const char *
Whose(uint32_t id, char (&buffer)[32])
{
    snprintf(buffer, sizeof(buffer), "node %u", id);
    return buffer;
}

// N1 of one entry in a list. False: it leads nowhere that can be looked at.
static bool
CheckLink(Check *check, BlockNumber block, const char *whose, uint32_t at, uint32_t to, uint8_t tag)
{
    BlockNumber home = NodeBlock(check->geometry, to);
    if (to >= check->NodeCount() || !check->nodes[to].known) {
        // A damaged page is reported as such, once.
        if (to >= check->NodeCount() || check->pages[home].kind != 0)
            Report(check, block, "N1", "%s: neighbour %u is node %u, and block %u has no nodes",
                   whose, at, to, home);
        return false;
    }
    const NodeFact &target = check->nodes[to];
    if (target.state == static_cast<uint8_t>(NodeState::kFree)) {
        Report(check, block, "N1", "%s: neighbour %u is node %u, a free slot", whose, at, to);
        return false;
    }
    if ((target.generation & kGenerationMask) != (tag & kGenerationMask)) {
        Report(check, block, "N1",
               "%s: neighbour %u is node %u generation %u, which has generation %u", whose, at, to,
               tag & kGenerationMask, target.generation);
        return false;
    }
    return true;
}

void
CheckEntries(Check *check)
{
    uint64_t found = 0;
    BlockNumber block = check->meta.entry_head;
    while (block != kNoBlock) {
        CHECK_FOR_INTERRUPTS();
        if (!check->Is(block, PageKind::kEntry) || check->pages[block].met) {
            Report(check, 0, "N6",
                   "the entries' chain leads to block %u, which is damaged, of another kind, or in "
                   "two chains",
                   block);
            break;
        }
        check->pages[block].met = true;
        CopyPage(check, block, check->page);
        auto view = EntriesOf(static_cast<const char *>(check->page), check->geometry);
        auto arrays = view.entries();
        for (uint32_t i = 0; i < view.header()->count; ++i) {
            if (!CheckLink(check, block, "entry page", i, arrays.ids[i], arrays.tag[i]))
                continue;
            NodeFact *node = &check->nodes[arrays.ids[i]];
            if (node->listed < 2)
                ++node->listed;
            if ((node->flags & kNodeIsEntry) == 0)
                Report(check, block, "N3",
                       "entry %u is node %u, which does not know that it is one", i, arrays.ids[i]);
            CheckNeighbourCode(check, block, "entry page", arrays, i, check->origin, 0);
        }
        found += view.header()->count;
        block = check->pages[block].next;
    }
    if (found != check->meta.entries)
        Report(check, 0, "N6",
               "the meta page counts " UINT64_FORMAT " entries, there are " UINT64_FORMAT,
               check->meta.entries, found);
    for (block = 1; block < check->blocks; ++block)
        if (check->Is(block, PageKind::kEntry) && !check->pages[block].met)
            Report(check, block, "N6", "entry page is in no chain");
}

// A node's list: N1, N4, anchors it gives, N5.
static void
CheckList(Check *check, BlockNumber block, uint32_t id, ConstNodeView node)
{
    const NodeHeader *header = node.header();
    auto arrays = node.neighbours();
    char buffer[32];
    const char *whose = Whose(id, buffer);
    for (uint32_t i = 0; i < header->degree; ++i) {
        uint32_t to = arrays.ids[i];
        bool again = to == id;
        for (uint32_t j = 0; j < i; ++j)
            again = again || arrays.ids[j] == to;
        if (again)
            Report(check, block, "N4", "%s: neighbour %u is node %u, %s", whose, i, to,
                   to == id ? "itself" : "which it names before");
        if (!CheckLink(check, block, whose, i, to, arrays.tag[i]))
            continue;
        if ((arrays.tag[i] & kAnchorTag) != 0) {
            if (header->birth < check->nodes[to].birth)
                check->nodes[to].anchored = true;
            else
                Report(check, block, "N3", "%s anchors node %u, which is not younger", whose, to);
        }
        CheckNeighbourCode(check, block, whose, arrays, i, node.own(), header->step);
    }
}

// What a dead node anchors hangs on it until vacuum finds another anchor.
static void
TakeAnchors(Check *check, ConstNodeView node)
{
    auto arrays = node.neighbours();
    for (uint32_t i = 0; i < node.header()->degree; ++i) {
        uint32_t to = arrays.ids[i];
        if ((arrays.tag[i] & kAnchorTag) != 0 && to < check->NodeCount() &&
            check->nodes[to].generation == (arrays.tag[i] & kGenerationMask) &&
            node.header()->birth < check->nodes[to].birth)
            check->nodes[to].anchored = true;
    }
}

// N3, when all lists have been read.
static void
CheckAnchored(Check *check, uint32_t id)
{
    const NodeFact &node = check->nodes[id];
    bool entry = (node.flags & kNodeIsEntry) != 0;
    BlockNumber block = NodeBlock(check->geometry, id);
    if (node.listed > 1)
        Report(check, block, "N3", "node %u is an entry more than once", id);
    else if (entry && node.listed == 0)
        Report(check, block, "N3", "node %u is an entry that no entry page lists", id);
    if (!entry && !node.anchored)
        Report(check, block, "N3", "node %u is no entry and has no anchor", id);
}

void
CheckNodes(Check *check)
{
    const Geometry &geometry = check->geometry;
    for (BlockNumber block = 1; block < check->blocks; ++block) {
        if (!check->Is(block, PageKind::kNode))
            continue;
        CopyPage(check, block, check->page);
        for (uint32_t slot = 0; slot < geometry.slots_per_page; ++slot) {
            CHECK_FOR_INTERRUPTS();
            ConstNodeView node = NodeAt(static_cast<const char *>(check->page), geometry, slot);
            const NodeHeader *header = node.header();
            if (header->state == static_cast<uint8_t>(NodeState::kFree))
                continue;
            uint32_t id = NodeId(geometry, block, slot);
            char whose[32];
            CheckOwnCode(check, block, Whose(id, whose), node.own(), FactorsOf(header),
                         header->cold_block, header->cold_slot);
            if (header->state == static_cast<uint8_t>(NodeState::kDead))
                TakeAnchors(check, node);
            else if (header->state == static_cast<uint8_t>(NodeState::kLive) ||
                     !check->BulkMergeIs(BulkMergeState::kWriting))
                CheckList(check, block, id, node);
        }
    }
    for (uint32_t id = 0; id < check->NodeCount(); ++id)
        if (check->NodeIs(id, NodeState::kLive))
            CheckAnchored(check, id);
}

} // namespace omendb
