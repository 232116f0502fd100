// N5: own codes agree with their norms, neighbour codes with the own codes at both ends.
//
// A neighbour code is encoded again and compared. Sums differ in their last bits between the instruction
// sets that an index may have met, so codes that differ are compared by what they are for: the stored one
// must point along the residual as well as the new one does, and its factors must follow from it.
#include <algorithm>
#include <cmath>

#include "check_state.h"
#include "omendb/codec/neighbour_code.h"
#include "omendb/codec/own_code.h"
#include "omendb/simd/kernels.h"

namespace omendb {

namespace {

bool
NearlyEqual(double a, double b, double tolerance)
{
    return std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b)) + 1e-38;
}

// bfloat16 patterns of positive numbers are in their order.
bool
WithinUlp(uint16_t a, uint16_t b)
{
    return (a > b ? a - b : b - a) <= 1;
}

// What a code says of the residual r.
struct CodeSums {
    double dot;    // ⟨g, r⟩
    double cosine; // of g and r, times ‖r‖
};

CodeSums
SumCode(const Geometry &geometry, const uint8_t *code, const float *r)
{
    double centre = ((1u << geometry.bits) - 1) / 2.0;
    double dot = 0;
    double norm_squared = 0;
    for (uint32_t i = 0; i < geometry.coded; ++i) {
        const uint8_t *block = code + i / 64 * 8 * geometry.bits;
        uint32_t u = 0;
        for (uint32_t plane = 0; plane < geometry.bits; ++plane)
            u |= static_cast<uint32_t>(block[plane * 8 + i % 64 / 8] >> i % 8 & 1) << plane;
        double g = u - centre;
        dot += g * r[i];
        norm_squared += g * g;
    }
    return {dot, norm_squared > 0 ? dot / std::sqrt(norm_squared) : 0};
}

} // namespace

bool
TakeOwnCode(Check *check, const int8_t *coded, uint32_t cold_block, uint16_t cold_slot)
{
    const Geometry &geometry = check->geometry;
    memcpy(check->code, coded, geometry.coded);
    if (geometry.cold_bytes == 0)
        return cold_block == kNoBlock;
    constexpr uint32_t room = BodyBytes(BLCKSZ) - sizeof(ColdHeader);
    uint32_t done = 0;
    for (uint32_t part = 0; part < geometry.cold_span; ++part) {
        if (cold_block == kNoBlock || cold_slot >= geometry.cold_capacity ||
            !CopyPage(check, cold_block, check->other_page) ||
            CheckKind(check->other_page, BLCKSZ, PageKind::kCold) != PageFault::kNone)
            return false;
        uint32_t bytes = std::min(room, geometry.cold_bytes - done);
        memcpy(check->code + geometry.coded + done,
               Body(check->other_page) + sizeof(ColdHeader) +
                   (part == 0 ? cold_slot * geometry.cold_bytes : 0),
               bytes);
        done += bytes;
        cold_block = TrailerOf(check->other_page, BLCKSZ)->next;
    }
    return true;
}

void
CheckOwnCode(Check *check, BlockNumber block, const char *whose, const int8_t *coded,
             const OwnFactors &factors, uint32_t cold_block, uint16_t cold_slot)
{
    if (!TakeOwnCode(check, coded, cold_block, cold_slot)) {
        Report(check, block, "N5", "%s: the cold part of its code is not in block %u", whose,
               cold_block);
        return;
    }
    if (!(factors.step >= 0 && std::isfinite(factors.step) && factors.error >= 0 &&
          std::isfinite(factors.mean_dot))) {
        Report(check, block, "N5", "%s: factors of its code are not those of a code", whose);
        return;
    }
    double step = factors.step;
    double norm_squared =
        step * step * kernels->dot_int8(check->code, check->code, check->geometry.padded);
    if (!NearlyEqual(norm_squared, factors.norm_squared, 1e-5))
        Report(check, block, "N5", "%s: its code has the squared norm %g, not %g as stored", whose,
               norm_squared, factors.norm_squared);
}

void
CheckNeighbourCode(Check *check, BlockNumber block, const char *whose,
                   const NeighbourArrays<const char> &arrays, uint32_t at, const int8_t *parent,
                   float parent_step)
{
    const Geometry &geometry = check->geometry;
    uint32_t child = arrays.ids[at];
    CopyPage(check, NodeBlock(geometry, child), check->other_page);
    ConstNodeView node =
        NodeAt(static_cast<const char *>(check->other_page), geometry, NodeSlot(geometry, child));
    float child_step = node.header()->step;
    const uint8_t *code = arrays.codes + at * geometry.code_bytes;
    NeighbourFactors fresh =
        EncodeNeighbour(parent, parent_step, node.own(), child_step, geometry.coded, geometry.bits,
                        check->residual, check->neighbour_code);
    bool same = memcmp(check->neighbour_code, code, geometry.code_bytes) == 0;
    if (same && fresh.f_add == arrays.f_add[at] && fresh.f_mul == arrays.f_mul[at])
        return;
    bool agrees = WithinUlp(fresh.f_add, arrays.f_add[at]);
    if (same || fresh.f_mul == 0) {
        agrees = agrees && same && WithinUlp(fresh.f_mul, arrays.f_mul[at]);
    } else {
        float sum_abs;
        float norm_squared = kernels->code_difference(node.own(), child_step, parent, parent_step,
                                                      geometry.coded, check->residual, &sum_abs);
        CodeSums stored = SumCode(geometry, code, check->residual);
        CodeSums wanted = SumCode(geometry, check->neighbour_code, check->residual);
        auto multiplier = static_cast<float>(2 * norm_squared / stored.dot);
        agrees = agrees && stored.cosine >= wanted.cosine * (1 - 1e-5) &&
                 WithinUlp(FloatToBfloat16(multiplier), arrays.f_mul[at]);
    }
    if (!agrees)
        Report(check, block, "N5", "%s: the code of neighbour %u is not that of node %u", whose, at,
               child);
}

} // namespace omendb
