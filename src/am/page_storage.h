// The graph in its pages, as graph/search.h wants it: one page a hop.
//
// Visitor offers  void OnNode(uint32_t id, ConstNodeView node, float distance_squared);
// it runs under the node's share lock, with the squared distance from the query to the own code over the
// coded dimensions. It allocates and copies, and reads no other page.
#pragma once

#include "index_state.h"
#include "omendb/base/prefetch.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/graph/search.h"
#include "omendb/page/views.h"

extern "C" {
#include <miscadmin.h>
#include <storage/buf_internals.h>
}

namespace omendb {

template <class Visitor>
class PageStorage {
public:
    // `query`: `padded` floats in index space that outlive this.
    PageStorage(Relation index, Pool pool, const float *query, Visitor *visitor)
        : index_(index), state_(GetIndexState(index)), geometry_(state_->geometry), query_(query),
          visitor_(visitor), blocks_(RelationGetNumberOfBlocks(index))
    {
        size_t most = Max(geometry_.degree, geometry_.entry_capacity);
        hop_ = NewHop(pool, geometry_.coded, most);
        origin_ = pool.NewZeroedArray<int8_t>(geometry_.coded);
        ids_ = pool.NewArray<uint32_t>(most);
        estimates_ = pool.NewArray<float>(most);
        weights_ = pool.NewArray<float>(most);
    }

    const Geometry &geometry() const { return geometry_; }
    const float *query() const { return query_; }
    Relation index() const { return index_; }

    // The visitor and the state may move between two calls of the access method.
    void Resume(Visitor *visitor)
    {
        visitor_ = visitor;
        state_ = GetIndexState(index_);
    }

    // Offers all entries. LOCKS: entry pages, shared, one at a time.
    void OfferEntries(BlockNumber block, CandidatePool &pool)
    {
        MoveHop(&hop_, query_, origin_, 0, geometry_.coded);
        while (block != kNoBlock) {
            CHECK_FOR_INTERRUPTS();
            Buffer buffer = Pin(block);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            const char *page = BufferGetPage(buffer);
            RequireKind(index_, block, page, PageKind::kEntry);
            auto view = EntriesOf(page, geometry_);
            uint32_t count = view.header()->count;
            if (unlikely(count > geometry_.entry_capacity))
                RaiseDamaged(index_, block, PageFault::kBadCount);
            Estimate(block, view.entries(), count);
            block = TrailerOf(page, BLCKSZ)->next;
            UnlockReleaseBuffer(buffer);
            pool.Offer(ids_, estimates_, weights_, count);
        }
    }

    void Prefetch(uint32_t id)
    {
        BlockNumber block = NodeBlock(geometry_, id);
        Buffer buffer = state_->recent[block & state_->recent_mask];
        if (!BufferIsValid(buffer) || BufferIsLocal(buffer))
            return;
        PrefetchBytes(GetBufferDescriptor(buffer - 1), sizeof(BufferDesc));
        const char *page = BufferGetPage(buffer);
        PrefetchBytes(Body(page) + NodeSlot(geometry_, id) * geometry_.slot_bytes,
                      geometry_.slot_bytes);
        PrefetchBytes(TrailerOf(page, BLCKSZ), sizeof(Trailer));
    }

    // Leaves the page locked; ExpandMate unlocks it.
    void Expand(const Candidate &candidate, float *distance, Neighbourhood *found)
    {
        block_ = NodeBlock(geometry_, candidate.id);
        buffer_ = Pin(block_);
        LockBuffer(buffer_, BUFFER_LOCK_SHARE);
        RequireKind(index_, block_, BufferGetPage(buffer_), PageKind::kNode);
        next_mate_ = 0;
        ExpandHere(candidate, distance, found);
    }

    // A page that is read serves every candidate on it.
    bool ExpandMate(CandidatePool &pool, Candidate *mate, float *distance, Neighbourhood *found)
    {
        while (next_mate_ < geometry_.slots_per_page) {
            if (pool.TakeWaiting(NodeId(geometry_, block_, next_mate_++), mate)) {
                ExpandHere(*mate, distance, found);
                return true;
            }
        }
        UnlockReleaseBuffer(buffer_);
        return false;
    }

    void CheckInterrupts() { CHECK_FOR_INTERRUPTS(); }

private:
    // REQUIRES: the candidate's page is locked.
    void ExpandHere(const Candidate &candidate, float *distance, Neighbourhood *found)
    {
        const char *page = BufferGetPage(buffer_);
        ConstNodeView node = NodeAt(page, geometry_, NodeSlot(geometry_, candidate.id));
        const NodeHeader *header = node.header();
        uint32_t count = 0;
        if (header->state != static_cast<uint8_t>(NodeState::kFree)) {
            count = header->degree;
            if (unlikely(count > geometry_.degree))
                RaiseDamaged(index_, block_, PageFault::kBadCount);
            MoveHop(&hop_, query_, node.own(), header->step, geometry_.coded);
            Estimate(block_, node.neighbours(), count);
            *distance = hop_.distance_squared;
            visitor_->OnNode(candidate.id, node, hop_.distance_squared);
        }
        *found = {ids_, estimates_, weights_, count};
    }

    Buffer Pin(BlockNumber block) { return ReadRecent(index_, state_, block); }

    void Estimate(BlockNumber block, const NeighbourArrays<const char> &from, uint32_t count)
    {
        for (uint32_t i = 0; i < count; ++i) {
            ids_[i] = from.ids[i];
            if (unlikely(NodeBlock(geometry_, ids_[i]) >= blocks_)) {
                blocks_ = RelationGetNumberOfBlocks(index_);
                if (NodeBlock(geometry_, ids_[i]) >= blocks_ || ids_[i] >= kMaxNodes)
                    RaiseDamaged(index_, block, PageFault::kBadLink);
            }
        }
        EstimateNeighbours(hop_, from.codes, from.f_add, from.f_mul, count, geometry_.bits,
                           geometry_.coded, estimates_);
        // The error of an estimate is in proportion to ‖r‖·‖t‖.
        float parent = hop_.distance_squared;
        for (uint32_t i = 0; i < count; ++i)
            weights_[i] = 1 / (Bfloat16ToFloat(from.f_add[i]) * parent + 1e-12f);
    }

    Relation index_;
    IndexState *state_;
    Geometry geometry_;
    const float *query_;
    Visitor *visitor_;
    BlockNumber blocks_;
    BlockNumber block_ = kNoBlock; // of the page being expanded
    Buffer buffer_ = InvalidBuffer;
    uint32_t next_mate_ = 0; // slot
    Hop hop_;
    int8_t *origin_;
    uint32_t *ids_;
    float *estimates_;
    float *weights_;
};

} // namespace omendb
