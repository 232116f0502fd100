// A built graph becomes pages, in this order of blocks:
//
//     meta | mean | entries | nodes | cold records | TID segments
//
// Nodes are numbered so that neighbours share pages. Pages are filled without
// WAL and logged together at the end; until then a crash or an error drops the index's file.
#include <algorithm>

#include "build_team.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/page_order.h"
#include "node_source.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"

extern "C" {
#include <commands/progress.h>
#include <miscadmin.h>
#include <pgstat.h>
}

namespace omendb {

namespace {

struct Writer {
    BuildState *build;
    PagePlan plan;
    NodeSource *source;
    uint32_t cold_pages;
    float *scratch;
};

void
NumberNodes(Writer *writer)
{
    MemoryGraph *graph = writer->build->graph;
    Pool pool = writer->build->graph_pool;
    uint32_t rows = graph->rows();
    writer->plan.order = pool.NewArray<uint32_t>(graph->nodes());
    writer->plan.number = pool.NewArray<uint32_t>(rows);
    writer->plan.nodes = 0;
    for (uint32_t row = 0; row < rows; ++row)
        if (graph->IsNode(row))
            writer->plan.order[writer->plan.nodes++] = row;
    OrderForPages(*graph, pool, writer->build->geometry.slots_per_page, &writer->plan.order,
                  writer->plan.nodes, writer->plan.number);
}

void
WriteMean(Writer *writer, BlockNumber first, uint32_t pages)
{
    BuildState *build = writer->build;
    size_t left = ModelDims(build->metric, build->dims);
    const float *from = build->space.mean;
    for (uint32_t i = 0; i < pages; ++i) {
        AppendPage(build, first + i, PageKind::kMean, [&](char *page) {
            size_t here = std::min(left, BodyBytes(BLCKSZ) / sizeof(float));
            memcpy(Body(page), from, here * sizeof(float));
            from += here;
            left -= here;
            if (i + 1 < pages)
                TrailerOf(page, BLCKSZ)->next = first + i + 1;
        });
    }
}

void
WriteEntries(Writer *writer, BlockNumber first, uint32_t pages)
{
    BuildState *build = writer->build;
    const Geometry &geometry = build->geometry;
    NodeSource *source = writer->source;
    auto *origin = build->pool.NewZeroedArray<int8_t>(geometry.coded);
    uint32_t done = 0;
    for (uint32_t i = 0; i < pages; ++i) {
        AppendPage(build, first + i, PageKind::kEntry, [&](char *page) {
            auto view = EntriesOf(page, geometry);
            auto arrays = view.entries();
            uint32_t here = std::min(geometry.entry_capacity, source->entries() - done);
            for (uint32_t j = 0; j < here; ++j) {
                uint32_t number = source->EntryNumber(done++);
                uint32_t row = source->Load(number, number + 1, false);
                arrays.ids[j] = writer->plan.IdOf(build->geometry, number);
                NeighbourFactors factors = EncodeNeighbour(
                    origin, 0, source->graph()->CodeOf(row), source->graph()->FactorsOf(row)->step,
                    geometry.coded, geometry.bits, writer->scratch,
                    arrays.codes + j * geometry.code_bytes);
                arrays.f_add[j] = factors.f_add;
                arrays.f_mul[j] = factors.f_mul;
                arrays.tag[j] = 0;
            }
            view.header()->count = static_cast<uint16_t>(here);
            if (i + 1 < pages)
                TrailerOf(page, BLCKSZ)->next = first + i + 1;
        });
    }
}

void
CountSegments(Writer *writer)
{
    PagePlan *plan = &writer->plan;
    uint32_t slots = writer->build->geometry.slots_per_page;
    if (!writer->source->HasTwins())
        return;
    plan->segments_before = writer->build->graph_pool.NewArray<uint32_t>(plan->node_pages);
    uint32_t segments = 0;
    for (uint32_t i = 0; i < plan->nodes; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (i % slots == 0)
            plan->segments_before[i / slots] = segments;
        uint32_t row = writer->source->Load(i, plan->nodes, false);
        segments += SegmentsOfRows(writer->source->RowsOf(row));
    }
}

const int8_t *
CodeOfNode(Writer *writer, uint32_t number)
{
    uint32_t row = writer->source->Load(number, writer->plan.nodes, false);
    return writer->source->graph()->CodeOf(row);
}

// Returns whether the last cold page has room.
bool
WriteCold(Writer *writer)
{
    BuildState *build = writer->build;
    const Geometry &geometry = build->geometry;
    uint32_t done = 0;
    bool room = false;
    constexpr uint32_t body = BodyBytes(BLCKSZ) - sizeof(ColdHeader);
    for (uint32_t i = 0; i < writer->cold_pages; ++i) {
        AppendPage(build, writer->plan.cold_first + i, PageKind::kCold, [&](char *page) {
            char *records = Body(page) + sizeof(ColdHeader);
            Trailer *trailer = TrailerOf(page, BLCKSZ);
            if (geometry.cold_span > 1) {
                uint32_t part = i % geometry.cold_span;
                const int8_t *code = CodeOfNode(writer, i / geometry.cold_span);
                memcpy(records, code + geometry.coded + part * body,
                       std::min(body, geometry.cold_bytes - part * body));
                ColdOf(page)->used = 1;
                if (part + 1 < geometry.cold_span)
                    trailer->next = writer->plan.cold_first + i + 1;
                return;
            }
            uint32_t slot = 0;
            for (; slot < geometry.cold_capacity && done < writer->plan.nodes; ++slot) {
                const int8_t *code = CodeOfNode(writer, done++);
                memcpy(records + slot * geometry.cold_bytes, code + geometry.coded,
                       geometry.cold_bytes);
                ColdOf(page)->used |= uint64_t{1} << slot;
            }
            room = slot < geometry.cold_capacity;
            if (room)
                trailer->flags = kListed;
        });
    }
    return room;
}

// Pages of TID segments, filled one after the other.
class SegmentWriter {
public:
    explicit SegmentWriter(Writer *writer)
        : build_(writer->build), block_(writer->plan.segment_first),
          segments_(build_->pool.NewArray<TidSegment>(build_->geometry.segment_capacity))
    {
    }

