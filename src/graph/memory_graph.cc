#include "omendb/graph/memory_graph.h"

#include <algorithm>
#include <cstring>

#include "omendb/base/prefetch.h"
#include "omendb/graph/search.h"
#include "omendb/simd/kernels.h"

namespace omendb {

size_t
MemoryGraph::BytesPerRow(uint32_t padded, uint32_t degree)
{
    return padded + sizeof(OwnFactors) + 5 * sizeof(uint32_t) + 1 +
           degree * (sizeof(uint32_t) + sizeof(float));
}

MemoryGraph::MemoryGraph(Pool pool, const MemoryGraphOptions &options)
    : options_(options), entries_(pool), pool_(pool, options.search_width), found_(pool)
{
    size_t rows = options.capacity;
    codes_ = pool.NewArray<int8_t>(rows * options.padded);
    factors_ = pool.NewArray<OwnFactors>(rows);
    birth_ = pool.NewArray<uint32_t>(rows);
    anchor_ = pool.NewArray<uint32_t>(rows);
    home_ = pool.NewArray<uint32_t>(rows);
    next_duplicate_ = pool.NewArray<uint32_t>(rows);
    degrees_ = pool.NewArray<uint8_t>(rows);
    ids_ = pool.NewArray<uint32_t>(rows * options.degree);
    distances_ = pool.NewArray<float>(rows * options.degree);
    visited_ = pool.NewArray<uint32_t>(rows);
    scratch_ = pool.NewArray<PruneCandidate>(options.degree + 1);
    lent_ids_ = pool.NewArray<uint32_t>(options.degree);
    lent_estimates_ = pool.NewArray<float>(options.degree);
}

MemoryGraph::MemoryGraph(const GraphArrays &arrays)
    : options_{}, rows_(arrays.rows), codes_(arrays.codes), factors_(arrays.factors),
      birth_(arrays.birth), anchor_(arrays.anchor), home_(arrays.home),
      next_duplicate_(arrays.next_duplicate), degrees_(arrays.degrees), ids_(arrays.ids),
      distances_(arrays.distances), visited_(nullptr), scratch_(nullptr), lent_ids_(nullptr),
      lent_estimates_(nullptr)
{
    options_.padded = arrays.padded;
    options_.degree = arrays.degree;
}

void
MemoryGraph::SetRow(uint32_t row, const OwnFactors &factors)
{
    // Row by row, so that memory which no row needs is never touched.
    factors_[row] = factors;
    birth_[row] = anchor_[row] = next_duplicate_[row] = kNone;
    degrees_[row] = 0;
}

uint32_t
MemoryGraph::AddRow(const OwnFactors &factors)
{
    SetRow(rows_, factors);
    visited_[rows_] = 0;
    return rows_++;
}

void
GraphArrays::MoveBy(ptrdiff_t offset)
{
    MovePointer(&codes, offset);
    MovePointer(&factors, offset);
    MovePointer(&birth, offset);
    MovePointer(&anchor, offset);
    MovePointer(&home, offset);
    MovePointer(&next_duplicate, offset);
    MovePointer(&degrees, offset);
    MovePointer(&ids, offset);
    MovePointer(&distances, offset);
}

float
GraphArrays::Distance(uint32_t a, uint32_t b) const
{
    return CodeDistanceSquared(CodeOf(a), factors[a].step, factors[a].norm_squared, CodeOf(b),
                               factors[b].step, factors[b].norm_squared, padded);
}

bool
GraphArrays::SameCode(uint32_t a, uint32_t b) const
{
    return factors[a].step == factors[b].step && factors[a].error == factors[b].error &&
           factors[a].mean_dot == factors[b].mean_dot && memcmp(CodeOf(a), CodeOf(b), padded) == 0;
}

void
MemoryGraph::Prefetch(uint32_t id)
{
    PrefetchBytes(NeighboursOf(id), options_.degree * sizeof(uint32_t));
}

void
MemoryGraph::Expand(const Candidate &candidate, float *, Neighbourhood *found)
{
    found_.push_back({candidate.estimate, candidate.id, 0, false});
    const uint32_t *neighbours = NeighboursOf(candidate.id);
    size_t count = 0;
    for (uint32_t i = 0; i < degrees_[candidate.id]; ++i) {
        uint32_t id = neighbours[i];
        if (visited_[id] == searches_)
            continue;
        visited_[id] = searches_;
        PrefetchBytes(CodeOf(id), options_.padded);
        lent_ids_[count++] = id;
    }
    for (size_t i = 0; i < count; ++i)
        lent_estimates_[i] = Distance(target_, lent_ids_[i]);
    *found = {lent_ids_, lent_estimates_, nullptr, count};
}

uint32_t
MemoryGraph::AnchoredEdges(uint32_t row) const
{
    uint32_t anchored = 0;
    const uint32_t *neighbours = NeighboursOf(row);
    for (uint32_t i = 0; i < degrees_[row]; ++i)
        anchored += anchor_[neighbours[i]] == row;
    return anchored;
}

void
MemoryGraph::AddEdge(uint32_t from, uint32_t to, float distance, bool anchored)
{
    uint32_t *ids = ids_ + static_cast<size_t>(from) * options_.degree;
    float *distances = distances_ + static_cast<size_t>(from) * options_.degree;
    uint32_t degree = degrees_[from];
    if (degree < options_.degree) {
        ids[degree] = to;
        distances[degree] = distance;
        degrees_[from] = static_cast<uint8_t>(degree + 1);
        return;
    }
    for (uint32_t i = 0; i < degree; ++i)
        scratch_[i] = {distances[i], ids[i], 0, anchor_[ids[i]] == from};
    scratch_[degree] = {distance, to, 0, anchored};
    size_t kept = PruneNeighbours(
        scratch_, degree + 1, options_.degree,
        [this](const PruneCandidate &a, const PruneCandidate &b) { return Distance(a.id, b.id); });
    for (size_t i = 0; i < kept; ++i) {
        ids[i] = scratch_[i].id;
        distances[i] = scratch_[i].distance;
    }
    degrees_[from] = static_cast<uint8_t>(kept);
}

void
MemoryGraph::Link(uint32_t row)
{
    ++searches_;
    target_ = row;
    found_.clear();
    pool_.Restart(options_.search_width);
    uint32_t nearest_entry = row;
    float nearest_distance = std::numeric_limits<float>::max();
    for (uint32_t entry : entries_) {
        float distance = Distance(row, entry);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest_entry = entry;
        }
        visited_[entry] = searches_;
        pool_.OfferOne(entry, distance);
    }
    SearchGraph(*this, pool_);

