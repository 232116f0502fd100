// Panels of codes in each tier against plain loops: dots exactly, keys and the least of them by their definition.

#include <algorithm>
#include <cmath>
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

uint32_t
BitsOf(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

constexpr uint32_t kNumberMask = (1u << kKeyBits) - 1;

TEST_P(PanelKernels, TileKeys)
{
    // Small integers and halves: every tier computes exactly.
    auto integer = [this](int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(random_);
    };
    const size_t stride = kPanelCodes + 3;
    Tight<int32_t> dots(15 * stride + 16, 4);
    Tight<float> row_norms(16, 12), row_steps(16, 20), norms(16, 28), steps(16, 36), keys(256, 4);
    for (size_t i = 0; i < dots.size(); ++i)
        dots.set(i, integer(-20, 20));
    for (size_t i = 0; i < 16; ++i) {
        row_norms.set(i, float(integer(0, 100)));
        norms.set(i, float(integer(0, 100)));
        row_steps.set(i, 0.5f * float(integer(0, 5)));
        steps.set(i, 0.5f * float(integer(0, 5)));
    }
    table_->tile_keys(dots.data(), stride, row_norms.data(), row_steps.data(), norms.data(),
                      steps.data(), keys.data());
    size_t clamped = 0;
    for (size_t i = 0; i < 16; ++i)
        for (size_t j = 0; j < 16; ++j) {
            float d = row_norms.get(i) + norms.get(j) -
                      2 * row_steps.get(i) * steps.get(j) * float(dots.get(i * stride + j));
            clamped += d < 0;
            uint32_t want = BitsOf(std::max(d, 0.0f)) & ~kNumberMask;
            ASSERT_EQ(BitsOf(keys.get(16 * i + j)), want) << i << ", " << j;
        }
    EXPECT_GT(clamped, 0u);
}

// What is infinitely far has a key all the same, above all others, and room for a number in it.
TEST_P(PanelKernels, TileKeysOfInfinity)
{
    std::vector<int32_t> dots(256, 1);
    std::vector<float> row_norms(16, 1), row_steps(16, 1), norms(16, 5), steps(16, 1), keys(256);
    norms[3] = std::numeric_limits<float>::infinity();
    steps[3] = 0;
    table_->tile_keys(dots.data(), 16, row_norms.data(), row_steps.data(), norms.data(),
                      steps.data(), keys.data());
    EXPECT_EQ(keys[0], 4);
    EXPECT_GT(keys[3], 3.4e38f);
    EXPECT_LT(keys[3], std::numeric_limits<float>::infinity());
    EXPECT_EQ(BitsOf(keys[3]) & kNumberMask, 0u);
}

TEST_P(PanelKernels, TransposeTile)
{
    Tight<float> in(256, 4), out(256, 12);
    for (size_t i = 0; i < 256; ++i)
        in.set(i, float(i));
    table_->transpose_tile(in.data(), out.data());
    for (size_t i = 0; i < 16; ++i)
        for (size_t j = 0; j < 16; ++j)
            ASSERT_EQ(out.get(16 * j + i), float(16 * i + j));
}

TEST_P(PanelKernels, KeepLeast)
{
    const size_t stride = 21;
    for (size_t keep = 1; keep <= kMaxKeep; ++keep) {
        SCOPED_TRACE(keep);
        Tight<float> best((keep - 1) * stride + 16, 4), keys(256, 12);
        std::vector<std::vector<float>> want(16, std::vector<float>(keep, 3e38f));
        for (size_t i = 0; i < best.size(); ++i)
            best.set(i, 3e38f);
        for (uint32_t first : {0u, 16u, 4080u}) {
            for (size_t i = 0; i < 256; ++i) {
                float distance = std::fabs(Uniform());
                uint32_t bits = BitsOf(distance) & ~kNumberMask;
                memcpy(&distance, &bits, sizeof(bits));
                keys.set(i, distance);
                bits |= first + uint32_t(i / 16);
                memcpy(&distance, &bits, sizeof(bits));
                want[i % 16].push_back(distance);
            }
            table_->keep_least(keys.data(), first, keep, best.data(), stride);
            for (size_t j = 0; j < 16; ++j) {
                std::sort(want[j].begin(), want[j].end());
                want[j].resize(keep);
                for (size_t k = 0; k < keep; ++k)
                    ASSERT_EQ(BitsOf(best.get(k * stride + j)), BitsOf(want[j][k])) << k;
            }
        }
    }
}

TEST_P(PanelKernels, DotInt8Many)
{
    for (size_t n : {64, 128, 832})
        for (size_t count = 0; count <= 9; ++count) {
            Tight<int8_t> a(n, 1), codes(count * n, 3);
            FillCodes(a);
            FillCodes(codes);
            std::vector<const int8_t *> pointers;
            for (size_t i = 0; i < count; ++i)
                pointers.push_back(codes.data() + (count - 1 - i) * n);
            Tight<int32_t> out(count);
            table_->dot_int8_many(a.data(), pointers.data(), count, n, out.data());
            for (size_t i = 0; i < count; ++i)
                ASSERT_EQ(out.get(i), table_->dot_int8(a.data(), pointers[i], n)) << i;
        }
}

} // namespace
} // namespace omendb
