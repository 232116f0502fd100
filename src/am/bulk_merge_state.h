// A bulk merge at work: read (bulk_merge_read.cc), link (bulk_merge.cc), write (bulk_merge_write.cc).
#pragma once

#include "cold.h"
#include "join.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/pg/shared_memory.h"

namespace omendb {

struct Birth {
    uint64 birth;
    uint32_t id;
};

// New nodes that lie in one page: of the order they are written in.
struct NodesOfPage {
    BlockNumber block;
    uint32_t first;
    uint32_t count;
    bool fresh; // no node page before
};

// Rows: the index's live nodes by birth, then those of the delta.
class BulkMerge {
public:
    BulkMerge(Relation index, MemoryContext context, const MetaPage &meta, uint64 most_rows);

    uint64 Run();

private:
    void ReadBirths();
    void ReadNodes();
    void ReadDelta();
    float *RankRows();
    void Link();
    void OrderNodes();
    void NumberNodes();
    void MarkRows();
    void WriteNodes();
    void WriteLists();
    void WriteEntries();
    void MakeNodesLive();
    void RemoveRows();
    void JoinTwins();

    void SetRow(uint32_t row, const OwnFactors &factors, ColdAddress cold);
    template <class Use>
    void ForNodes(Use use);
    template <class Use>
    void WithEditor(Use use);
    void NumberInRoom();
    void NumberInFreshPages();
    template <class Use>
    void ChangeRows(Use use);
    void WriteNodesOf(const NodesOfPage &page, uint64 births);
    NodeView ImageOf(NodeEditor *editor, uint32_t row, uint64 births);
    void PutList(NodeView node, uint32_t row);
    bool IsNew(uint32_t row) const { return row >= kept_; }

    Relation index_;
    MemoryContext context_;
    MemoryContext row_context_; // of one row's or page's writing
    Pool pool_;
    Geometry geometry_;
    MetaPage meta_;
    BlockNumber blocks_;
    int helpers_;
    SharedMemory *shared_; // with them; null: the merge goes on alone
    MemoryGraph graph_;
    uint32_t kept_;        // rows that are nodes already, by birth
    uint32_t rows_;        // and those of the delta
    uint32_t most_;        // rows at most
    uint32_t *row_of_;     // by node number
    uint32_t *ids_;        // node numbers by row; kNoNode: none
    uint8_t *generations_; // by row
    DeltaPlace *places_;   // of the delta's rows
    DeltaItem *items_;     // the same
    uint32_t *order_;      // new nodes as they are written
    uint32_t new_nodes_ = 0;
    uint32_t numbered_ = 0;          // of them
    List<NodesOfPage> pages_;        // where they lie
    BlockNumber partial_ = kNoBlock; // a fresh one with slots left, first of those with room
    float *scratch_;
};

} // namespace omendb
