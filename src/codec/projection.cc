#include "omendb/codec/projection.h"

#include <cstring>

namespace omendb {

static constexpr uint32_t kEntries = 4; // a column

// The finalizer of splitmix64 (Steele, Lea and Flood, 2014).
static uint64_t
Mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

void
Project(const int32_t *indices, const float *values, size_t count, uint32_t dims, float *out)
{
    uint32_t projected = ProjectedDims(dims);
    memset(out, 0, projected * sizeof(float));
    for (size_t i = 0; i < count; ++i) {
        if (dims <= kProjectedDims) {
            out[indices[i]] = values[i];
            continue;
        }
        // A column's entries lie in a quarter of the dimensions each: 7 bits of place and one of sign.
        uint64_t random = Mix(static_cast<uint32_t>(indices[i]));
        constexpr uint32_t part = kProjectedDims / kEntries;
        static_assert(part == 128);
        for (uint32_t entry = 0; entry < kEntries; ++entry, random >>= 8) {
            float share = values[i] * 0.5F;
            out[entry * part + random % part] += (random & part) != 0 ? -share : share;
        }
    }
}

} // namespace omendb
