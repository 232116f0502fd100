// List and KeySet against the standard library's.
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <set>
#include <vector>

#include "omendb/base/arena.h"
#include "omendb/base/key_set.h"
#include "omendb/base/list.h"

namespace omendb::test {
namespace {

TEST(List, AgreesWithVector)
{
    Arena arena;
    List<uint32_t> list(arena.pool());
    std::vector<uint32_t> model;
    std::mt19937 random(1);
    EXPECT_TRUE(list.empty());
    for (int step = 0; step < 20000; ++step) {
        uint32_t what = static_cast<uint32_t>(random() % 100);
        if (what < 70 || model.empty()) {
            list.push_back(static_cast<uint32_t>(step));
            model.push_back(static_cast<uint32_t>(step));
        } else if (what < 97) {
            EXPECT_EQ(list.back(), model.back());
            list.pop_back();
            model.pop_back();
        } else if (what < 99) {
            size_t size = random() % (model.size() + 1);
            list.truncate(size);
            model.resize(size);
        } else if (step % 7 == 0) {
            list.clear();
            model.clear();
        }
        ASSERT_EQ(list.size(), model.size());
        ASSERT_GE(list.capacity(), list.size());
    }
    EXPECT_TRUE(std::equal(list.begin(), list.end(), model.begin(), model.end()));
}

TEST(List, PushesItsOwnItemWhileGrowing)
{
    Arena arena;
    List<uint64_t> list(arena.pool());
    list.push_back(0x1234567890ABCDEF);
    for (int i = 0; i < 5000; ++i)
        list.push_back(list[0]);
    for (uint64_t item : list)
        ASSERT_EQ(item, 0x1234567890ABCDEFu);
}

TEST(List, GrowthIsBounded)
{
    Arena arena;
    List<uint32_t> list(arena.pool());
    for (uint32_t i = 0; i < 100000; ++i)
        list.push_back(i);
    // What it outgrew is at most as large as itself.
    EXPECT_LE(arena.allocated_bytes(), 2 * list.capacity() * sizeof(uint32_t));
    size_t before = arena.allocated_bytes();
    list.reserve(10);
    EXPECT_EQ(arena.allocated_bytes(), before);
}

TEST(KeySet, AgreesWithSet)
{
    for (uint64_t range : {100ull, 100000ull, 1ull << 48}) {
        Arena arena;
        KeySet set(arena.pool());
        std::set<uint64_t> model;
        std::mt19937_64 random(range);
        EXPECT_FALSE(set.Contains(0));
        EXPECT_EQ(set.MemoryBytes(), 0u);
        for (int i = 0; i < 30000; ++i) {
            uint64_t key = random() % range;
            ASSERT_EQ(set.Contains(key), model.count(key) == 1);
            ASSERT_EQ(set.Add(key), model.insert(key).second);
            ASSERT_TRUE(set.Contains(key));
        }
        EXPECT_EQ(set.size(), model.size());
        for (uint64_t key : model)
            ASSERT_TRUE(set.Contains(key));
        EXPECT_GE(set.MemoryBytes(), 2 * model.size() * sizeof(uint64_t));
        EXPECT_LE(set.MemoryBytes(), arena.allocated_bytes());
    }
}

// Heap TIDs as the scan stores them: dense blocks, small offsets. They must not pile up.
TEST(KeySet, DenseKeys)
{
    Arena arena;
    KeySet set(arena.pool());
    for (uint64_t block = 0; block < 2000; ++block)
        for (uint64_t offset = 1; offset <= 50; ++offset)
            ASSERT_TRUE(set.Add(block << 16 | offset));
    EXPECT_EQ(set.size(), 100000u);
    for (uint64_t block = 0; block < 2000; ++block)
        ASSERT_FALSE(set.Contains(block << 16 | 51));
    EXPECT_TRUE(set.Add(0));
    EXPECT_TRUE(set.Contains(0));
}

} // namespace
} // namespace omendb::test