    // The TIDs of one node beyond those that stand in its slot.
    void Begin(uint32_t node)
    {
        node_ = node;
        number_ = 0;
    }
    void Add(HeapTid tid)
    {
        if (number_ == 0 || segments_[slot_ - 1].count == kTidsPerSegment)
            NewSegment();
        TidSegment *segment = &segments_[slot_ - 1];
        segment->tids[segment->count++] = tid;
    }

    // Returns whether the last page has room.
    bool End()
    {
        bool room = slot_ > 0 && slot_ < build_->geometry.segment_capacity;
        if (slot_ > 0)
            WritePage();
        return room;
    }

private:
    void NewSegment()
    {
        bool turned = slot_ == build_->geometry.segment_capacity;
        if (turned)
            WritePage();
        TidSegment *segment = &segments_[slot_];
        *segment = {};
        segment->owner = node_;
        segment->number = number_;
        segment->next_block = kNoBlock;
        if (number_ > 0) { // the one before it
            segment->next_block = turned ? block_ - 1 : block_;
            segment->next_slot =
                static_cast<uint16_t>(turned ? build_->geometry.segment_capacity - 1 : slot_ - 1);
        }
        ++number_;
        ++slot_;
    }
    void WritePage()
    {
        uint32_t capacity = build_->geometry.segment_capacity;
        AppendPage(build_, block_++, PageKind::kTids, [&](char *page) {
            memcpy(SegmentsOf(page), segments_, slot_ * sizeof(TidSegment));
            for (uint32_t slot = slot_; slot < capacity; ++slot) {
                SegmentsOf(page)[slot] = {};
                SegmentsOf(page)[slot].owner = kNoNode;
            }
            if (slot_ < capacity)
                TrailerOf(page, BLCKSZ)->flags = kListed;
        });
        slot_ = 0;
    }

