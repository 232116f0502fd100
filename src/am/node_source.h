// A built graph's nodes in the order of their numbers, wherever they are: in memory, or in the file of a build
// that did not fit.
#pragma once

#include "build_external.h"
#include "omendb/page/views.h"
#include "write_pages.h"

namespace omendb {

class NodeSource {
public:
    NodeSource(BuildState *build, const PagePlan &plan);

    // Brings node `number` to hand, and its list if it is asked for; others up to `end` may come along.
    // Returns its row in graph(), which has all but lists.
    uint32_t Load(uint32_t number, uint32_t end, bool list);
    MemoryGraph *graph() { return reader_ == nullptr ? build_->graph : &local_; }
    // The list of the node at hand, into its slot.
    void PutList(uint32_t row, NodeView node, float *scratch) const;

    // Whether some node stands for several rows.
    bool HasTwins() const { return reader_ == nullptr || reader_->has_twins(); }

    // Of the node at hand: how many rows it stands for, and use(tid) for rows [begin, end) of them.
    uint32_t RowsOf(uint32_t row) const;
    template <class Use>
    void ForTids(uint32_t row, uint32_t begin, uint32_t end, Use use) const
    {
        if (reader_ == nullptr) {
            for (uint32_t i = 0; i < end; ++i, row = build_->graph->NextDuplicate(row))
                if (i >= begin)
                    use(build_->tids[row]);
            return;
        }
        const ExternalRow &of = reader_->RowOf(row);
        if (begin == 0 && end > 0)
            use(TidOfPayload(of.payload));
        uint64_t payloads[64];
        for (uint32_t i = Max(begin, 1u); i < end;) {
            uint32_t here = Min(end - i, static_cast<uint32_t>(lengthof(payloads)));
            reader_->ReadTwins(of, i - 1, here, payloads);
            for (uint32_t k = 0; k < here; ++k)
                use(TidOfPayload(payloads[k]));
            i += here;
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
    bool lists_ = false;
};

} // namespace omendb
