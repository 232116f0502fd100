// The rotation. Its rounding error is part of LowerBound's slack (README.md, "The bound"): per round at
// most log2(block) additions and three more operations, each a relative 2^-24 of the vector's norm.
#include "omendb/codec/rotation.h"

#include <cstdint>
#include <cstring>

#include "omendb/simd/kernels.h"

namespace omendb {
namespace {

constexpr size_t kRounds = 4;
constexpr size_t kMaxRotated = 16448;

// Four lanes: every CPU that PostgreSQL runs on with speed has them, without flags.
constexpr size_t kLanes = 4;
typedef uint32_t Words __attribute__((vector_size(kLanes * sizeof(uint32_t))));
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));

// Signs: lane l of step s (dimension 4·s + l) is a bit of word l of group s / 32, the highest bit first.
constexpr size_t kStepsPerGroup = 32;
constexpr size_t kGroups = (kMaxRotated + kLanes * kStepsPerGroup - 1) / (kLanes * kStepsPerGroup);

struct SignTable {
    uint32_t words[kRounds][kGroups][kLanes];
};

// splitmix64 (Steele, Lea, Flood 2014), from a fixed seed: indexes on disk depend on it, so it is part of
// the page format.
constexpr SignTable
MakeSigns()
{
    SignTable table{};
    uint64_t state = 0x6f6d656e64623031; // "omendb01"
    for (size_t round = 0; round < kRounds; round++)
        for (size_t group = 0; group < kGroups; group++)
            for (size_t lane = 0; lane < kLanes; lane++) {
                state += 0x9e3779b97f4a7c15;
                uint64_t mixed = state;
                mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
                mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
                table.words[round][group][lane] =
                    static_cast<uint32_t>((mixed ^ (mixed >> 31)) >> 32);
            }
    return table;
}

constexpr SignTable kSigns = MakeSigns();

template <class T>
T
Load(const float *x)
{
    T lanes;
    memcpy(&lanes, x, sizeof(lanes));
    return lanes;
}

template <class T>
void
Store(float *x, T lanes)
{
    memcpy(x, &lanes, sizeof(lanes));
}

void
FlipSigns(float *x, size_t n, size_t round)
{
    size_t i = 0;
    for (size_t group = 0; i < n; group++) {
        Words signs;
        memcpy(&signs, kSigns.words[round][group], sizeof(signs));
        for (size_t step = 0; step < kStepsPerGroup && i < n; step++, i += kLanes) {
            Store(x + i, Load<Words>(x + i) ^ (signs & 0x80000000u));
            signs += signs;
        }
    }
}

// (a, b) → (sa·a + sb·b, sa·a − sb·b): the mix, √2 too long, with what scales the Hadamard block.
void
Mix(float *a, float *b, size_t n, float scale_a, float scale_b)
{
    for (size_t i = 0; i < n; i += kLanes) {
        Floats left = Load<Floats>(a + i) * scale_a;
        Floats right = Load<Floats>(b + i) * scale_b;
        Store(a + i, left + right);
        Store(b + i, left - right);
    }
}

void
Scale(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i += kLanes)
        Store(x + i, Load<Floats>(x + i) * scale);
}

// 1/√block for a power of two: exact, or 2^-k·√½ rounded once.
float
HadamardScale(size_t block)
{
    float scale = 1;
    for (; block > 2; block >>= 2)
        scale *= 0.5f;
    return block == 2 ? scale * 0.70710678118654752f : scale;
}

} // namespace

void
Rotate(float *x, size_t n)
{
    size_t block = 1;
    while (2 * block <= n)
        block *= 2;

    if (block == n) {
        for (size_t round = 0; round < kRounds; round++) {
            FlipSigns(x, n, round);
            kernels->hadamard(x, n);
        }
        // Four transforms, each √n too long: a power of two, so this is exact.
        float size = static_cast<float>(n);
        Scale(x, n, 1 / (size * size));
        return;
    }

    size_t half = n / 2;
    float scale = HadamardScale(block);
    for (size_t round = 0; round < kRounds; round++) {
        FlipSigns(x, n, round);
        if (round % 2 == 0) {
            kernels->hadamard(x, block);
            Scale(x, block, scale);
        } else { // the last block: some of the left half, and all of the right one
            kernels->hadamard(x + (n - block), block);
            Mix(x, x + half, n - block, 1, scale);
            Mix(x + (n - block), x + half + (n - block), block - half, scale, scale);
        }
    }
    // Two mixes, each √2 too long.
    Scale(x, n, 0.5f);
}

} // namespace omendb
