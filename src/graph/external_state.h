// What the steps of an external build share (external_build.h).
//
// Places: rows in the order of their homes; a row is named by its place from kOrder on. In the spill file, by
// place:
//     record   code | ExternalRow | u16 leaders[fanout], nearest first
//     draft    lists as prune leaves them, and what it left over
//     list     what complete makes of them; and apart from it the codes of its neighbours
// and, in extents that belong to a window of places each, candidates and incoming edges.
#pragma once

#include "omendb/graph/external_build.h"

#include "bulk_state.h"

namespace omendb {

constexpr uint32_t kNoPlace = MemoryGraph::kNone;
constexpr uint32_t kWindowsAtMost = 65536;

struct ExternalSizes {
    uint32_t rows;
    uint32_t leader_count;
    uint32_t entry_count; // the first leaders; then, of `entries`
    uint32_t fanout;
    uint32_t nearest;
    uint32_t part_capacity; // rows that are divided at once
    uint32_t window_rows;
    uint32_t windows;
    uint32_t extent_bytes;
    uint32_t gather_capacity; // codes
};

struct ExternalShared : ExternalSizes {
    uint32_t nodes;
    uint64_t assigned_at, records_at, part_rows_at, drafts_at, lists_at, codes_at;
    int8_t *leader_codes;
    OwnFactors *leader_factors;
    uint32_t *leader_places;     // the rows that they are, until kOrder
    uint32_t *sorted_leaders;    // by these rows
    uint32_t *leader_rows;       // sorted
    uint32_t *home_starts;       // by leader, and the end
    uint32_t *home_cursors;      // counts, then where the next row goes
    uint64_t *part_starts;       // by leader, and the end
    uint32_t *part_counts;       // with twins, which are in no part
    uint32_t *part_cursors;      // rows so far
    uint64_t *candidate_extents; // by window: the last one written; 0: none
    uint64_t *incoming_extents;
    uint32_t *window_nodes; // by window, then numbers before it, and the end
    uint8_t *is_node;       // a bit a place
    uint32_t *anchor;       // kNoPlace: not reached; itself: an entry
    uint32_t *birth;
    uint32_t *number; // before kNumber: nodes by birth
    uint32_t *entries;
};

// Allocates from a block, which a step may start anew; beyond its end, from the pool that it came from.
class WorkArea {
public:
    WorkArea() = default;
    WorkArea(Pool pool, size_t bytes)
        : beyond_(pool), base_(pool.NewArray<char>(bytes)), bytes_(bytes)
    {
    }

    Pool pool() { return Pool{&WorkArea::Allocate, this}; }
    void Reset() { used_ = 0; }

private:
    static void *Allocate(void *context, size_t bytes)
    {
        auto *self = static_cast<WorkArea *>(context);
        bytes = (bytes + 63) / 64 * 64;
        if (bytes > self->bytes_ - self->used_)
            return self->beyond_.allocate(self->beyond_.context, bytes);
        char *at = self->base_ + self->used_;
        self->used_ += bytes;
        return at;
    }

    Pool beyond_{};
    char *base_ = nullptr;
    size_t bytes_ = 0;
    size_t used_ = 0;
};

struct ExternalState {
    ExternalOptions options;
    Spill spill;
    Pool pool; // this member's
    WorkArea work;
    Pool shared_pool; // the leader's only
    ExternalShared shared;
    ExternalShared *common;
    ptrdiff_t offset;
    BulkState bulk; // for what is done in memory; its graph is local

    uint32_t rows_in_window(uint32_t window) const
    {
        uint32_t first = window * shared.window_rows;
        return shared.rows - first < shared.window_rows ? shared.rows - first : shared.window_rows;
    }
    uint32_t window_of(uint32_t place) const { return place / shared.window_rows; }
    bool IsNode(uint32_t place) const
    {
        return (shared.is_node[place / 8] >> (place % 8) & 1) != 0;
    }

    // A record's leaders take an even number of bytes, and 8 in all.
    size_t record_bytes() const
    {
        return options.padded + sizeof(ExternalRow) +
               (shared.fanout * sizeof(uint16_t) + 7) / 8 * 8;
    }
    uint64_t RecordAt(uint32_t place) const
    {
        return shared.records_at + uint64_t{place} * record_bytes();
    }
    size_t list_bytes() const { return 4 + options.degree * (sizeof(uint32_t) + sizeof(float)); }
    size_t codes_bytes() const
    {
        return (options.degree * (2 * sizeof(uint16_t) + options.codes.code_bytes) + 7) / 8 * 8;
    }
    ListCodes CodesIn(char *at) const
    {
        auto *f_add = reinterpret_cast<uint16_t *>(at);
        return {f_add, f_add + options.degree,
                reinterpret_cast<uint8_t *>(f_add + 2 * options.degree)};
    }
    size_t draft_bytes() const { return list_bytes() + options.degree * sizeof(uint32_t); }

    void CheckInterrupts() const { options.bulk.check_interrupts(); }

