#include "join_mates.h"

#include <algorithm>

namespace omendb {

Mates::Mates(Pool pool, uint32_t rows)
    : rows_(rows), mates_(pool.NewArray<Mate>(rows * kMates)),
      counts_(pool.NewZeroedArray<uint32_t>(rows)), farthest_(pool.NewArray<float>(rows)),
      codes_(pool.NewArray<const int8_t *>(rows)), dots_(pool.NewArray<int32_t>(rows))
{
}

void
Mates::Take(uint32_t row, Mate mate)
{
    auto nearer = [](const Mate &a, const Mate &b) { return a.distance < b.distance; };
    Mate *mates = mates_ + row * kMates;
    if (counts_[row] < kMates)
        mates[counts_[row]++] = mate;
    else
        *std::max_element(mates, mates + kMates, nearer) = mate;
    if (counts_[row] == kMates)
        farthest_[row] = std::max_element(mates, mates + kMates, nearer)->distance;
}

} // namespace omendb
