// A build's sample: where the mean, the scale and the largest norm come from. Rows are taken from block
// ranges spread over the table, so that a sorted table does not mislead it.
#include <algorithm>
#include <cmath>

#include "build_state.h"

extern "C" {
#include <access/tableam.h>
#include <commands/progress.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <utils/memutils.h>
}

namespace omendb {

static constexpr int kSampleRows = 8192;
static constexpr BlockNumber kSampleRanges = 128;

struct Sample {
    BuildState *build;
    int rows;
    int range_rows; // of the range being read
    int rows_a_range;
    float *model;
    double *sums;
    double square_sum; // of norms in model space
    double max_norm;
};

static void
SampleRow(Relation, ItemPointer, Datum *values, bool *isnull, bool, void *argument)
{
    auto *sample = static_cast<Sample *>(argument);
    CHECK_FOR_INTERRUPTS();
    if (isnull[0] || sample->range_rows >= sample->rows_a_range)
        return;
    BuildState *build = sample->build;
    MemoryContext old = MemoryContextSwitchTo(build->row_context);
    const Vector *row = ReadRow(build->shape, values[0]).vector;
    double norm = row == nullptr ? 0 : Norm(row);
    // Rows that index space cannot hold say nothing about it.
    if (norm > 0 && norm < 1e18 &&
        RowToModel(build->metric, build->dims, 0, row->x, sample->model)) {
        double square_sum = 0;
        for (uint32_t i = 0; i < ModelDims(build->metric, build->dims); ++i) {
            sample->sums[i] += sample->model[i];
            square_sum += static_cast<double>(sample->model[i]) * sample->model[i];
        }
        sample->square_sum += square_sum;
        sample->max_norm = std::max(sample->max_norm, norm);
        ++sample->rows;
        ++sample->range_rows;
    }
    MemoryContextSwitchTo(old);
    MemoryContextReset(build->row_context);
}

void
SampleTable(BuildState *build)
{
    uint32_t model_dims = ModelDims(build->metric, build->dims);
    Sample sample = {};
    sample.build = build;
    sample.model = build->pool.NewArray<float>(model_dims);
    sample.sums = build->pool.NewZeroedArray<double>(model_dims);

    BlockNumber blocks = RelationGetNumberOfBlocks(build->heap);
    BlockNumber ranges = std::min(blocks, kSampleRanges);
    sample.rows_a_range = ranges > 0 ? kSampleRows / ranges : 0;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, kPhaseSampling);
    for (BlockNumber range = 0; range < ranges; ++range) {
        sample.range_rows = 0;
        auto start = static_cast<BlockNumber>(static_cast<uint64>(blocks) * range / ranges);
        auto end = static_cast<BlockNumber>(static_cast<uint64>(blocks) * (range + 1) / ranges);
        BlockNumber count = std::min<BlockNumber>(end - start, 8);
        table_index_build_range_scan(build->heap, build->index, build->info, false, false, false,
                                     start, count, SampleRow, &sample, nullptr);
    }

    float *mean = build->pool.NewZeroedArray<float>(model_dims);
    float *rotated_mean = build->pool.NewZeroedArray<float>(build->geometry.padded);
    build->space =
        Space{build->metric, build->dims, build->geometry.padded, 1, 0, mean, rotated_mean};
    build->scaled = sample.rows > 0;
    if (!build->scaled)
        return;
    double mean_square = 0;
    for (uint32_t i = 0; i < model_dims; ++i) {
        double value = sample.sums[i] / sample.rows;
        // The last one, of inner product, would depend on norms beyond the sample; zero serves.
        if (i < build->dims) {
            mean[i] = static_cast<float>(value);
            mean_square += value * value;
        }
    }
    double spread = std::sqrt(std::max(0.0, sample.square_sum / sample.rows - mean_square));
    build->space.max_norm = static_cast<float>(sample.max_norm);
    build->space.scale = ScaleForNorm(
        build->metric == Metric::kInnerProduct ? std::max(spread, sample.max_norm) : spread);
    RotateMean(build->space, rotated_mean);
}

} // namespace omendb
