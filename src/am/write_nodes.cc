// A built graph's node pages: codes of each node's neighbours, the larger part of the work of writing. With a
// team, members append a few pages at a time, in turn, and fill them at the same time.
#include <algorithm>

#include "build_team.h"
#include "node_source.h"
#include "omendb/page/views.h"

extern "C" {
#include <access/xloginsert.h>
#include <commands/progress.h>
#include <pgstat.h>
#include <storage/lmgr.h>
}

namespace omendb {

namespace {

class NodeWriter {
public:
    NodeWriter(BuildState *build, const PagePlan &plan)
        : build_(build), plan_(plan), source_(build, plan),
          scratch_(build->pool.NewArray<float>(build->geometry.coded))
    {
    }

    // Fills the `number`-th node page, of those before `end`.
    void FillPage(char *page, uint32_t number, uint32_t end);
    void ShowProgress(uint32_t pages);

private:
    void FillNode(NodeView node, uint32_t number, uint32_t end);

    BuildState *build_;
    const PagePlan &plan_;
    NodeSource source_;
    float *scratch_;
    uint32_t segments_ = 0; // of the nodes before
};

void
NodeWriter::FillNode(NodeView node, uint32_t number, uint32_t end)
{
    const Geometry &geometry = build_->geometry;
    uint32_t row = source_.Load(number, end, true);
    MemoryGraph *graph = source_.graph();
    const OwnFactors &own = *graph->FactorsOf(row);
    NodeHeader *header = node.header();
    *header = {};
    header->state = static_cast<uint8_t>(NodeState::kLive);
    header->flags = graph->IsEntry(row) ? kNodeIsEntry : 0;
    header->birth = graph->BirthOf(row);
    header->step = own.step;
    header->norm_squared = own.norm_squared;
    header->error = own.error;
    header->mean_dot = own.mean_dot;
    header->cold_block = kNoBlock;
    if (geometry.cold_bytes > 0) {
        header->cold_block =
            plan_.cold_first + number / geometry.cold_capacity * geometry.cold_span;
        header->cold_slot = static_cast<uint16_t>(number % geometry.cold_capacity);
    }
    memcpy(node.own(), graph->CodeOf(row), geometry.coded);

    uint32_t rows = source_.RowsOf(row);
    source_.ForTids(row, 0, std::min<uint32_t>(rows, kInlineTids),
                    [header](HeapTid tid) { header->tids[header->inline_tids++] = tid; });
    header->segment_block = kNoBlock;
    uint32_t segments = SegmentsOfRows(rows);
    if (segments > 0) {
        // The newest segment comes first in the chain: the last of this node's run.
        uint64_t newest = uint64_t{segments_} + segments - 1;
        header->segment_block =
            static_cast<uint32_t>(plan_.segment_first + newest / geometry.segment_capacity);
        header->segment_slot = static_cast<uint16_t>(newest % geometry.segment_capacity);
        segments_ += segments;
    }

    source_.PutList(row, node, scratch_);
}

void
NodeWriter::FillPage(char *page, uint32_t number, uint32_t end)
{
    const Geometry &geometry = build_->geometry;
    uint32_t node = number * geometry.slots_per_page;
    uint32_t end_node = std::min(end * geometry.slots_per_page, plan_.nodes);
    segments_ = plan_.segments_before == nullptr ? 0 : plan_.segments_before[number];
    uint32_t slot = 0;
    for (; slot < geometry.slots_per_page && node < plan_.nodes; ++slot)
        FillNode(NodeAt(page, geometry, slot), node++, end_node);
    if (slot < geometry.slots_per_page)
        TrailerOf(page, BLCKSZ)->flags = kListed;
}

void
NodeWriter::ShowProgress(uint32_t pages)
{
    uint64_t done = static_cast<uint64_t>(pages) * build_->geometry.slots_per_page;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE,
                                 static_cast<int64>(std::min<uint64_t>(done, plan_.nodes)));
}

} // namespace

static constexpr uint32_t kPagesAtOnce = 32;

void
LogPages(BuildState *build, const PagePlan &plan, BlockNumber first, BlockNumber end)
{
    if (plan.logged)
        log_newpage_range(build->index, MAIN_FORKNUM, first, end, true);
}

void
WriteNodesOfTeam(BuildState *build, const PagePlan &plan)
{
    NodeWriter writer(build, plan);
    bool leads = build->team->leads;
    for (;;) {
        // Whose turn it is appends the next pages in a row.
        LockRelationForExtension(build->index, ExclusiveLock);
        uint32_t first = ClaimNodePages(build->team, kPagesAtOnce);
        uint32_t end =
            first < plan.node_pages ? std::min(first + kPagesAtOnce, plan.node_pages) : 0;
        for (uint32_t i = first; i < end; ++i)
            AppendPage(build, plan.node_first + i, PageKind::kNode, [](char *) {});
        UnlockRelationForExtension(build->index, ExclusiveLock);
        if (end == 0)
            break;
        for (uint32_t i = first; i < end; ++i) {
            CHECK_FOR_INTERRUPTS();
            Buffer buffer = ReadBuffer(build->index, plan.node_first + i);
            LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
            writer.FillPage(BufferGetPage(buffer), i, end);
            MarkBufferDirty(buffer);
            UnlockReleaseBuffer(buffer);
        }
        LogPages(build, plan, plan.node_first + first, plan.node_first + end);
        if (leads)
            writer.ShowProgress(end);
    }
}

void
WriteNodes(BuildState *build, const PagePlan &plan)
{
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, plan.nodes);
    if (build->team != nullptr) {
        ShareNodePlan(build->team, plan);
        WriteNodesOfTeam(build, plan);
        MeetTeam(build->team);
    } else {
        NodeWriter writer(build, plan);
        for (uint32_t i = 0; i < plan.node_pages; ++i) {
            AppendPage(build, plan.node_first + i, PageKind::kNode,
                       [&](char *page) { writer.FillPage(page, i, plan.node_pages); });
            if ((i + 1) % kPagesAtOnce != 0 && i + 1 < plan.node_pages)
                continue;
            LogPages(build, plan, plan.node_first + i / kPagesAtOnce * kPagesAtOnce,
                     plan.node_first + i + 1);
            writer.ShowProgress(i);
        }
    }
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, plan.nodes);
}

} // namespace omendb
