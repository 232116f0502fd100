// The page format, version 1: kinds, structs and offsets. src/page/README.md draws it; the unit test
// page_layout.cc freezes its bytes. All fields are fixed-width and little-endian as the server's CPU is.
//
// Every page: PostgreSQL's header (24 bytes) | body | Trailer (16 bytes). pd_lower and pd_upper both stand
// at the trailer, so that generic WAL keeps the whole body; the meta page has its hole after MetaPage, for it is in
// most records, and generic WAL compares what is not hole byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omendb {

constexpr uint32_t kMagic = 0x42444D4F; // "OMDB"
constexpr uint32_t kFormatVersion = 1;
constexpr uint16_t kPageId = 0xFF93; // last two bytes of every page, for pg_filedump and checks
constexpr size_t kServerHeaderBytes = 24;
constexpr uint32_t kNoBlock = 0xFFFFFFFF;
constexpr uint32_t kNoNode = 0xFFFFFFFF;
constexpr uint32_t kMaxNodes = 1u << 30; // node numbers are below; searches use the bits above

enum class PageKind : uint8_t {
    kMeta = 1,
    kMean = 2,
    kEntry = 3,
    kNode = 4,
    kDelta = 5,
    kTids = 6,
    kCold = 7,
    kFree = 8,
};

// The special area.
struct Trailer {
    uint64_t sequence; // delta pages: position in all of the chains' history; else 0
    uint32_t next;     // next page of the chain this page is in, or kNoBlock
    uint8_t kind;
    uint8_t flags; // kListed
    uint16_t page_id;
};
static_assert(sizeof(Trailer) == 16);

// Trailer flag: the page is on the list of pages with room of its kind (node, tids, cold).
constexpr uint8_t kListed = 1;

// A heap TID as the index stores it: block number high half, low half, offset number (ItemPointerData).
struct HeapTid {
    uint16_t block_high;
    uint16_t block_low;
    uint16_t offset;
};
static_assert(sizeof(HeapTid) == 6);

inline bool
operator==(const HeapTid &a, const HeapTid &b)
{
    return a.block_high == b.block_high && a.block_low == b.block_low && a.offset == b.offset;
}

constexpr uint64_t
TidKey(const HeapTid &tid)
{
    return static_cast<uint64_t>(tid.block_high) << 32 |
           static_cast<uint64_t>(tid.block_low) << 16 | tid.offset;
}

// A chain of delta pages. Backends spread over kDeltaChains chains so that they do not queue on one page.
constexpr int kDeltaChains = 8;

struct DeltaChain {
    uint32_t head; // oldest page, kNoBlock when empty
    uint32_t tail;
    uint32_t pages;
    uint32_t reserved;
    uint64_t head_sequence;
};
static_assert(sizeof(DeltaChain) == 24);

// How far a merge by building has come that was cut off, if it is not none. src/am/README.md has its steps.
enum class BulkMergeState : uint8_t {
    kNone = 0,
    kWriting = 1, // delta items name nodes that may not be written yet, and that no old list names
    kLinking = 2, // they are all written; some may be live already, their items not yet emptied
};

// Block 0.
struct MetaPage {
    uint32_t magic;
    uint32_t version;
    uint8_t metric;     // codec Metric
    uint8_t value_type; // ValueType
    uint8_t bits;       // of a neighbour code, a dimension
    uint8_t scaled;     // 1: scale is final; 0: the first row inserted sets it
    uint32_t dims;
    uint32_t padded;
    uint32_t coded;
    uint32_t degree;
    uint32_t slots_per_page;
    float scale;
    float max_norm;
    uint32_t mean_head;      // kMean chain
    uint32_t entry_head;     // kEntry chain
    uint32_t node_room_head; // kNode pages with free slots
    uint32_t tids_room_head; // kTids pages with free segments
    uint32_t cold_room_head; // kCold pages with free records
    uint8_t bulk_merge;      // BulkMergeState
    uint8_t reserved0[3];
    uint64_t next_birth;
    uint64_t next_sequence; // of the next delta page
    uint64_t live_nodes;
    uint64_t joining_nodes;
    uint64_t dead_nodes;
    uint64_t free_slots;
    uint64_t entries;
    uint64_t node_pages;
    DeltaChain delta[kDeltaChains];
    uint16_t calibration[64]; // reserved for the table recall -> ef, zero
    uint8_t reserved[64];     // zero
};
static_assert(sizeof(MetaPage) == 512);

constexpr uint16_t kMetaEnd = kServerHeaderBytes + sizeof(MetaPage); // pd_lower of block 0

// What the indexed column holds. All are float32s to the index: a halfvec's values, bits as zeros and ones, and of a
// sparsevec or many bits the projection (codec/projection.h), which MetaPage::dims counts then.
enum class ValueType : uint8_t { kVector = 1, kHalfvec = 2, kBit = 3, kSparsevec = 4 };

// A node slot: header | own code [coded] | ids u32[R] | f_add u16[R] | f_mul u16[R] | tag u8[R], padded to
// 8 | neighbour codes [R][code_bytes].
enum class NodeState : uint8_t {
    kFree = 0,
    kLive = 1,
    kJoining = 2, // written by a merge whose back-edges are not all in; searches ignore its TIDs
    kDead = 3,    // no TID left; still linked until vacuum mends its in-edges
};