    BuildState *build_;
    BlockNumber block_;
    TidSegment *segments_; // of the page being filled
    uint32_t slot_ = 0;    // filled
    uint32_t node_ = 0;
    uint32_t number_ = 0; // segments of the node
};

// Returns whether the last page has room.
bool
WriteSegments(Writer *writer)
{
    if (!writer->source->HasTwins())
        return false;
    SegmentWriter segments(writer);
    for (uint32_t number = 0; number < writer->plan.nodes; ++number) {
        uint32_t row = writer->source->Load(number, writer->plan.nodes, false);
        uint32_t rows = writer->source->RowsOf(row);
        if (rows <= kInlineTids)
            continue;
        segments.Begin(writer->plan.IdOf(writer->build->geometry, number));
        writer->source->ForTids(row, kInlineTids, rows, [&](HeapTid tid) { segments.Add(tid); });
    }
    return segments.End();
}

} // namespace

void
WriteGraph(BuildState *build)
{
    const Geometry &geometry = build->geometry;
    Writer writer = {};
    writer.build = build;
    writer.scratch = build->pool.NewArray<float>(geometry.coded);
    if (build->external == nullptr)
        NumberNodes(&writer);
    NodeSource source(build, writer.plan);
    writer.source = &source;
    if (build->external != nullptr)
        writer.plan.nodes = ReaderOf(build)->nodes();

    uint32_t mean_pages = build->scaled ? PagesFor(ModelDims(build->metric, build->dims),
                                                   BodyBytes(BLCKSZ) / sizeof(float))
                                        : 0;
    uint32_t entry_pages = PagesFor(source.entries(), geometry.entry_capacity);
    writer.plan.node_pages = PagesFor(writer.plan.nodes, geometry.slots_per_page);
    writer.plan.logged = RelationNeedsWAL(build->index);
    writer.cold_pages =
        geometry.cold_bytes == 0
            ? 0
            : PagesFor(writer.plan.nodes, geometry.cold_capacity) * geometry.cold_span;
    writer.plan.node_first = 1 + mean_pages + entry_pages;
    writer.plan.cold_first = writer.plan.node_first + writer.plan.node_pages;
    writer.plan.segment_first = writer.plan.cold_first + writer.cold_pages;
    uint64_t last_id =
        (static_cast<uint64_t>(writer.plan.node_first) + writer.plan.node_pages + 1) *
        geometry.slots_per_page;
    if (last_id > kMaxNodes)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" would have more than %u node slots",
                               RelationGetRelationName(build->index), kMaxNodes)));

    AppendPage(build, 0, PageKind::kMeta, [](char *) {});
    WriteMean(&writer, 1, mean_pages);
    WriteEntries(&writer, 1 + mean_pages, entry_pages);
    CountSegments(&writer);
    WriteNodes(build, writer.plan);
    uint32_t free_slots = writer.plan.node_pages * geometry.slots_per_page - writer.plan.nodes;
    if (build->team != nullptr)
        DismissTeam(build);
    bool cold_room = WriteCold(&writer);
    bool segment_room = WriteSegments(&writer);

    Buffer buffer = ReadBuffer(build->index, 0);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    char *page = BufferGetPage(buffer);
    InitMeta(build, page);
    MetaPage *meta = MetaOf(page);
    if (mean_pages > 0)
        meta->mean_head = 1;
    if (entry_pages > 0)
        meta->entry_head = 1 + mean_pages;
    if (free_slots > 0)
        meta->node_room_head = writer.plan.cold_first - 1;
    if (cold_room)
        meta->cold_room_head = writer.plan.segment_first - 1;
    if (segment_room)
        meta->tids_room_head = RelationGetNumberOfBlocks(build->index) - 1;
    meta->next_birth = writer.plan.nodes;
    meta->live_nodes = writer.plan.nodes;
    meta->free_slots = free_slots;
    meta->entries = source.entries();
    meta->node_pages = writer.plan.node_pages;
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);

    OMENDB_FAILURE_POINT("build: pages written");
    LogPages(build, writer.plan, 0, writer.plan.node_first);
    LogPages(build, writer.plan, writer.plan.node_first + writer.plan.node_pages,
             RelationGetNumberOfBlocks(build->index));
}

} // namespace omendb