    // A row with the same code as a node joins it. Estimates here are exact but for rounding, so a twin is
    // among the very nearest.
    for (const PruneCandidate &near : found_) {
        if (near.distance <= 1e-5f * factors_[row].norm_squared &&
            Arrays().SameCode(row, near.id)) {
            next_duplicate_[row] = next_duplicate_[near.id];
            next_duplicate_[near.id] = row;
            return;
        }
    }

    size_t kept = PruneNeighbours(
        found_.data(), found_.size(), options_.degree,
        [this](const PruneCandidate &a, const PruneCandidate &b) { return Distance(a.id, b.id); });
    uint32_t *ids = ids_ + static_cast<size_t>(row) * options_.degree;
    float *distances = distances_ + static_cast<size_t>(row) * options_.degree;
    for (size_t i = 0; i < kept; ++i) {
        ids[i] = found_[i].id;
        distances[i] = found_[i].distance;
    }
    degrees_[row] = static_cast<uint8_t>(kept);
    birth_[row] = nodes_++;
    home_[row] = nearest_entry;

    bool entry = entries_.size() < options_.entries;
    uint32_t anchor = kNone;
    for (size_t i = 0; !entry && anchor == kNone && i < kept; ++i)
        if (AnchoredEdges(ids[i]) < MaxAnchored(options_.degree))
            anchor = ids[i];
    if (anchor == kNone) {
        anchor = row;
        home_[row] = row;
        entries_.push_back(row);
    }
    anchor_[row] = anchor;
    for (size_t i = 0; i < kept; ++i)
        AddEdge(ids[i], row, distances[i], ids[i] == anchor);
}

void
MemoryGraph::Fill(uint32_t row)
{
    uint32_t degree = degrees_[row];
    if (!IsNode(row) || degree == options_.degree)
        return;
    ++searches_;
    found_.clear();
    visited_[row] = searches_;
    const uint32_t *neighbours = NeighboursOf(row);
    for (uint32_t i = 0; i < degree; ++i)
        visited_[neighbours[i]] = searches_;
    for (uint32_t i = 0; i < degree; ++i) {
        const uint32_t *others = NeighboursOf(neighbours[i]);
        for (uint32_t j = 0; j < degrees_[neighbours[i]]; ++j) {
            if (visited_[others[j]] == searches_)
                continue;
            visited_[others[j]] = searches_;
            found_.push_back({Distance(row, others[j]), others[j], 0, false});
        }
    }
    size_t wanted = std::min<size_t>(options_.degree - degree, found_.size());
    std::partial_sort(found_.begin(), found_.begin() + wanted, found_.end(),
                      [](const PruneCandidate &a, const PruneCandidate &b) {
                          return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
                      });
    for (size_t i = 0; i < wanted; ++i) {
        ids_[static_cast<size_t>(row) * options_.degree + degree + i] = found_[i].id;
        distances_[static_cast<size_t>(row) * options_.degree + degree + i] = found_[i].distance;
    }
    degrees_[row] = static_cast<uint8_t>(degree + wanted);
}

} // namespace omendb