    template <class Piece>
    void ForPieces(ExternalStep step, uint32_t count, uint32_t most, Piece piece)
    {
        for (;;) {
            uint32_t first = bulk.crew.claim(bulk.crew.context, static_cast<uint32_t>(step), most);
            if (first >= count)
                return;
            CheckInterrupts();
            piece(first, count - first < most ? count : first + most);
        }
    }
};

// A read goes on over a gap of so many bytes rather than being split.
constexpr size_t kGapBytes = 4096;
constexpr size_t kReadBytes = 128 * 1024;

// The end of the run from `first` on, of [first, end), that one read of at most kReadBytes takes, or one item.
// at(i): places, which rise; `bytes` each.
template <class At>
uint32_t
EndOfRun(uint32_t first, uint32_t end, size_t bytes, At at)
{
    uint32_t i = first + 1;
    while (i < end && (at(i) - at(i - 1)) * bytes <= kGapBytes + bytes &&
           (at(i) - at(first) + 1) * bytes <= kReadBytes)
        ++i;
    return i;
}

// A list in the file: a draft has the ids that pruning left over behind it.
struct ListView {
    char *at;
    uint32_t degree_most;

    uint8_t *degree() const { return reinterpret_cast<uint8_t *>(at); }
    uint8_t *left_count() const { return reinterpret_cast<uint8_t *>(at) + 1; }
    // Of a list: it has changed since its neighbours were encoded.
    uint8_t *changed() const { return left_count(); }
    uint32_t *ids() const { return reinterpret_cast<uint32_t *>(at + 4); }
    float *distances() const { return reinterpret_cast<float *>(ids() + degree_most); }
    uint32_t *left() const { return reinterpret_cast<uint32_t *>(distances() + degree_most); }
};

// Codes from anywhere in the file, by local numbers in the order in which they were added.
class Gatherer {
public:
    Gatherer() = default;
    // `codes` and `factors` have room for `capacity`.
    Gatherer(ExternalState *state, Pool pool, uint32_t capacity);

    static size_t BytesPerCode(uint32_t padded);

    void Clear();
    uint32_t count() const { return count_; }
    uint32_t capacity() const { return capacity_; }
    uint32_t Add(uint32_t place);           // REQUIRES: count() < capacity() or it was added before
    uint32_t LocalOf(uint32_t place) const; // kNoPlace: it was not added
    uint32_t PlaceOf(uint32_t local) const { return places_[local]; }
    void Read(); // all that were added
    int8_t *codes() const { return codes_; }
    OwnFactors *factors() const { return factors_; }

private:
    size_t SlotOf(uint32_t place) const;

    ExternalState *state_;
    uint32_t capacity_;
    uint32_t count_ = 0;
    int8_t *codes_;
    OwnFactors *factors_;
    uint32_t *places_;
    uint64_t *sorted_;
    struct Slot {
        uint32_t place;
        uint32_t local;
    };
    Slot *slots_;
    size_t mask_;
    char *buffer_;
};

// Appends items to windows: each member fills extents of its own, which are chained by window.
class ExtentWriter {
public:
    ExtentWriter(ExternalState *state, Pool pool, uint64_t *heads);

    template <class Item>
    void Append(uint32_t window, const Item &item)
    {
        if (filled_[window] + sizeof(Item) > bytes_)
            Flush(window);
        memcpy(buffers_ + size_t{window} * bytes_ + filled_[window], &item, sizeof(Item));
        filled_[window] += static_cast<uint32_t>(sizeof(Item));
    }
    void FlushAll();

private:
    void Flush(uint32_t window);

    ExternalState *state_;
    uint64_t *heads_;
    uint32_t bytes_;
    char *buffers_;
    uint32_t *filled_;
};

struct ExtentHeader {
    uint64_t next; // its address + 1; 0: none
    uint32_t bytes;
    uint32_t reserved;
};

// Calls use(item) for all items of a window.
template <class Item, class Use>
void
ForItems(ExternalState *state, uint64_t head, char *buffer, Use use)
{
    while (head != 0) {
        state->CheckInterrupts();
        state->spill.Read(head - 1, buffer, state->shared.extent_bytes);
        ExtentHeader header;
        memcpy(&header, buffer, sizeof(header));
        for (uint32_t at = sizeof(header); at + sizeof(Item) <= header.bytes; at += sizeof(Item)) {
            Item item;
            memcpy(&item, buffer + at, sizeof(item));
            use(item);
        }
        head = header.next;
    }
}

struct CandidateItem {
    uint32_t place, id;
    uint16_t hash, distance;
};

struct IncomingItem {
    uint32_t place, id;
    uint16_t distance, reserved;
};

// external_build.cc
void InitExternal(ExternalState *state, Pool pool, const Spill &spill,
                  const ExternalOptions &options, const BulkCrew &crew);
void ReadExternalShared(ExternalState *state);

// external_order.cc
void ChooseExternalLeaders(ExternalState *state);
void AssignExternalRows(ExternalState *state);
void StartHomes(ExternalState *state);
void OrderRows(ExternalState *state);
void FindExternalTwins(ExternalState *state);

// external_parts.cc
void StartPlaces(ExternalState *state);
void ScatterExternalRows(ExternalState *state);
void DivideExternalParts(ExternalState *state);

// external_lists.cc
void PruneWindows(ExternalState *state);
void CompleteWindows(ExternalState *state);

// external_anchors.cc
void AnchorExternalNodes(ExternalState *state);
void NumberWindows(ExternalState *state);

} // namespace omendb
