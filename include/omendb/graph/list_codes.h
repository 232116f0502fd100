// Codes of the neighbours in a node's list (codec/neighbour_code.h), from a graph in memory.
#pragma once

#include "omendb/graph/memory_graph.h"

namespace omendb {

struct CodeShape {
    uint32_t coded;
    uint32_t bits;
    uint32_t code_bytes;
};

// By position in the list; codes stand code_bytes apart.
struct ListCodes {
    uint16_t *f_add;
    uint16_t *f_mul;
    uint8_t *codes;
};

// Encodes rows `ids`, which need not be the row's own list. `scratch` has `coded` floats.
void EncodeList(const GraphArrays &graph, uint32_t row, const uint32_t *ids, uint32_t count,
                const CodeShape &shape, float *scratch, const ListCodes &to);

} // namespace omendb
