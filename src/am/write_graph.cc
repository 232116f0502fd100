// A built graph becomes pages, in this order of blocks:
//
//     meta | mean | entries | nodes | cold records | TID segments
//
// Nodes are numbered by the entry nearest to them, so that neighbours share pages. Pages are filled without
// WAL and logged together at the end; until then a crash or an error drops the index's file.
#include <algorithm>

#include "build_team.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/page/views.h"
#include "omendb/pg/failure_points.h"
#include "write_pages.h"

extern "C" {
#include <access/xloginsert.h>
#include <commands/progress.h>
#include <miscadmin.h>
#include <pgstat.h>
}

namespace omendb {

namespace {

struct Writer {
    BuildState *build;
    PagePlan plan;
    uint32_t cold_pages;
    float *scratch;
};

// Fills each page with nodes near to each other: the next node in order, and the nearest of its page's
// neighbours that have no place yet. A search then often finds several of its candidates on one page.
void
PackPages(Writer *writer)
{
    constexpr uint32_t kNoPlace = 0xFFFFFFFF;
    MemoryGraph *graph = writer->build->graph;
    uint32_t slots = writer->build->geometry.slots_per_page;
    auto *packed = writer->build->graph_pool.NewArray<uint32_t>(writer->plan.nodes);
    for (uint32_t i = 0; i < writer->plan.nodes; ++i)
        writer->plan.number[writer->plan.order[i]] = kNoPlace;
    uint32_t placed = 0;
    uint32_t seed = 0;
    auto place = [&](uint32_t row) {
        writer->plan.number[row] = placed;
        packed[placed++] = row;
    };
    while (placed < writer->plan.nodes) {
        uint32_t page_end = std::min(placed - placed % slots + slots, writer->plan.nodes);
        for (uint32_t member = placed - placed % slots; placed < page_end; ++member) {
            if (member == placed) { // no neighbour left: the next in order
                while (writer->plan.number[writer->plan.order[seed]] != kNoPlace)
                    ++seed;
                place(writer->plan.order[seed]);
            }
            uint32_t row = packed[member];
            const uint32_t *neighbours = graph->NeighboursOf(row);
            for (uint32_t i = 0; i < graph->DegreeOf(row) && placed < page_end; ++i)
                if (writer->plan.number[neighbours[i]] == kNoPlace)
                    place(neighbours[i]);
        }
    }
    writer->plan.order = packed;
}

void
NumberNodes(Writer *writer)
{
    MemoryGraph *graph = writer->build->graph;
    uint32_t rows = graph->rows();
    writer->plan.order = writer->build->graph_pool.NewArray<uint32_t>(graph->nodes());
    writer->plan.number = writer->build->graph_pool.NewArray<uint32_t>(rows);
    writer->plan.nodes = 0;
    for (uint32_t row = 0; row < rows; ++row)
        if (graph->IsNode(row))
            writer->plan.order[writer->plan.nodes++] = row;
    std::sort(writer->plan.order, writer->plan.order + writer->plan.nodes,
              [graph](uint32_t a, uint32_t b) {
                  uint32_t home_a = graph->BirthOf(graph->HomeOf(a));
                  uint32_t home_b = graph->BirthOf(graph->HomeOf(b));
                  return home_a != home_b ? home_a < home_b : graph->BirthOf(a) < graph->BirthOf(b);
              });
    PackPages(writer);
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
    const List<uint32_t> &entries = build->graph->entries();
    auto *origin = build->pool.NewZeroedArray<int8_t>(geometry.coded);
    uint32_t done = 0;
    for (uint32_t i = 0; i < pages; ++i) {
        AppendPage(build, first + i, PageKind::kEntry, [&](char *page) {
            auto view = EntriesOf(page, geometry);
            auto arrays = view.entries();
            uint32_t here = std::min<uint32_t>(geometry.entry_capacity,
                                               static_cast<uint32_t>(entries.size()) - done);
            for (uint32_t j = 0; j < here; ++j) {
                uint32_t row = entries[done++];
                arrays.ids[j] = writer->plan.IdOf(build->geometry, row);
                NeighbourFactors factors = EncodeNeighbour(
                    origin, 0, build->graph->CodeOf(row), build->graph->FactorsOf(row)->step,
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

uint32_t
RowsOfNode(const MemoryGraph *graph, uint32_t node)
{
    uint32_t rows = 0;
    for (uint32_t row = node; row != MemoryGraph::kNone; row = graph->NextDuplicate(row))
        ++rows;
    return rows;
}

void
CountSegments(Writer *writer)
{
    PagePlan *plan = &writer->plan;
    uint32_t slots = writer->build->geometry.slots_per_page;
    plan->segments_before = writer->build->graph_pool.NewArray<uint32_t>(plan->node_pages);
    uint32_t segments = 0;
    for (uint32_t i = 0; i < plan->nodes; ++i) {
        if (i % slots == 0)
            plan->segments_before[i / slots] = segments;
        segments += SegmentsOfRows(RowsOfNode(writer->build->graph, plan->order[i]));
    }
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
                const int8_t *code =
                    build->graph->CodeOf(writer->plan.order[i / geometry.cold_span]);
                memcpy(records, code + geometry.coded + part * body,
                       std::min(body, geometry.cold_bytes - part * body));
                ColdOf(page)->used = 1;
                if (part + 1 < geometry.cold_span)
                    trailer->next = writer->plan.cold_first + i + 1;
                return;
            }
            uint32_t slot = 0;
            for (; slot < geometry.cold_capacity && done < writer->plan.nodes; ++slot) {
                const int8_t *code = build->graph->CodeOf(writer->plan.order[done++]);
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

// Where a node's segments are being written.
struct SegmentCursor {
    uint32_t node;   // position in order
    uint32_t row;    // next row of it to write
    uint32_t number; // segments of it written
};

// Moves to the next node with segments. False: no more.
bool
NextChain(const Writer &writer, SegmentCursor *cursor)
{
    const MemoryGraph *graph = writer.build->graph;
    for (; cursor->node < writer.plan.nodes; ++cursor->node) {
        uint32_t row = writer.plan.order[cursor->node];
        for (int skip = 0; skip < kInlineTids && row != MemoryGraph::kNone; ++skip)
            row = graph->NextDuplicate(row);
        if (row != MemoryGraph::kNone) {
            cursor->row = row;
            cursor->number = 0;
            return true;
        }
    }
    return false;
}

// Returns whether the last page has room.
bool
WriteSegments(Writer *writer)
{
    BuildState *build = writer->build;
    const Geometry &geometry = build->geometry;
    SegmentCursor cursor = {0, MemoryGraph::kNone, 0};
    bool more = NextChain(*writer, &cursor);
    bool room = false;
    for (BlockNumber block = writer->plan.segment_first; more; ++block) {
        AppendPage(build, block, PageKind::kTids, [&](char *page) {
            TidSegment *segments = SegmentsOf(page);
            uint32_t slot = 0;
            for (; slot < geometry.segment_capacity && more; ++slot) {
                TidSegment *segment = &segments[slot];
                *segment = {};
                uint32_t node_row = writer->plan.order[cursor.node];
                segment->owner = writer->plan.IdOf(build->geometry, node_row);
                segment->number = cursor.number;
                segment->next_block = kNoBlock;
                if (cursor.number > 0) { // the one before it
                    segment->next_block = slot > 0 ? block : block - 1;
                    segment->next_slot =
                        static_cast<uint16_t>(slot > 0 ? slot - 1 : geometry.segment_capacity - 1);
                }
                while (segment->count < kTidsPerSegment && cursor.row != MemoryGraph::kNone) {
                    segment->tids[segment->count++] = build->tids[cursor.row];
                    cursor.row = build->graph->NextDuplicate(cursor.row);
                }
                ++cursor.number;
                if (cursor.row == MemoryGraph::kNone) {
                    ++cursor.node;
                    more = NextChain(*writer, &cursor);
                }
            }
            room = slot < geometry.segment_capacity;
            for (; slot < geometry.segment_capacity; ++slot) {
                segments[slot] = {};
                segments[slot].owner = kNoNode;
            }
            if (room)
                TrailerOf(page, BLCKSZ)->flags = kListed;
        });
    }
    return room;
}

} // namespace

void
WriteGraph(BuildState *build)
{
    const Geometry &geometry = build->geometry;
    Writer writer = {};
    writer.build = build;
    writer.scratch = build->pool.NewArray<float>(geometry.coded);
    NumberNodes(&writer);

    uint32_t mean_pages = build->scaled ? PagesFor(ModelDims(build->metric, build->dims),
                                                   BodyBytes(BLCKSZ) / sizeof(float))
                                        : 0;
    uint32_t entry_pages = PagesFor(build->graph->entries().size(), geometry.entry_capacity);
    writer.plan.node_pages = PagesFor(writer.plan.nodes, geometry.slots_per_page);
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
    meta->entries = build->graph->entries().size();
    meta->node_pages = writer.plan.node_pages;
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);

    OMENDB_FAILURE_POINT("build: pages written");
    if (RelationNeedsWAL(build->index))
        log_newpage_range(build->index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(build->index),
                          true);
}

} // namespace omendb
