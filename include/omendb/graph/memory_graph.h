// A graph in private memory, grown by inserting one node after another or built in bulk (bulk_build.h); what
// CREATE INDEX builds before it writes pages. Distances are between 8-bit own codes, over all padded dimensions.
//
// Invariants: a node is inserted after all nodes it is linked to (birth = order of insertion); every node is
// an entry or has an anchor, a node inserted before it whose list holds it and may not drop it; a list has
// at most `degree` neighbours; rows with the same code share one node.
#pragma once

#include <cstddef>
#include <cstdint>

#include "omendb/base/list.h"
#include "omendb/base/pool.h"
#include "omendb/codec/own_code.h"
#include "omendb/graph/candidate_pool.h"
#include "omendb/graph/prune.h"
#include "omendb/graph/search.h"

namespace omendb {

struct BulkOptions;
struct BulkTeam;

// At most half of a list may be anchored edges, so that pruning keeps a choice.
constexpr uint32_t
MaxAnchored(uint32_t degree)
{
    return degree / 2;
}

// A graph as plain arrays, by row: what a bulk build works on.
struct GraphArrays {
    uint32_t rows;
    uint32_t padded;
    uint32_t degree;
    int8_t *codes;
    OwnFactors *factors;
    uint32_t *birth;
    uint32_t *anchor;
    uint32_t *home;
    uint32_t *next_duplicate;
    uint8_t *degrees;
    uint32_t *ids;    // [rows][degree]
    float *distances; // [rows][degree]

    // The same arrays where another process has mapped them.
    void MoveBy(ptrdiff_t offset);
    const int8_t *CodeOf(uint32_t row) const { return codes + static_cast<size_t>(row) * padded; }
    uint32_t *IdsOf(uint32_t row) const { return ids + static_cast<size_t>(row) * degree; }
    float *DistancesOf(uint32_t row) const { return distances + static_cast<size_t>(row) * degree; }
    float Distance(uint32_t a, uint32_t b) const;
    bool SameCode(uint32_t a, uint32_t b) const;
};

struct MemoryGraphOptions {
    uint32_t capacity; // rows at most
    uint32_t padded;   // dimensions of a code
    uint32_t degree;
    uint32_t search_width; // pool of an insertion's search
    uint32_t entries;      // how many of the first inserted become entries (SetEntries)
    void (*check_interrupts)();
};

class MemoryGraph {
public:
    static constexpr uint32_t kNone = 0xFFFFFFFF;

    // Bytes of private memory for each row of capacity.
    static size_t BytesPerRow(uint32_t padded, uint32_t degree);

    MemoryGraph(Pool pool, const MemoryGraphOptions &options);

    // Another process's graph, for SetRow and to read; arrays as Arrays() gave them there, moved.
    explicit MemoryGraph(const GraphArrays &arrays);
    GraphArrays Arrays() const
    {
        return {rows_,   options_.padded, options_.degree, codes_,   factors_, birth_,
                anchor_, home_,           next_duplicate_, degrees_, ids_,     distances_};
    }

    // Adds a row without linking it; its number is the count of rows before it. The caller encodes into
    // CodeOf(row). REQUIRES: rows() < capacity.
    uint32_t AddRow(const OwnFactors &factors);

    // The same where several add rows: they agree on the numbers, and one then says how many there are.
    void SetRow(uint32_t row, const OwnFactors &factors);
    void SetRows(uint32_t rows) { rows_ = rows; }

    // A row that is a node already, and what anchors it: an older node, whose number is less, or itself. For
    // BulkOptions::kept.
    void Keep(uint32_t row, uint32_t anchor)
    {
        birth_[row] = row;
        anchor_[row] = anchor;
    }

    // Links a row added before. Each row once.
    void Link(uint32_t row);

    // Once all are linked: fills a node's list up with the nearest of its neighbours' neighbours. Estimates
    // from 1-bit codes err, and a second way to a node mends it: measured, a third fewer hops at recall
    // 0.95 on sentences. (Filled lists during insertion are pruned anew at once, and lose.)
    void Fill(uint32_t row);

    uint32_t rows() const { return rows_; }
    uint32_t nodes() const { return nodes_; }
    // How many of the nodes linked from now on become entries, before any needs to.
    void SetEntries(uint32_t entries) { options_.entries = entries; }
    int8_t *CodeOf(uint32_t row) { return codes_ + static_cast<size_t>(row) * options_.padded; }
    OwnFactors *FactorsOf(uint32_t row) { return &factors_[row]; }

    bool IsNode(uint32_t row) const { return birth_[row] != kNone; }
    bool IsEntry(uint32_t row) const { return anchor_[row] == row; }
    uint32_t BirthOf(uint32_t row) const { return birth_[row]; }
    // A node that stands for a neighbourhood, the same for nodes near each other: the nearest of the entries, or
    // in a bulk build of more than those. Its own is itself, but for nodes at distance zero.
    uint32_t HomeOf(uint32_t row) const { return home_[row]; }
    uint32_t AnchorOf(uint32_t row) const { return anchor_[row]; }
    // Next row with the same code, or kNone; starts at the node.
    uint32_t NextDuplicate(uint32_t row) const { return next_duplicate_[row]; }
    uint32_t DegreeOf(uint32_t row) const { return degrees_[row]; }
    const uint32_t *NeighboursOf(uint32_t row) const
    {
        return ids_ + static_cast<size_t>(row) * options_.degree;
    }
    const List<uint32_t> &entries() const { return entries_; }

    float Distance(uint32_t a, uint32_t b) const { return Arrays().Distance(a, b); }

    // Storage of SearchGraph: see graph/search.h.
    void Prefetch(uint32_t id);
    void Expand(const Candidate &candidate, float *distance, Neighbourhood *found);
    void CheckInterrupts() const { options_.check_interrupts(); }

private:
    friend void BuildBulk(MemoryGraph *graph, Pool pool, const BulkOptions &options,
                          const BulkTeam *team);

    void AddEdge(uint32_t from, uint32_t to, float distance, bool anchored);
    uint32_t AnchoredEdges(uint32_t row) const;

    MemoryGraphOptions options_;
    uint32_t rows_ = 0;
    uint32_t nodes_ = 0;
    int8_t *codes_;
    OwnFactors *factors_;
    uint32_t *birth_;
    uint32_t *anchor_; // itself: an entry
    uint32_t *home_;
    uint32_t *next_duplicate_;
    uint8_t *degrees_;
    uint32_t *ids_;     // [capacity][degree]
    float *distances_;  // [capacity][degree]
    uint32_t *visited_; // the search that saw the row last
    List<uint32_t> entries_;
    CandidatePool pool_;
    uint32_t searches_ = 0;
    uint32_t target_ = 0; // row being linked
    List<PruneCandidate> found_;
    PruneCandidate *scratch_;
    uint32_t *lent_ids_;
    float *lent_estimates_;
};

} // namespace omendb
