// Searching a graph in memory as `graph` measures it (graph_bench.cc): the records of its nodes as pages hold
// them, and two storages for SearchGraph that count what a search computes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "omendb/base/arena.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/graph/search.h"
#include "omendb/page/layout.h"
#include "omendb/simd/kernels.h"

namespace omendb::bench {

// The records of nodes and the entry table, as pages hold them.
struct Record {
    std::vector<uint32_t> ids;
    std::vector<uint16_t> f_add, f_mul;
    std::vector<uint8_t> codes;
};

class Records {
public:
    Records(MemoryGraph *graph, const Geometry &geometry)
        : graph_(graph), geometry_(geometry), nodes_(graph->rows()), origin_(geometry.padded)
    {
        for (uint32_t row = 0; row < graph->rows(); ++row)
            if (graph->IsNode(row))
                Encode(graph->CodeOf(row), graph->FactorsOf(row)->step, graph->NeighboursOf(row),
                       graph->DegreeOf(row), &nodes_[row]);
        Encode(origin_.data(), 0, graph->entries().data(), graph->entries().size(), &entries_);
    }

    const Record &node(uint32_t row) const { return nodes_[row]; }
    const Record &entries() const { return entries_; }
    const int8_t *origin() const { return origin_.data(); }
    MemoryGraph *graph() const { return graph_; }
    const Geometry &geometry() const { return geometry_; }

private:
    void Encode(const int8_t *parent, float step, const uint32_t *ids, size_t count, Record *record)
    {
        std::vector<float> scratch(geometry_.coded);
        record->ids.assign(ids, ids + count);
        record->codes.resize(count * geometry_.code_bytes);
        for (size_t i = 0; i < count; ++i) {
            NeighbourFactors factors =
                EncodeNeighbour(parent, step, graph_->CodeOf(ids[i]),
                                graph_->FactorsOf(ids[i])->step, geometry_.coded, geometry_.bits,
                                scratch.data(), record->codes.data() + i * geometry_.code_bytes);
            record->f_add.push_back(factors.f_add);
            record->f_mul.push_back(factors.f_mul);
        }
    }

    MemoryGraph *graph_;
    Geometry geometry_;
    std::vector<Record> nodes_;
    Record entries_;
    std::vector<int8_t> origin_;
};

// What one search did.
class SearchNotes {
public:
    explicit SearchNotes(size_t rows) : seen_(rows) {}

    void Restart()
    {
        ++searches_;
        estimates = nodes = 0;
        read.clear();
    }

    // True the first time in this search.
    bool See(uint32_t id)
    {
        bool first = seen_[id] != searches_;
        seen_[id] = searches_;
        nodes += first;
        return first;
    }

    size_t estimates = 0;       // computed, entries and neighbours, however often the same node
    size_t nodes = 0;           // different ones among them
    std::vector<uint32_t> read; // nodes expanded

private:
    std::vector<uint32_t> seen_; // the search that saw the node last
    uint32_t searches_ = 0;
};

// Estimates from the records' short codes, as am/page_storage.h computes them.
class RecordStorage {
public:
    explicit RecordStorage(const Records &records)
        : records_(records), notes_(records.graph()->rows()),
          most_(std::max<size_t>(records.geometry().degree, records.graph()->entries().size())),
          hop_(NewHop(arena_.pool(), records.geometry().coded, most_)), estimates_(most_),
          weights_(most_)
    {
    }

    // Starts a search: the entry table's estimates go to the pool.
    void Start(const float *query, CandidatePool *pool)
    {
        query_ = query;
        notes_.Restart();
        Neighbourhood entries = Estimate(records_.entries(), records_.origin(), 0);
        pool->Offer(entries.ids, entries.estimates, entries.weights, entries.count);
    }

    void Prefetch(uint32_t) {}
    void CheckInterrupts() {}

    void Expand(const Candidate &candidate, float *distance, Neighbourhood *found)
    {
        *found = Estimate(records_.node(candidate.id), records_.graph()->CodeOf(candidate.id),
                          records_.graph()->FactorsOf(candidate.id)->step);
        *distance = hop_.distance_squared;
        notes_.read.push_back(candidate.id);
    }

    const SearchNotes &notes() const { return notes_; }

private:
    Neighbourhood Estimate(const Record &record, const int8_t *code, float step)
    {
        const Geometry &geometry = records_.geometry();
        size_t count = record.ids.size();
        MoveHop(&hop_, query_, code, step, geometry.coded);
        EstimateNeighbours(hop_, record.codes.data(), record.f_add.data(), record.f_mul.data(),
                           count, geometry.bits, geometry.coded, estimates_.data());
        for (size_t i = 0; i < count; ++i)
            weights_[i] = 1 / (Bfloat16ToFloat(record.f_add[i]) * hop_.distance_squared + 1e-12f);
        for (uint32_t id : record.ids)
            notes_.See(id);
        notes_.estimates += count;
        return {record.ids.data(), estimates_.data(), weights_.data(), count};
    }

    const Records &records_;
    SearchNotes notes_;
    size_t most_;
    Arena arena_;
    Hop hop_;
    const float *query_ = nullptr;
    std::vector<float> estimates_, weights_;
};

// The graph alone: the distance to the own code of every node that an expanded one leads to, each node once,
// as a search of HNSW computes them.
class OwnCodeStorage {
public:
    OwnCodeStorage(MemoryGraph *graph, size_t padded)
        : graph_(graph), notes_(graph->rows()), residual_(padded)
    {
    }

    void Start(const float *query, CandidatePool *pool)
    {
        query_ = query;
        notes_.Restart();
        const List<uint32_t> &entries = graph_->entries();
        Neighbourhood found = Measure(entries.data(), entries.size());
        pool->Offer(found.ids, found.estimates, found.weights, found.count);
    }

    void Prefetch(uint32_t) {}
    void CheckInterrupts() {}

    void Expand(const Candidate &candidate, float *, Neighbourhood *found)
    {
        *found = Measure(graph_->NeighboursOf(candidate.id), graph_->DegreeOf(candidate.id));
        notes_.read.push_back(candidate.id);
    }

    const SearchNotes &notes() const { return notes_; }

private:
    Neighbourhood Measure(const uint32_t *ids, size_t count)
    {
        ids_.clear();
        distances_.clear();
        for (size_t i = 0; i < count; ++i) {
            if (!notes_.See(ids[i]))
                continue;
            float largest;
            ids_.push_back(ids[i]);
            distances_.push_back(kernels->residual(query_, graph_->CodeOf(ids[i]),
                                                   graph_->FactorsOf(ids[i])->step,
                                                   residual_.size(), residual_.data(), &largest));
        }
        notes_.estimates += ids_.size();
        return {ids_.data(), distances_.data(), nullptr, ids_.size()};
    }

    MemoryGraph *graph_;
    SearchNotes notes_;
    const float *query_ = nullptr;
    std::vector<float> residual_, distances_;
    std::vector<uint32_t> ids_;
};

} // namespace omendb::bench
