// Panels of codes in each tier against plain loops: dots exactly, near pairs by their definition.

#include <algorithm>
#include <limits>

#include "simd_testing.h"

namespace omendb {
namespace {

class PanelKernels : public KernelsTest {
protected:
    void CheckDots(size_t n, size_t row_count, size_t panels, size_t last_count);
};
OMENDB_ALL_TIERS(PanelKernels);

// `last_count` codes in the last panel: the rest of it is zero.
void
PanelKernels::CheckDots(size_t n, size_t row_count, size_t panels, size_t last_count)
{
    SCOPED_TRACE(testing::Message() << "n " << n << ", " << row_count << " rows, " << panels
                                    << " panels, " << last_count << " in the last");
    const size_t bytes = table_->panel_bytes(n);
    ASSERT_EQ(bytes % 64, 0u);
    const size_t count = (panels - 1) * kPanelCodes + last_count;
    Tight<int8_t> rows(row_count * n, 1), columns(count * n, 3);
    FillCodes(rows);
    FillCodes(columns);
    std::vector<const int8_t *> pointers(kPanelCodes);
    Tight<char> row_panel(bytes, 1), panel(panels * bytes, 5);
    for (size_t i = 0; i < row_count; ++i)
        pointers[i] = rows.data() + i * n;
    table_->pack_panel(pointers.data(), row_count, n, row_panel.data());
    for (size_t p = 0; p < panels; ++p) {
        size_t here = std::min(kPanelCodes, count - p * kPanelCodes);
        for (size_t i = 0; i < here; ++i)
            pointers[i] = columns.data() + (p * kPanelCodes + i) * n;
        table_->pack_panel(pointers.data(), here, n, panel.data() + p * bytes);
    }
    const size_t stride = panels * kPanelCodes + 7;
    Tight<int32_t> out((kPanelCodes - 1) * stride + panels * kPanelCodes);
    table_->dot_panels(row_panel.data(), panel.data(), panels, n, out.data(), stride);
    for (size_t i = 0; i < kPanelCodes; ++i)
        for (size_t j = 0; j < panels * kPanelCodes; ++j) {
            int32_t want = 0;
            for (size_t k = 0; i < row_count && j < count && k < n; ++k)
                want += rows.get(i * n + k) * columns.get(j * n + k);
            ASSERT_EQ(out.get(i * stride + j), want) << i << ", " << j;
        }
}

TEST_P(PanelKernels, Dots)
{
    for (size_t n : {64, 128, 192, 832})
        for (size_t panels : {1, 2, 3, 5})
            for (size_t last_count : {1, 7, 16})
                CheckDots(n, 17 - last_count, panels, last_count);
}

TEST_P(PanelKernels, DotsExtremes)
{
    const size_t n = 16448;
    const size_t bytes = table_->panel_bytes(n);
    for (int sign_a : {-1, 1})
        for (int sign_b : {-1, 1}) {
            std::vector<int8_t> a(n, int8_t(127 * sign_a)), b(n, int8_t(127 * sign_b));
            const int8_t *as[] = {a.data()}, *bs[] = {b.data()};
            std::vector<char> rows(bytes), columns(bytes);
            table_->pack_panel(as, 1, n, rows.data());
            table_->pack_panel(bs, 1, n, columns.data());
            std::vector<int32_t> out(kPanelCodes * kPanelCodes);
            table_->dot_panels(rows.data(), columns.data(), 1, n, out.data(), kPanelCodes);
            EXPECT_EQ(out[0], 127 * 127 * sign_a * sign_b * int32_t(n));
            EXPECT_EQ(out[1], 0);
        }
}

TEST_P(PanelKernels, NearPairs)
{
    // Small integers: every tier computes exactly.
    auto integer = [this](int most) {
        return float(std::uniform_int_distribution<int>(0, most)(random_));
    };
    for (size_t n : {0, 16, 32, 48, 128})
        for (float limit : {0.0f, 30.0f, 1000.0f}) {
            SCOPED_TRACE(testing::Message() << "n " << n << " limit " << limit);
            Tight<int32_t> dots(n, 4);
            Tight<float> norms(n, 12), factors(n, 20), limits(n, 28);
            for (size_t i = 0; i < size_t(n); ++i) {
                dots.set(i, int32_t(integer(20)) - 10);
                norms.set(i, integer(100));
                factors.set(i, integer(3));
                limits.set(i, integer(40));
            }
            std::vector<uint32_t> positions(n + 1, 12345);
            std::vector<float> distances(n + 1, -1);
            size_t found =
                table_->near_pairs(dots.data(), 5, -2, limit, norms.data(), factors.data(),
                                   limits.data(), n, positions.data(), distances.data());
            size_t want = 0;
            for (size_t i = 0; i < size_t(n); ++i) {
                float d = 5 + norms.get(i) - 2 * factors.get(i) * float(dots.get(i));
                if (d < std::max(limit, limits.get(i))) {
                    ASSERT_LT(want, found);
                    EXPECT_EQ(positions[want], i);
                    EXPECT_EQ(distances[want], d);
                    ++want;
                }
            }
            EXPECT_EQ(found, want);
            EXPECT_EQ(positions[found], 12345u);
        }
}

TEST_P(PanelKernels, NearPairsPassOverInfinity)
{
    const float infinity = std::numeric_limits<float>::infinity();
    const float most = std::numeric_limits<float>::max();
    std::vector<int32_t> dots(16, 1);
    std::vector<float> norms(16, infinity), factors(16, 0), limits(16, most), distances(16);
    norms[3] = 1;
    std::vector<uint32_t> positions(16);
    ASSERT_EQ(table_->near_pairs(dots.data(), 1, -2, most, norms.data(), factors.data(),
                                 limits.data(), 16, positions.data(), distances.data()),
              1u);
    EXPECT_EQ(positions[0], 3u);
}

} // namespace
} // namespace omendb
