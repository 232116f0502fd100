#include "bulk_panels.h"

#include <limits>

#include "omendb/base/prefetch.h"

namespace omendb {

static size_t
PanelsFor(size_t codes)
{
    return (codes + kPanelCodes - 1) / kPanelCodes;
}

size_t
PanelSet::Bytes(size_t capacity, size_t padded)
{
    return PanelsFor(capacity) * (kernels->panel_bytes(padded) + 2 * kPanelCodes * sizeof(float)) +
           kCodeBlock;
}

PanelSet::PanelSet(Pool pool, size_t capacity, size_t padded) : padded_(padded)
{
    size_t panels = PanelsFor(capacity);
    char *bytes = pool.NewArray<char>(panels * kernels->panel_bytes(padded) + kCodeBlock);
    panels_ = bytes + (kCodeBlock - reinterpret_cast<uintptr_t>(bytes) % kCodeBlock);
    norms_ = pool.NewArray<float>(panels * kPanelCodes);
    steps_ = pool.NewArray<float>(panels * kPanelCodes);
}

void
PanelSet::Pack(const GraphArrays &graph, const uint32_t *rows, size_t count)
{
    count_ = count;
    size_t panel_bytes = kernels->panel_bytes(padded_);
    for (size_t panel = 0; panel < panels(); ++panel) {
        const int8_t *codes[kPanelCodes];
        size_t first = panel * kPanelCodes;
        size_t here = count - first < kPanelCodes ? count - first : kPanelCodes;
        for (size_t i = 0; i < kPanelCodes; ++i) {
            if (i < here) {
                const OwnFactors &own = graph.factors[rows[first + i]];
                codes[i] = graph.CodeOf(rows[first + i]);
                norms_[first + i] = own.norm_squared;
                steps_[first + i] = own.step;
            } else {
                norms_[first + i] = std::numeric_limits<float>::infinity();
                steps_[first + i] = 0;
            }
        }
        // The codes are anywhere in memory: fetch the next panel's while this one is packed.
        for (size_t i = first + kPanelCodes; i < first + 2 * kPanelCodes && i < count; ++i)
            PrefetchBytes(graph.CodeOf(rows[i]), padded_);
        kernels->pack_panel(codes, here, padded_, panels_ + panel * panel_bytes);
    }
}

Tiles::Tiles(Pool pool)
    : dots(pool.NewArray<int32_t>(kPanelCodes * kPanelCodes)),
      keys(pool.NewArray<float>(kPanelCodes * kPanelCodes)),
      transposed(pool.NewArray<float>(kPanelCodes * kPanelCodes))
{
}

void
Tiles::Compute(const PanelSet &rows, size_t row_panel, const PanelSet &columns, size_t column_panel)
{
    size_t row = row_panel * kPanelCodes;
    size_t column = column_panel * kPanelCodes;
    kernels->dot_panels(rows.panel(row_panel), columns.panel(column_panel), 1, rows.padded(), dots,
                        kPanelCodes);
    kernels->tile_keys(dots, kPanelCodes, rows.norms() + row, rows.steps() + row,
                       columns.norms() + column, columns.steps() + column, keys);
}

} // namespace omendb
