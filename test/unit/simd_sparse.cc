// The kernels of sparse vectors, in each tier, against a plain merge: every pair of short lengths, overlapping little, much
// and entirely.

#include <cmath>
#include <set>

#include "simd_testing.h"

namespace omendb {
namespace {

struct Sparse {
    explicit Sparse(const std::set<int32_t> &from, size_t shift)
        : indices(from.size(), shift), values(from.size(), shift)
    {
        size_t i = 0;
        for (int32_t index : from)
            indices.set(i++, index);
    }
    SparseView view() { return {indices.data(), values.data(), indices.size()}; }

    Tight<int32_t> indices;
    Tight<float> values;
};

class SparseKernels : public KernelsTest {
protected:
    // `count` of the first `dims` indices.
    std::set<int32_t> Choose(size_t count, size_t dims)
    {
        std::set<int32_t> chosen;
        while (chosen.size() < count)
            chosen.insert(int32_t(random_() % dims));
        return chosen;
    }

    // Whole numbers, so that sums are exact in any order.
    void Fill(Sparse &sparse)
    {
        for (size_t i = 0; i < sparse.values.size(); ++i)
            sparse.values.set(i, float(1 + int(random_() % 9)) * (random_() % 2 ? 1.f : -1.f));
    }

    void Compare(Sparse &a, Sparse &b)
    {
        double l2 = 0, dot = 0, l1 = 0;
        size_t i = 0, j = 0;
        while (i < a.indices.size() || j < b.indices.size()) {
            int32_t at_a = i < a.indices.size() ? a.indices.get(i) : INT32_MAX;
            int32_t at_b = j < b.indices.size() ? b.indices.get(j) : INT32_MAX;
            double x = at_a <= at_b ? a.values.get(i) : 0, y = at_b <= at_a ? b.values.get(j) : 0;
            i += at_a <= at_b;
            j += at_b <= at_a;
            l2 += (x - y) * (x - y);
            dot += x * y;
            l1 += std::fabs(x - y);
        }
        ASSERT_EQ(table_->l2_squared_sparse(a.view(), b.view()), l2);
        ASSERT_EQ(table_->inner_product_sparse(a.view(), b.view()), dot);
        ASSERT_EQ(table_->l1_sparse(a.view(), b.view()), l1);
    }
};
OMENDB_ALL_TIERS(SparseKernels);

TEST_P(SparseKernels, SumsMatchAPlainMerge)
{
    for (size_t a_count = 0; a_count <= 40; ++a_count)
        for (size_t b_count = 0; b_count <= 40; ++b_count)
            for (size_t dims : {41, 60, 200, 1000000000}) {
                SCOPED_TRACE(testing::Message() << a_count << " and " << b_count << " of " << dims);
                size_t shift = random_() % 5;
                Sparse a(Choose(a_count, dims), shift), b(Choose(b_count, dims), 4 - shift);
                Fill(a);
                Fill(b);
                Compare(a, b);
            }
}

TEST_P(SparseKernels, LongOnes)
{
    for (size_t a_count : {100, 333, 5000})
        for (size_t b_count : {1, 150, 16000})
            for (size_t dims : {16000, 30000, 1000000}) {
                SCOPED_TRACE(testing::Message() << a_count << " and " << b_count << " of " << dims);
                Sparse a(Choose(a_count, dims), 0), b(Choose(b_count, dims), 4);
                Fill(a);
                Fill(b);
                Compare(a, b);
                Compare(b, a);
            }
}

// One behind the other, and each its own twin.
TEST_P(SparseKernels, ApartAndTheSame)
{
    for (size_t count = 0; count <= 70; ++count) {
        std::set<int32_t> low, high;
        for (size_t i = 0; i < count; ++i) {
            low.insert(int32_t(i * 3));
            high.insert(int32_t(1000 + i));
        }
        Sparse a(low, 0), b(high, 0), c(low, 1);
        Fill(a);
        Fill(b);
        Fill(c);
        Compare(a, b);
        Compare(b, a);
        Compare(a, c);
        EXPECT_EQ(table_->l2_squared_sparse(a.view(), a.view()), 0);
        EXPECT_EQ(table_->l1_sparse(a.view(), a.view()), 0);
    }
}

// What does not match takes no part, were its product infinite.
TEST_P(SparseKernels, OverflowOfOthersIsLeftOut)
{
    Sparse a({1, 5}, 0), b({2, 5}, 0);
    a.values.set(0, 3e38f);
    a.values.set(1, 2);
    b.values.set(0, 3e38f);
    b.values.set(1, 3);
    EXPECT_EQ(table_->inner_product_sparse(a.view(), b.view()), 6);
    EXPECT_EQ(table_->l2_squared_sparse(a.view(), b.view()),
              std::numeric_limits<float>::infinity());
}

} // namespace
} // namespace omendb
