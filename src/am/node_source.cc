#include "node_source.h"

namespace omendb {

NodeSource::NodeSource(BuildState *build, const PagePlan &plan)
    : build_(build), plan_(plan), reader_(nullptr), local_(GraphArrays{})
{
    if (build->external != nullptr)
        reader_ = ReaderOf(build);
}

uint32_t
NodeSource::Load(uint32_t number, uint32_t end, bool list)
{
    if (reader_ == nullptr)
        return plan_.order[number];
    if (number < first_ || number - first_ >= count_ || (list && !lists_)) {
        count_ = reader_->ReadNodes(number, end - number, list);
        first_ = number;
        lists_ = list;
        local_ = MemoryGraph(reader_->arrays());
    }
    return number - first_;
}

void
NodeSource::PutList(uint32_t row, NodeView node, float *scratch) const
{
    const Geometry &geometry = build_->geometry;
    auto arrays = node.neighbours();
    ListCodes codes = {arrays.f_add, arrays.f_mul, arrays.codes};
    if (reader_ != nullptr) {
        uint32_t degree = reader_->arrays().degrees[row];
        ListCodes from = reader_->CodesOf(row);
        memcpy(codes.f_add, from.f_add, degree * sizeof(uint16_t));
        memcpy(codes.f_mul, from.f_mul, degree * sizeof(uint16_t));
        memcpy(codes.codes, from.codes, degree * geometry.code_bytes);
        for (uint32_t i = 0; i < degree; ++i) {
            arrays.ids[i] = plan_.IdOf(geometry, reader_->NeighbourOf(row, i));
            arrays.tag[i] = reader_->Anchors(row, i) ? kAnchorTag : 0;
        }
        node.header()->degree = static_cast<uint16_t>(degree);
        return;
    }
    const MemoryGraph *graph = build_->graph;
    uint32_t degree = graph->DegreeOf(row);
    const uint32_t *neighbours = graph->NeighboursOf(row);
    EncodeList(graph->Arrays(), row, neighbours, degree, CodeShapeOf(geometry), scratch, codes);
    for (uint32_t i = 0; i < degree; ++i) {
        arrays.ids[i] = plan_.IdOf(geometry, plan_.number[neighbours[i]]);
        arrays.tag[i] = graph->AnchorOf(neighbours[i]) == row ? kAnchorTag : 0;
    }
    node.header()->degree = static_cast<uint16_t>(degree);
}

uint32_t
NodeSource::RowsOf(uint32_t row) const
{
    if (reader_ != nullptr)
        return 1 + reader_->RowOf(row).twins;
    uint32_t rows = 0;
    for (; row != MemoryGraph::kNone; row = build_->graph->NextDuplicate(row))
        ++rows;
    return rows;
}

uint32_t
NodeSource::entries() const
{
    return reader_ == nullptr ? static_cast<uint32_t>(build_->graph->entries().size())
                              : reader_->entries();
}

uint32_t
NodeSource::EntryNumber(uint32_t i) const
{
    return reader_ == nullptr ? plan_.number[build_->graph->entries()[i]] : reader_->EntryNumber(i);
}

} // namespace omendb
