// Heads of nodes (header and own code) read lately, for a merge that compares the same ones again and again: a
// page access costs several times what a comparison does.
#pragma once

#include "node_edit.h"
#include "omendb/base/prefetch.h"

namespace omendb {

class NodeCache {
public:
    // Holds at most `bytes` bytes, and never more heads than the index has slots, rounded to a power of two.
    NodeCache(NodeEditor *editor, Pool pool, size_t bytes);

    // Bytes of a head.
    size_t head_bytes() const { return head_bytes_; }

    // The node as it was when it was noted, its head copied to `head`; its view has no neighbours. Codes of nodes
    // never change; states and anchored edges do so only at the hands of the holder of the merge right.
    // LOCKS: the node's page, shared, if it is not in the cache. ERRORS: index_corrupted.
    NodeCopy Get(uint32_t id, char *head);

    // Asks the CPU for what Get will want.
    void Prefetch(uint32_t id) const
    {
        size_t at = Place(id);
        PrefetchBytes(&entries_[at], sizeof(Entry));
        PrefetchBytes(heads_ + at * head_bytes_, head_bytes_);
    }

    // Notes a node that the caller has before it, its page locked or copied.
    void Note(uint32_t id, ConstNodeView node);

private:
    struct Entry {
        uint32_t id;
        uint32_t anchored_edges;
        float coded_norm_squared;
    };

    size_t Place(uint32_t id) const { return (id * 0x9E3779B97F4A7C15u >> 32) & mask_; }
    void Put(const NodeCopy &node);

    NodeEditor *editor_;
    size_t head_bytes_;
    size_t mask_;
    Entry *entries_;
    char *heads_;
};

} // namespace omendb