constexpr uint8_t kNodeIsEntry = 1; // NodeHeader::flags
constexpr int kInlineTids = 2;

struct NodeHeader {
    uint8_t state;      // NodeState
    uint8_t generation; // 7 bits; raised when the slot is freed
    uint8_t flags;
    uint8_t inline_tids; // <= kInlineTids
    uint16_t degree;
    uint16_t cold_slot;
    uint64_t birth;
    float step; // own code, codec/own_code.h
    float norm_squared;
    float error;
    float mean_dot;
    uint32_t cold_block;    // record with dimensions [coded, padded) of the own code, or kNoBlock
    uint32_t segment_block; // newest segment of further TIDs, or kNoBlock
    uint16_t segment_slot;
    uint16_t reserved;
    HeapTid tids[kInlineTids];
};
static_assert(sizeof(NodeHeader) == 56);

// Tag of a neighbour entry: low 7 bits the neighbour's generation, high bit kAnchorTag.
constexpr uint8_t kGenerationMask = 0x7F;
constexpr uint8_t kAnchorTag = 0x80;

// Entry page: EntryHeader | ids | f_add | f_mul | tag | codes, arrays of entry_capacity; parent: the origin.
struct EntryHeader {
    uint16_t count;
    uint16_t reserved[3];
};
static_assert(sizeof(EntryHeader) == 8);

// Delta page: DeltaHeader | DeltaItem[cap] | own codes [cap][coded]. Rows are appended at `used`; removing
// one empties its item. Trailer::sequence rises along a chain; a reader that finds another sequence on
// `next` than next_sequence knows that the page was merged, freed and taken anew, and starts over.
struct DeltaHeader {
    uint64_t next_sequence; // of the page Trailer::next names
    uint16_t used;
    uint16_t chain; // 0 <= chain < kDeltaChains
    uint32_t reserved;
};
static_assert(sizeof(DeltaHeader) == 16);

enum class DeltaState : uint8_t {
    kEmpty = 0,
    kPresent = 1,
    kMerging = 2, // `node` names the joining node that stands for it
};

struct DeltaItem {
    HeapTid tid;
    uint8_t state;
    uint8_t reserved0;
    uint32_t node;
    uint32_t cold_block;
    uint16_t cold_slot;
    uint16_t reserved1;
    float step;
    float norm_squared;
    float error;
    float mean_dot;
};
static_assert(sizeof(DeltaItem) == 36);

// Tids page: segments of heap TIDs for nodes that stand for many identical rows. A node's segments form a
// chain, newest first, with falling numbers.
constexpr int kTidsPerSegment = 20;

struct TidSegment {
    uint32_t owner; // node, or kNoNode: free
    uint32_t number;
    uint32_t next_block;
    uint16_t next_slot;
    uint8_t generation; // the owner's
    uint8_t count;
    HeapTid tids[kTidsPerSegment];
};
static_assert(sizeof(TidSegment) == 136);

// Cold page: ColdHeader | records of cold_bytes; when a record is larger than a body, one record a page
// that goes on in the page that Trailer::next names.
struct ColdHeader {
    uint64_t used; // bit i: record i is taken
};
static_assert(sizeof(ColdHeader) == 8);

// What follows from dimensions, page size and options; the same for the life of an index.
struct Geometry {
    uint32_t page_size;
    uint32_t padded; // dimensions of an own code
    uint32_t coded;  // of them in the slot, and in neighbour codes
    uint32_t bits;
    uint32_t degree;
    uint32_t slots_per_page;
    uint32_t slot_bytes;
    uint32_t code_bytes;
    uint32_t entry_capacity;
    uint32_t delta_capacity;
    uint32_t segment_capacity;
    uint32_t cold_bytes;    // padded − coded
    uint32_t cold_capacity; // records a page; 1 when a record spans pages
    uint32_t cold_span;     // pages a record
    // offsets in a slot
    uint32_t ids_offset, add_offset, mul_offset, tag_offset, codes_offset;
    // offsets in an entry page's body
    uint32_t entry_ids, entry_add, entry_mul, entry_tag, entry_codes;
    // offsets in a delta page's body
    uint32_t delta_items, delta_own;
};

constexpr uint32_t kMinDegree = 8;
constexpr uint32_t kWantedDegree = 28;
constexpr uint32_t kMaxDegree = 64;

constexpr size_t
BodyBytes(size_t page_size)
{
    return page_size - kServerHeaderBytes - sizeof(Trailer);
}

// Chooses coded dimensions, slots a page and degree together: the most slots with degree >= kWantedDegree
// (then the largest degree that fits, at most kMaxDegree); where not even one slot holds all dimensions, as
// many dimensions as leave kWantedDegree. `bits` 1..4, or 0 for the default: 4 up to 64 coded dimensions, 2 up
// to 256, 1 above.
Geometry ChooseGeometry(uint32_t page_size, uint32_t padded, uint32_t bits);

// The geometry of stored choices. False if they do not fit together (a damaged meta page).
bool MakeGeometry(uint32_t page_size, uint32_t padded, uint32_t coded, uint32_t bits,
                  uint32_t degree, uint32_t slots_per_page, Geometry *geometry);

} // namespace omendb
