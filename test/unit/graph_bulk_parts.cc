// The parts of bulk construction by themselves: reservoirs, short distances, panels.

#include "graph/bulk_state.h"

#include "graph_bulk_data.h"

namespace omendb {
namespace {

TEST(ShortDistance, KeepsTheOrder)
{
    float before = 0;
    uint16_t rank = ShortDistance(0);
    EXPECT_EQ(rank, 0);
    EXPECT_EQ(ShortDistance(-1e-3f), 0);
    for (float d = 1e-8f; d < 1000; d *= 1.0005f) {
        ASSERT_GE(ShortDistance(d), rank) << before << " " << d;
        rank = ShortDistance(d);
        before = d;
    }
    EXPECT_EQ(rank, 0xFFFF);
    EXPECT_EQ(ShortDistance(kFarthest), 0xFFFF);
    EXPECT_LT(ShortDistance(1), ShortDistance(1.001f));
    EXPECT_LT(ShortDistance(1e-6f), ShortDistance(1.001e-6f));
}

std::set<uint32_t>
IdsIn(const Reservoirs &reservoirs, uint32_t row)
{
    const uint32_t *ids = reservoirs.CandidatesOf(row);
    return {ids, ids + reservoirs.CountOf(row)};
}

TEST(Reservoirs, OneADirection)
{
    Arena arena;
    Reservoirs reservoirs(arena.pool(), 3, 16, 8);
    reservoirs.Clear(0, 3);
    reservoirs.Offer(1, 100, 7, 50);
    reservoirs.Offer(1, 101, 7, 40); // nearer: takes the place
    reservoirs.Offer(1, 102, 7, 45);
    reservoirs.Offer(1, 101, 7, 40); // again
    reservoirs.Offer(1, 103, 8, 60);
    EXPECT_EQ(IdsIn(reservoirs, 1), (std::set<uint32_t>{101, 103}));
    EXPECT_EQ(reservoirs.CountOf(0), 0u);
    EXPECT_EQ(reservoirs.CountOf(2), 0u);
}

// Against the definition: of each direction the nearest ever offered while it was in, of these the nearest.
TEST(Reservoirs, KeepTheNearest)
{
    for (size_t capacity : {8, 64, 128}) {
        Arena arena;
        Reservoirs reservoirs(arena.pool(), 1, capacity, 28);
        reservoirs.Clear(0, 1);
        struct Item {
            uint16_t hash, distance;
            uint32_t id;
        };
        std::vector<Item> want;
        std::mt19937 random(3);
        for (uint32_t id = 0; id < 5000; ++id) {
            Item item = {uint16_t(random() % 300), uint16_t(id * 37 % 60000 + 1), id};
            auto same = std::find_if(want.begin(), want.end(),
                                     [&](const Item &other) { return other.hash == item.hash; });
            auto farthest =
                std::max_element(want.begin(), want.end(), [](const Item &a, const Item &b) {
                    return a.distance < b.distance;
                });
            if (want.size() == capacity && item.distance >= farthest->distance)
                ;
            else if (same != want.end())
                *same = item.distance < same->distance ? item : *same;
            else if (want.size() < capacity)
                want.push_back(item);
            else
                *farthest = item;
            reservoirs.Offer(0, item.id, item.hash, item.distance);
            if (id % 97 == 0 || id == 4999) {
                std::set<uint32_t> ids;
                for (const Item &kept : want)
                    ids.insert(kept.id);
                ASSERT_EQ(IdsIn(reservoirs, 0), ids) << capacity << " after " << id;
            }
        }
    }
}

TEST(Reservoirs, GatherWhatComesIn)
{
    for (size_t degree : {4, 28, 64, 200}) {
        Arena arena;
        Reservoirs reservoirs(arena.pool(), 3, 64, degree);
        reservoirs.Clear(0, 3);
        const size_t fit = reservoirs.incoming_capacity();
        ASSERT_GE(fit, 40u);
        for (uint32_t row = 0; row < 3; ++row)
            for (uint32_t id = 0; id < 70; ++id)
                reservoirs.Offer(row, id, uint16_t(id), uint16_t(id));
        std::vector<uint32_t> left(100);
        for (uint32_t i = 0; i < 100; ++i)
            left[i] = 1000 - i;
        reservoirs.Settle(1, left.data(), left.size());
        const size_t kept = std::min<size_t>(degree, 64);
        ASSERT_EQ(reservoirs.LeftCountOf(1), kept);
        EXPECT_EQ(reservoirs.IncomingCountOf(1), 0u);
        std::vector<uint32_t> order(3 * fit);
        for (uint32_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::shuffle(order.begin(), order.end(), std::mt19937(1));
        for (uint32_t i : order)
            reservoirs.OfferIncoming(1, i, uint16_t(5 * i));
        ASSERT_EQ(reservoirs.IncomingCountOf(1), fit);
        std::set<uint32_t> incoming(reservoirs.IncomingOf(1), reservoirs.IncomingOf(1) + fit);
        EXPECT_EQ(incoming.size(), fit);
        EXPECT_EQ(*incoming.rbegin(), fit - 1);
        EXPECT_TRUE(std::equal(left.begin(), left.begin() + ptrdiff_t(kept), reservoirs.LeftOf(1)));
        EXPECT_EQ(IdsIn(reservoirs, 0).size(), 64u) << "the records beside it are as they were";
        EXPECT_EQ(IdsIn(reservoirs, 2), IdsIn(reservoirs, 0));
    }
}

TEST(PanelSet, PacksAnyRowsAndFillsThePanel)
{
    SelectKernels(BestTier());
    TestGraph test(RandomRows(40, 100), 16);
    MemoryGraph &graph = test.graph();
    GraphArrays arrays = {};
    arrays.padded = 128;
    arrays.codes = graph.CodeOf(0);
    arrays.factors = graph.FactorsOf(0);
    Arena arena;
    PanelSet set(arena.pool(), 20, 128);
    EXPECT_LE(arena.allocated_bytes(), PanelSet::Bytes(20, 128));
    std::vector<uint32_t> rows = {39, 0, 17, 3, 4, 5, 30, 31, 32, 33, 11, 12, 13, 14, 15, 20, 38};
    set.Pack(arrays, rows.data(), rows.size());
    ASSERT_EQ(set.panels(), 2u);
    std::vector<int32_t> dots(kPanelCodes * 32);
    kernels->dot_panels(set.panel(0), set.panel(0), 2, 128, dots.data(), 32);
    for (size_t i = 0; i < 16; ++i)
        for (size_t j = 0; j < 32; ++j) {
            float d = set.norms()[i] + set.norms()[j] -
                      2 * set.steps()[i] * set.steps()[j] * float(dots[i * 32 + j]);
            if (j < rows.size())
                EXPECT_NEAR(d, graph.Distance(rows[i], rows[j]), 1e-5);
            else
                EXPECT_EQ(d, std::numeric_limits<float>::infinity());
        }
}

} // namespace
} // namespace omendb
