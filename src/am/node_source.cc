#include "node_source.h"

namespace omendb {

NodeSource::NodeSource(BuildState *build, const PagePlan &plan)
    : build_(build), plan_(plan), reader_(nullptr), local_(GraphArrays{})
{
    if (build->external != nullptr)
        reader_ = ReaderOf(build);
}

uint32_t
NodeSource::Load(uint32_t number, uint32_t end, bool neighbours)
{
    if (reader_ == nullptr)
        return plan_.order[number];
    if (number < first_ || number - first_ >= count_ || (neighbours && !neighbours_)) {
        count_ = reader_->ReadNodes(number, end - number, neighbours);
        first_ = number;
        neighbours_ = neighbours;
        local_ = MemoryGraph(reader_->arrays());
    }
    return number - first_;
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
