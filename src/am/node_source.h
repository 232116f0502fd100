// A built graph's nodes in the order of their numbers, wherever they are: in memory, or in the file of a build
// that did not fit.
#pragma once

#include "build_external.h"
#include "write_pages.h"

namespace omendb {

class NodeSource {
public:
    NodeSource(BuildState *build, const PagePlan &plan);

    // Brings node `number` to hand, and its neighbours if they are asked for; others up to `end` may come along.
    // Returns its row in graph().
    uint32_t Load(uint32_t number, uint32_t end, bool neighbours);
    MemoryGraph *graph() { return build_->external == nullptr ? build_->graph : &local_; }
    uint32_t NumberOf(uint32_t row) const
    {
        return reader_ == nullptr ? plan_.number[row] : reader_->NumberOf(row);
    }

    // Whether some node stands for several rows.
    bool HasTwins() const { return reader_ == nullptr || reader_->has_twins(); }

    // Of the node at hand: how many rows it stands for, and use(tid) for each.
    uint32_t RowsOf(uint32_t row) const;
    template <class Use>
    void ForTids(uint32_t row, Use use) const
    {
        if (reader_ == nullptr) {
            for (; row != MemoryGraph::kNone; row = build_->graph->NextDuplicate(row))
                use(build_->tids[row]);
            return;
        }
        const ExternalRow &of = reader_->RowOf(row);
        use(TidOfPayload(of.payload));
        uint64_t payloads[64];
        for (uint32_t first = 0; first < of.twins;) {
            uint32_t here = Min(of.twins - first, static_cast<uint32_t>(lengthof(payloads)));
            reader_->ReadTwins(of, first, here, payloads);
            for (uint32_t i = 0; i < here; ++i)
                use(TidOfPayload(payloads[i]));
            first += here;
        }
    }

    uint32_t entries() const;
    uint32_t EntryNumber(uint32_t i) const;

private:
    BuildState *build_;
    const PagePlan &plan_;
    ExternalReader *reader_;
    MemoryGraph local_;
    uint32_t first_ = 0, count_ = 0; // of the batch at hand
    bool neighbours_ = false;
};

} // namespace omendb
