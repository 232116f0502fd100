// Birth numbers and anchors by a breadth-first tree, level by level, so that a level's lists are read as they
// lie; and the numbers that decide which nodes share a page.
#include <algorithm>

#include "external_state.h"

namespace omendb {
namespace {

class ExternalAnchoring {
public:
    explicit ExternalAnchoring(ExternalState *state)
        : state_(state), shared_(&state->shared), bytes_(state->list_bytes()),
          cap_(MaxAnchored(state->options.degree)), queue_(state->shared.number),
          children_(state->pool.NewZeroedArray<uint8_t>(state->shared.rows)),
          buffer_(state->work.pool().NewArray<char>(std::max(kReadBytes, bytes_))),
          one_(state->work.pool().NewArray<char>(bytes_)),
          other_(state->work.pool().NewArray<char>(bytes_)), entries_(state->work.pool())
    {
    }

    void Run();

private:
    bool Reached(uint32_t place) const { return shared_->anchor[place] != kNoPlace; }
    void Bear(uint32_t place, uint32_t anchor)
    {
        shared_->anchor[place] = anchor;
        queue_[born_++] = place;
        if (anchor != place)
            ++children_[anchor];
    }
    void AddEntry(uint32_t place)
    {
        entries_.push_back(place);
        Bear(place, place);
    }
    void Spread();
    void SpreadFrom(uint32_t place, const ListView &list);
    bool Attach(uint32_t place);
    void AddEdge(uint32_t from, uint32_t to, float distance);
    uint64_t ListAt(uint32_t place) const { return shared_->lists_at + uint64_t{place} * bytes_; }

    ExternalState *state_;
    ExternalShared *shared_;
    size_t bytes_;
    uint32_t cap_;
    uint32_t *queue_; // nodes by birth
    uint8_t *children_;
    char *buffer_, *one_, *other_;
    List<uint32_t> entries_;
    uint32_t born_ = 0;
    uint32_t expanded_ = 0;
};

void
ExternalAnchoring::SpreadFrom(uint32_t place, const ListView &list)
{
    for (uint32_t i = 0; i < *list.degree() && children_[place] < cap_; ++i)
        if (!Reached(list.ids()[i]))
            Bear(list.ids()[i], place);
}

// Everything that can be reached from what was born and not looked at yet.
void
ExternalAnchoring::Spread()
{
    while (expanded_ < born_) {
        uint32_t end = born_;
        std::sort(queue_ + expanded_, queue_ + end);
        for (uint32_t i = expanded_; i < end; ++i)
            shared_->birth[queue_[i]] = i;
        for (uint32_t i = expanded_; i < end;) {
            state_->CheckInterrupts();
            state_->bulk.Progress(BulkPhase::kAnchors, i, shared_->nodes);
            uint32_t first = queue_[i];
            uint32_t run = EndOfRun(i, end, bytes_, [this](uint32_t k) { return queue_[k]; });
            state_->spill.Read(ListAt(first), buffer_, (queue_[run - 1] - first + 1) * bytes_);
            for (; i < run; ++i)
                SpreadFrom(queue_[i],
                           {buffer_ + (queue_[i] - first) * bytes_, state_->options.degree});
        }
        expanded_ = end;
    }
}

// REQUIRES: fewer than cap_ anchored edges.
void
ExternalAnchoring::AddEdge(uint32_t from, uint32_t to, float distance)
{
    ListView list = {other_, state_->options.degree};
    state_->spill.Read(ListAt(from), other_, bytes_);
    *list.degree() =
        AddToList(list.ids(), list.distances(), *list.degree(), state_->options.degree, to,
                  distance, [&](uint32_t id) { return shared_->anchor[id] == from; });
    *list.changed() = 1;
    state_->spill.Write(ListAt(from), other_, bytes_);
}

// Hangs a node that nothing reaches under the nearest of its neighbours that can hold it.
bool
ExternalAnchoring::Attach(uint32_t place)
{
    ListView list = {one_, state_->options.degree};
    state_->spill.Read(ListAt(place), one_, bytes_);
    for (uint32_t i = 0; i < *list.degree(); ++i) {
        uint32_t from = list.ids()[i];
        if (!Reached(from) || children_[from] >= cap_)
            continue;
        AddEdge(from, place, list.distances()[i]);
        Bear(place, from);
        return true;
    }
    return false;
}

void
ExternalAnchoring::Run()
{
    std::fill(shared_->anchor, shared_->anchor + shared_->rows, kNoPlace);
    for (uint32_t i = 0; i < shared_->entry_count; ++i)
        if (!Reached(shared_->leader_places[i]))
            AddEntry(shared_->leader_places[i]);
    Spread();
    // Twice for what is reached only through others; then islands get their own entries.
    for (int pass = 0; pass < 3 && born_ < shared_->nodes; ++pass) {
        for (uint32_t place = 0; place < shared_->rows; ++place) {
            if ((place & 1023) == 0)
                state_->CheckInterrupts();
            if (!state_->IsNode(place) || Reached(place))
                continue;
            if (!Attach(place)) {
                if (pass < 2)
                    continue;
                AddEntry(place);
            }
            Spread();
        }
    }
    shared_->entry_count = static_cast<uint32_t>(entries_.size());
    shared_->entries = state_->shared_pool.NewArray<uint32_t>(entries_.size());
    std::copy(entries_.begin(), entries_.end(), shared_->entries);
}

} // namespace

void
AnchorExternalNodes(ExternalState *state)
{
    ExternalAnchoring(state).Run();
}

// The next node in order, and the nearest of its page's neighbours in the window that have no number yet.
void
NumberWindows(ExternalState *state)
{
    const ExternalShared &shared = state->shared;
    Pool work = state->work.pool();
    size_t bytes = state->list_bytes();
    auto *lists = work.NewArray<char>(shared.window_rows * bytes);
    auto *packed = work.NewArray<uint32_t>(shared.window_rows);
    uint32_t slots = state->options.page_nodes;
    state->ForPieces(ExternalStep::kNumber, shared.windows, 1, [&](uint32_t window, uint32_t) {
        uint32_t start = window * shared.window_rows;
        uint32_t rows = state->rows_in_window(window);
        uint32_t base = shared.window_nodes[window];
        uint32_t nodes = shared.window_nodes[window + 1] - base;
        state->spill.Read(shared.lists_at + uint64_t{start} * bytes, lists, rows * bytes);
        std::fill(shared.number + start, shared.number + start + rows, kNoPlace);
        uint32_t placed = 0;
        uint32_t seed = start;
        auto place = [&](uint32_t at) {
            shared.number[at] = base + placed;
            packed[placed++] = at;
        };
        // The window may begin in the middle of a page.
        for (uint32_t page_start = 0; placed < nodes; page_start = placed) {
            uint32_t page_end = std::min(nodes, (base + placed) / slots * slots + slots - base);
            for (uint32_t member = page_start; placed < page_end; ++member) {
                if (member == placed) { // no neighbour left: the next in order
                    while (!state->IsNode(seed) || shared.number[seed] != kNoPlace)
                        ++seed;
                    place(seed);
                }
                uint32_t of = packed[member] - start;
                ListView list = {lists + of * bytes, state->options.degree};
                for (uint32_t i = 0; i < *list.degree() && placed < page_end; ++i) {
                    uint32_t id = list.ids()[i];
                    if (id >= start && id < start + rows && shared.number[id] == kNoPlace)
                        place(id);
                }
            }
        }
    });
}

} // namespace omendb
