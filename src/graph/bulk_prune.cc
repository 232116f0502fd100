// From reservoirs to lists, in three passes over the nodes in the order of their homes, so that codes are
// still in a cache when the next node wants them: prune each reservoir; tell each neighbour of the edge that
// comes in; let each node choose anew among its own and the incoming, and fill its list up.
#include "bulk_prune.h"

#include <algorithm>

#include "omendb/base/prefetch.h"

namespace omendb {

// Distances from a row to others, nearest first. Returns count.
size_t
Pruning::Rank(uint32_t row, const uint32_t *ids, size_t count, Ranked *to)
{
    for (size_t i = 0; i < count; ++i) {
        codes_[i] = graph_.CodeOf(ids[i]);
        PrefetchBytes(codes_[i], graph_.padded);
        PrefetchBytes(&graph_.factors[ids[i]], sizeof(OwnFactors));
    }
    kernels->dot_int8_many(graph_.CodeOf(row), codes_, count, graph_.padded, dots_);
    const OwnFactors &own = graph_.factors[row];
    for (size_t i = 0; i < count; ++i) {
        const OwnFactors &other = graph_.factors[ids[i]];
        to[i] = {
            DistanceFromDot(own.step, own.norm_squared, other.step, other.norm_squared, dots_[i]),
            ids[i], other.step, other.norm_squared};
    }
    std::sort(to, to + count, Nearer);
    return count;
}

// The relative-neighbourhood rule over `ranked_`, nearest first: what a chosen one is clearly nearer
// to than the node is goes to `left_`, still nearest first, and so does what lies beyond a full list.
// Returns how many were chosen; they stand in front.
size_t
Pruning::Choose(size_t count)
{
    constexpr size_t kAtOnce = 4; // few enough that a near one is met soon
    float alpha = state_->options.alpha;
    size_t chosen = 0;
    left_count_ = 0;
    for (size_t i = 0; i < count; ++i) {
        const Ranked &candidate = ranked_[i];
        const int8_t *code = graph_.CodeOf(candidate.id);
        bool keep = chosen < graph_.degree;
        for (size_t j = 0; keep && j < chosen; j += kAtOnce) {
            size_t here = std::min(kAtOnce, chosen - j);
            kernels->dot_int8_many(code, codes_ + j, here, graph_.padded, dots_);
            for (size_t k = 0; k < here; ++k)
                keep &= DistanceFromDot(candidate.step, candidate.norm_squared, ranked_[j + k].step,
                                        ranked_[j + k].norm_squared,
                                        dots_[k]) >= alpha * candidate.distance;
        }
        if (keep) {
            codes_[chosen] = code;
            ranked_[chosen++] = candidate;
        } else {
            left_[left_count_++] = candidate;
        }
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

void
Pruning::PruneReservoir(uint32_t row)
{
    Reservoirs *reservoirs = &state_->shared.reservoirs;
    Store(row, Choose(Rank(row, reservoirs->CandidatesOf(row), reservoirs->CountOf(row), ranked_)));
    for (size_t k = 0; k < left_count_; ++k)
        ids_[k] = left_[k].id;
    reservoirs->Settle(row, ids_, left_count_);
}

void
Pruning::TellNeighboursOf(uint32_t row)
{
    Reservoirs *reservoirs = &state_->shared.reservoirs;
    const uint32_t *ids = graph_.IdsOf(row);
    for (uint32_t k = 0; k < graph_.degrees[row]; ++k)
        reservoirs->Prefetch(ids[k]);
    for (uint32_t k = 0; k < graph_.degrees[row]; ++k)
        reservoirs->OfferIncoming(ids[k], row, ShortDistance(graph_.DistancesOf(row)[k]));
}

// An edge that comes in is taken while there is room; else own and incoming are pruned together.
void
Pruning::Complete(uint32_t row)
{
    const Reservoirs &reservoirs = state_->shared.reservoirs;
    uint32_t *end = std::copy(graph_.IdsOf(row), graph_.IdsOf(row) + graph_.degrees[row], ids_);
    const uint32_t *incoming = reservoirs.IncomingOf(row);
    for (uint32_t k = 0; k < reservoirs.IncomingCountOf(row); ++k)
        if (std::find(ids_, ids_ + graph_.degrees[row], incoming[k]) == ids_ + graph_.degrees[row])
            *end++ = incoming[k];
    size_t count = Rank(row, ids_, static_cast<size_t>(end - ids_), ranked_);
    left_count_ = 0;
    if (count > graph_.degree)
        count = Choose(count);
    if (state_->options.fill && count < graph_.degree) {
        // Lists have room: the nearest that were not chosen take it. Estimates from short codes err, and
        // a second way to a node mends it.
        const uint32_t *left = reservoirs.LeftOf(row);
        size_t more = 0;
        for (uint32_t k = 0; k < reservoirs.LeftCountOf(row); ++k) {
            auto same = [&](const Ranked &other) { return other.id == left[k]; };
            if (std::none_of(ranked_, ranked_ + count, same) &&
                std::none_of(left_, left_ + left_count_, same))
                ids_[more++] = left[k];
        }
        Rank(row, ids_, more, left_ + left_count_);
        left_count_ += more;
        std::sort(left_, left_ + left_count_, Nearer);
        for (size_t k = 0; k < left_count_ && count < graph_.degree; ++k)
            ranked_[count++] = left_[k];
        std::sort(ranked_, ranked_ + count, Nearer);
    }
    Store(row, count);
}

namespace {

// All nodes, in pieces of neighbours, so that codes are still in a cache when the next node wants them.
template <class Node>
void
ForNodes(BulkState *state, BulkStep step, BulkPhase phase, Node node)
{
    constexpr uint32_t kPiece = 256;
    const BulkShared &shared = state->shared;
    state->ForPieces(step, shared.node_count, kPiece, [&](uint32_t first, uint32_t end) {
        state->Progress(phase, first, shared.node_count);
        for (uint32_t i = first; i < end; ++i) {
            state->Beat(phase, i, shared.node_count);
            if (i + 1 < end)
                shared.reservoirs.Prefetch(shared.nodes[i + 1]);
            node(shared.nodes[i]);
        }
    });
    state->Progress(phase, shared.node_count, shared.node_count);
}

} // namespace

void
PruneReservoirs(BulkState *state)
{
    Pruning pruning(state, state->pool);
    ForNodes(state, BulkStep::kPrune, BulkPhase::kPrune,
             [&](uint32_t row) { pruning.PruneReservoir(row); });
}

void
TellNeighbours(BulkState *state)
{
    Pruning pruning(state, state->pool);
    ForNodes(state, BulkStep::kTell, BulkPhase::kReverse,
             [&](uint32_t row) { pruning.TellNeighboursOf(row); });
}

void
CompleteLists(BulkState *state)
{
    Pruning pruning(state, state->pool);
    ForNodes(state, BulkStep::kComplete, BulkPhase::kFill,
             [&](uint32_t row) { pruning.Complete(row); });
}

} // namespace omendb
