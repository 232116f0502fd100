// From reservoirs to lists: prune, reverse edges, fill. Nodes are taken in the order of their homes, so that
// codes are still in a cache when the next node wants them.
#include <algorithm>

#include "bulk_state.h"

namespace omendb {
namespace {

struct Ranked {
    float distance;
    uint32_t id;
};

bool
Nearer(const Ranked &a, const Ranked &b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
}

class Pruning {
public:
    explicit Pruning(BulkState *state)
        : state_(state), graph_(state->graph),
          ranked_(state->pool.NewArray<Ranked>(kMaxReservoir + kMaxListLength)),
          rest_(state->pool.NewArray<Ranked>(kMaxReservoir + kMaxListLength))
    {
    }

    void PruneReservoirs();
    void AddReverse();
    void Fill();
    void Sort();

private:
    size_t Choose(size_t count);
    void AddEdge(uint32_t from, uint32_t to, float distance);
    void PrefetchCode(uint32_t row) const
    {
        for (uint32_t line = 0; line < graph_.padded; line += 64)
            __builtin_prefetch(graph_.CodeOf(row) + line);
    }
    void Store(uint32_t row, size_t count);

    BulkState *state_;
    const GraphArrays &graph_;
    Ranked *ranked_;
    Ranked *rest_;
    size_t rest_count_ = 0;
};

// The relative-neighbourhood rule with alpha 1 over `ranked_`, nearest first: what a chosen one is nearer
// to than the node is goes to `rest_`, still nearest first, and so does what lies beyond a full list.
// Returns how many were chosen; they stand in front.
size_t
Pruning::Choose(size_t count)
{
    size_t chosen = 0;
    rest_count_ = 0;
    for (size_t i = 0; i < count; ++i) {
        bool keep = chosen < graph_.degree;
        for (size_t j = 0; keep && j < chosen; ++j)
            keep = graph_.Distance(ranked_[j].id, ranked_[i].id) >= ranked_[i].distance;
        if (keep)
            ranked_[chosen++] = ranked_[i];
        else
            rest_[rest_count_++] = ranked_[i];
    }
    return chosen;
}

void
Pruning::Store(uint32_t row, size_t count)
{
    uint32_t *ids = graph_.IdsOf(row);
    float *distances = graph_.DistancesOf(row);
    for (size_t i = 0; i < count; ++i) {
        ids[i] = ranked_[i].id;
        distances[i] = ranked_[i].distance;
    }
    graph_.degrees[row] = static_cast<uint8_t>(count);
}

// Leaves in each reservoir what was not chosen, nearest first.
void
Pruning::PruneReservoirs()
{
    Reservoirs *reservoirs = &state_->reservoirs;
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        state_->Beat(BulkPhase::kPrune, i, state_->node_count);
        uint32_t row = state_->nodes[i];
        uint32_t count = reservoirs->CountOf(row);
        uint32_t *ids = reservoirs->IdsOf(row);
        for (uint32_t k = 0; k < count; ++k)
            PrefetchCode(ids[k]);
        for (uint32_t k = 0; k < count; ++k)
            ranked_[k] = {graph_.Distance(row, ids[k]), ids[k]};
        std::sort(ranked_, ranked_ + count, Nearer);
        Store(row, Choose(count));
        for (size_t k = 0; k < rest_count_; ++k)
            ids[k] = rest_[k].id;
        reservoirs->SetCount(row, static_cast<uint32_t>(rest_count_));
    }
    state_->Progress(BulkPhase::kPrune, state_->node_count, state_->node_count);
}

void
Pruning::AddEdge(uint32_t from, uint32_t to, float distance)
{
    uint32_t *ids = graph_.IdsOf(from);
    float *distances = graph_.DistancesOf(from);
    uint32_t degree = graph_.degrees[from];
    if (std::find(ids, ids + degree, to) != ids + degree)
        return;
    if (degree < graph_.degree) {
        ids[degree] = to;
        distances[degree] = distance;
        graph_.degrees[from] = static_cast<uint8_t>(degree + 1);
        return;
    }
    for (uint32_t i = 0; i < degree; ++i) {
        PrefetchCode(ids[i]);
        ranked_[i] = {distances[i], ids[i]};
    }
    ranked_[degree] = {distance, to};
    std::sort(ranked_, ranked_ + degree + 1, Nearer);
    Store(from, Choose(degree + 1));
}

void
Pruning::AddReverse()
{
    uint32_t ids[kMaxListLength];
    float distances[kMaxListLength];
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        state_->Beat(BulkPhase::kReverse, i, state_->node_count);
        uint32_t row = state_->nodes[i];
        uint32_t degree = graph_.degrees[row];
        std::copy(graph_.IdsOf(row), graph_.IdsOf(row) + degree, ids);
        std::copy(graph_.DistancesOf(row), graph_.DistancesOf(row) + degree, distances);
        for (uint32_t k = 0; k < degree; ++k)
            __builtin_prefetch(graph_.IdsOf(ids[k]));
        for (uint32_t k = 0; k < degree; ++k)
            AddEdge(ids[k], row, distances[k]);
    }
    state_->Progress(BulkPhase::kReverse, state_->node_count, state_->node_count);
}

// Lists have room: the nearest that were not chosen take it. Estimates from short codes err, and a second
// way to a node mends it.
void
Pruning::Fill()
{
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        state_->Beat(BulkPhase::kFill, i, state_->node_count);
        uint32_t row = state_->nodes[i];
        uint32_t degree = graph_.degrees[row];
        uint32_t *ids = graph_.IdsOf(row);
        const uint32_t *rest = state_->reservoirs.IdsOf(row);
        uint32_t count = state_->reservoirs.CountOf(row);
        for (uint32_t k = 0; k < count && degree < graph_.degree; ++k) {
            if (std::find(ids, ids + degree, rest[k]) != ids + degree)
                continue;
            ids[degree] = rest[k];
            graph_.DistancesOf(row)[degree++] = graph_.Distance(row, rest[k]);
        }
        graph_.degrees[row] = static_cast<uint8_t>(degree);
    }
    state_->Progress(BulkPhase::kFill, state_->node_count, state_->node_count);
}

void
Pruning::Sort()
{
    for (uint32_t i = 0; i < state_->node_count; ++i) {
        if ((i & 4095) == 0)
            state_->options.check_interrupts();
        uint32_t row = state_->nodes[i];
        uint32_t degree = graph_.degrees[row];
        for (uint32_t k = 0; k < degree; ++k)
            ranked_[k] = {graph_.DistancesOf(row)[k], graph_.IdsOf(row)[k]};
        std::sort(ranked_, ranked_ + degree, Nearer);
        Store(row, degree);
    }
}

} // namespace

void
PruneLists(BulkState *state)
{
    Pruning pruning(state);
    pruning.PruneReservoirs();
    pruning.AddReverse();
    if (state->options.fill)
        pruning.Fill();
    pruning.Sort();
}

} // namespace omendb
