// Rows to their nearest leaders, and what is below the first division.
#pragma once

#include "bulk_state.h"

namespace omendb {

// Rows by their nearest of the leaders in state->panels.
class Assigning {
public:
    Assigning(BulkState *state, Pool pool);

    // `assigned`: [row][fanout], leaders by number, nearest first.
    void Run(const uint32_t *rows, uint32_t count, uint32_t fanout, uint16_t *assigned);

private:
    BulkState *state_;
    PanelSet rows_;
    Tiles tiles_;
};

// A part of the first division, depth first, so that only one branch of parts stands in memory.
class Partition {
public:
    // `largest`: rows of the largest part.
    Partition(BulkState *state, Pool pool, size_t largest);

    // Divides the rows, whose order it changes, until parts are leaves, and builds those.
    void Divide(uint32_t *rows, uint32_t count, int depth = 1);

private:
    static constexpr int kMaxDepth = 10;

    struct Level {
        List<uint32_t> rows; // part after part
        List<uint32_t> ends; // of the parts
    };

    void Chop(const uint32_t *rows, uint32_t count);

    BulkState *state_;
    Assigning assigning_;
    List<uint16_t> assigned_;
    Level levels_[kMaxDepth]; // from 1
};

// Moves `wanted` of the rows, at random, to the front.
void DrawLeaders(BulkState *state, uint32_t *rows, uint32_t count, uint32_t wanted);

// Makes parts, one a leader, from what was assigned: their rows, part after part, and their ends.
void Scatter(const uint32_t *rows, uint32_t count, uint32_t fanout, const uint16_t *assigned,
             uint32_t leaders, uint32_t *ends, uint32_t *part_rows);

} // namespace omendb
