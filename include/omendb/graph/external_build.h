// Bulk construction of a graph that does not fit into memory: the same steps as in memory (bulk_build.h), part
// by part over a temporary file. What stays in memory is a few bytes a row.
//
//   load        rows as they come, one record each (ExternalLoader)
//   assign      each row's nearest leaders; the nearest is its home
//   order       records once more, home by home: a row's place is its number from here on
//   twins       rows of a home with the same code and factors: the first becomes the node
//   parts       each leader's part is divided into leaves in memory, with reservoirs of its own; what
//               they hold at the end goes to the windows of the rows concerned
//   prune       window by window, a window being so many rows that their reservoirs fit: reservoirs → lists,
//               and word to the neighbours' windows
//   complete    window by window: lists with what came in, filled up, and encoded
//   anchors     a breadth-first tree, level by level
//   number      nodes near each other get numbers of one page, window by window
//
// All members of a crew take each step. Codes that a window or part needs are gathered: sorted, read, and
// numbered locally.
#pragma once

#include "omendb/base/spill.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/list_codes.h"

namespace omendb {

enum class ExternalStep : uint32_t {
    kLeaders, // the leader alone
    kAssign,
    kHomes, // the leader alone
    kOrder,
    kTwins,
    kPlaces, // the leader alone
    kScatter,
    kParts,
    kPrune,
    kComplete,
    kAnchor, // the leader alone
    kNumber,
    kEnd,
};

constexpr uint32_t kExternalSteps = static_cast<uint32_t>(ExternalStep::kEnd);
static_assert(kExternalSteps <= kMostSteps);

struct ExternalOptions {
    BulkOptions bulk;
    bool ranked; // entries are the rows of the highest rank; bulk.entry_rank is not looked at
    uint32_t padded;
    uint32_t degree;
    CodeShape codes;         // of neighbours
    uint32_t page_nodes;     // that share a page
    size_t work_bytes;       // of each member
    uint32_t part_reservoir; // candidates a row and part; a multiple of 8
};

// A row as it is loaded: its code, then this.
struct ExternalRow {
    OwnFactors factors;
    float rank;        // of entries: the highest are chosen; all equal: any
    uint32_t twins;    // other rows with its code
    uint64_t payload;  // the caller's
    uint64_t twins_at; // their payloads, one after the other
};

// In memory that all members see; zero before the leader begins, and for ever if there are no rows.
struct ExternalShared;
size_t ExternalSharedBytes();

// Memory that all members share.
constexpr size_t kExternalBytesPerRow = 13;
size_t ExternalMemory(const ExternalOptions &options, uint32_t rows);

// The least work_bytes that these dimensions can do with, whatever `options` has.
size_t ExternalLeastWork(const ExternalOptions &options);

// Memory of each member; the leader needs a byte a row more.
size_t ExternalMemberBytes(const ExternalOptions &options);

// Writes rows to the spill file, in chunks. Row numbers come from `claim`, as in BulkCrew.
class ExternalLoader {
public:
    ExternalLoader(Pool pool, const Spill &spill, uint32_t padded);

    // Where the next row's code goes.
    int8_t *Code() { return Record(count_); }
    template <class Claim>
    void Add(const ExternalRow &row, Claim claim)
    {
        memcpy(Record(count_) + padded_, &row, sizeof(row));
        if (++count_ == kRows)
            Flush(claim);
    }
    template <class Claim>
    void Flush(Claim claim)
    {
        if (count_ > 0)
            Write(claim(count_));
    }
    uint32_t waiting() const { return count_; }

private:
    static constexpr uint32_t kRows = 64;

    int8_t *Record(uint32_t i) { return records_ + i * (padded_ + sizeof(ExternalRow)); }
    void Write(uint32_t first);

    Spill spill_;
    uint32_t padded_;
    int8_t *records_;
    uint32_t count_ = 0;
};

// What a leader with or without a crew needs.
struct ExternalTeam {
    BulkCrew crew;
    Pool pool; // over memory that all members see
    ExternalShared *shared;
};

// Links `rows` rows that were loaded from the file's beginning on; of no rows it makes nothing.
// REQUIRES: check_interrupts is set.
void BuildExternal(const ExternalTeam &team, Pool pool, const Spill &spill,
                   const ExternalOptions &options, uint32_t rows);

// The part of a member that does not lead, from step `first` on; see HelpBuildBulk.
void HelpBuildExternal(ExternalShared *shared, ptrdiff_t offset, Pool pool, const Spill &spill,
                       const ExternalOptions &options, const BulkCrew &crew, ExternalStep first);

// Reads what was built. Nodes are named by number; a batch's nodes have local numbers, in order.
class ExternalReader {
public:
    ExternalReader(ExternalShared *shared, ptrdiff_t offset, Pool pool, const Spill &spill,
                   const ExternalOptions &options);

    uint32_t nodes() const;
    uint32_t entries() const;
    bool has_twins() const;
    uint32_t EntryNumber(uint32_t i) const;

    // Reads nodes [first, first + count), with their lists if these are asked for; returns how many, at least one. The
    // arrays have codes, factors, births and degrees; an entry is its own anchor, others' are not told.
    uint32_t ReadNodes(uint32_t first, uint32_t count, bool lists);
    const GraphArrays &arrays() const { return arrays_; }
    const ExternalRow &RowOf(uint32_t local) const { return rows_[local]; }
    uint32_t NumberOf(uint32_t local) const;
    // Of a list: the number of a neighbour, whether the node anchors it, and all codes.
    uint32_t NeighbourOf(uint32_t local, uint32_t i) const;
    bool Anchors(uint32_t local, uint32_t i) const;
    ListCodes CodesOf(uint32_t local) const;
    // Payloads [first, first + count) of a node's twins.
    void ReadTwins(const ExternalRow &row, uint32_t first, uint32_t count,
                   uint64_t *payloads) const;

private:
    void ReadWindow(uint32_t window);
    void ReadList(uint32_t local);
    void EncodeChanged(uint32_t local);
    struct ListView ListOf(uint32_t local) const;

    struct ExternalState *state_;
    class Gatherer *gatherer_;
    GraphArrays arrays_ = {};
    uint32_t most_; // nodes of a batch
    ExternalRow *rows_;
    uint32_t *places_; // of a window, by number
    uint32_t window_ = 0xFFFFFFFF;
    char *lists_;
    char *codes_;
    float *scratch_;
};

} // namespace omendb
