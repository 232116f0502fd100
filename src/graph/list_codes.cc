#include "omendb/graph/list_codes.h"

#include "omendb/base/prefetch.h"
#include "omendb/codec/neighbour_code.h"

namespace omendb {

void
EncodeList(const GraphArrays &graph, uint32_t row, const uint32_t *ids, uint32_t count,
           const CodeShape &shape, float *scratch, const ListCodes &to)
{
    for (uint32_t i = 0; i < count; ++i) {
        PrefetchBytes(graph.CodeOf(ids[i]), shape.coded);
        PrefetchBytes(&graph.factors[ids[i]], sizeof(OwnFactors));
    }
    const int8_t *own = graph.CodeOf(row);
    float step = graph.factors[row].step;
    for (uint32_t i = 0; i < count; ++i) {
        NeighbourFactors factors =
            EncodeNeighbour(own, step, graph.CodeOf(ids[i]), graph.factors[ids[i]].step,
                            shape.coded, shape.bits, scratch, to.codes + i * shape.code_bytes);
        to.f_add[i] = factors.f_add;
        to.f_mul[i] = factors.f_mul;
    }
}

} // namespace omendb
