// The graph room without a server: builds a graph by insertion (MemoryGraph::Link) and in bulk (BuildBulk)
// from a file of vectors, and searches both as a scan does, with the estimates of the nodes' own records.
//
//     make bench
//     build/bench/graph base.fbin query.fbin truth.ibin l2|cosine [name=value …]
//
// Prints CPU seconds a build and phase, degrees, nodes that no path from the entries reaches, and for each pool
// width, means a query: recall@10 (of the rows that the search read, as the executor orders these exactly), hops,
// which are node pages read and distances to own codes, estimates of neighbours and entries from short codes,
// how many different nodes these were of, and rows that LIMIT 10 reads to compare them exactly. Names:
//     rows, queries      the first so many only         builds=link,bulk      which
//     link=128           pool of an insertion           bits, degree          in place of the default
//     entries            in place of the default
//     search=records,own which: own computes the distance to the own code of every node met, as HNSW does,
//                        and counts it as an estimate: the graph alone, to compare with another
//     arrange=1          whether a bulk build numbers rows by home, as CREATE INDEX has it do
//     leaders, leaf, top, next, nearest, reservoir, hash, alpha, fill   BulkOptions

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <numeric>
#include <queue>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "omendb/base/arena.h"
#include "omendb/codec/own_code.h"
#include "omendb/codec/space.h"
#include "omendb/graph/bulk_build.h"
#include "omendb/graph/entries.h"
#include "omendb/graph/memory_graph.h"
#include "omendb/graph/search.h"
#include "omendb/page/layout.h"
#include "omendb/simd/kernels.h"
#include "graph_degrees.h"
#include "graph_records.h"
#include "vector_file.h"

namespace omendb::bench {
namespace {

constexpr size_t kPageSize = 8192;
constexpr int kWanted = 10; // recall@10
constexpr size_t kWidths[] = {16, 24, 32, 48, 64, 96, 128, 192, 256};

// Of this process's CPU, so that a shared machine measures as a quiet one.
double
Now()
{
    return double(std::clock()) / CLOCKS_PER_SEC;
}

class Options {
public:
    Options(int argc, char **argv)
    {
        for (int i = 0; i < argc; ++i) {
            std::string word = argv[i];
            size_t equals = word.find('=');
            if (equals == std::string::npos)
                throw std::runtime_error("not name=value: " + word);
            values_[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }

    std::string Text(const char *name, const std::string &otherwise) const
    {
        auto found = values_.find(name);
        return found == values_.end() ? otherwise : found->second;
    }

    uint32_t Number(const char *name, size_t otherwise) const
    {
        return uint32_t(std::stoul(Text(name, std::to_string(otherwise))));
    }

private:
    std::map<std::string, std::string> values_;
};

// Index space as CREATE INDEX chooses it: mean and typical norm of a sample.
class SpaceOfRows {
public:
    SpaceOfRows(const VectorFile &base, size_t rows, Metric metric)
    {
        uint32_t dims = uint32_t(base.columns());
        space_ = {metric, dims, PaddedDims(metric, dims), 1, 0, nullptr, nullptr};
        std::vector<float> model(ModelDims(metric, dims));
        std::vector<double> sums(model.size());
        size_t stride = std::max<size_t>(1, rows / 10000), sampled = 0;
        for (size_t row = 0; row < rows; row += stride, ++sampled) {
            RowToModel(metric, dims, 0, base.Row(row), model.data());
            for (size_t i = 0; i < model.size(); ++i)
                sums[i] += model[i];
        }
        for (double sum : sums)
            mean_.push_back(float(sum / double(std::max<size_t>(1, sampled))));
        double norms = 0;
        for (size_t row = 0; row < rows; row += stride) {
            RowToModel(metric, dims, 0, base.Row(row), model.data());
            double squares = 0;
            for (size_t i = 0; i < model.size(); ++i)
                squares += std::pow(double(model[i]) - mean_[i], 2);
            norms += std::sqrt(squares);
        }
        rotated_mean_.resize(space_.padded);
        space_.scale = ScaleForNorm(norms / double(std::max<size_t>(1, sampled)));
        space_.mean = mean_.data();
        space_.rotated_mean = rotated_mean_.data();
        RotateMean(space_, rotated_mean_.data());
    }

    const Space &space() const { return space_; }

private:
    Space space_;
    std::vector<float> mean_, rotated_mean_;
};

struct Run {
    const VectorFile &base, &queries;
    const NeighbourFile &truth;
    Options options;
    size_t rows, query_count;
    Space space;
    Geometry geometry;
    std::vector<std::vector<int32_t>> wanted; // per query
    std::vector<uint32_t> sources;            // which row of the file each row of the graph is
};

// What the operator computes.
double
Exact(const Space &space, const float *row, const float *query)
{
    if (space.metric == Metric::kL2)
        return std::sqrt(double(kernels->l2_squared(row, query, space.dims)));
    float dot = 0, xx = 1, yy = 1;
    kernels->cosine_sums(row, query, space.dims, &dot, &xx, &yy);
    return 1 - double(dot) / std::sqrt(std::max(1e-30, double(xx) * double(yy)));
}

// The truth file knows all rows; of a part of them the true neighbours are computed.
void
FindTruth(Run *run)
{
    const Space &space = run->space;
    for (size_t q = 0; q < run->query_count; ++q) {
        if (run->rows == run->base.rows()) {
            run->wanted.emplace_back(run->truth.Row(q), run->truth.Row(q) + kWanted);
            continue;
        }
        std::vector<std::pair<double, int32_t>> all(run->rows);
        for (size_t row = 0; row < run->rows; ++row) {
            all[row] = {Exact(space, run->base.Row(row), run->queries.Row(q)), int32_t(row)};
        }
        size_t most = std::min<size_t>(kWanted, all.size());
        std::partial_sort(all.begin(), all.begin() + ptrdiff_t(most), all.end());
        run->wanted.emplace_back();
        for (size_t i = 0; i < most; ++i)
            run->wanted.back().push_back(all[i].second);
    }
}

void
Encode(const Run &run, MemoryGraph *graph)
{
    std::vector<float> y(run.space.padded);
    for (size_t row = 0; row < run.rows; ++row) {
        bool representable = RowToSpace(run.space, run.base.Row(row), y.data());
        OwnFactors own =
            EncodeOwn(run.space, y.data(), representable, graph->CodeOf(uint32_t(row)));
        graph->AddRow(own);
    }
}

void
Link(const Run &run, uint32_t entries, MemoryGraph *graph)
{
    std::vector<uint32_t> order(run.rows);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    graph->SetEntries(entries);
    for (uint32_t row : order)
        graph->Link(row);
    for (uint32_t row = 0; row < graph->rows(); ++row)
        graph->Fill(row);
}

struct PhaseTimes {
    double started = Now();
    double ended[5] = {};
};

void
NotePhase(void *context, BulkPhase phase, uint64_t done, uint64_t total)
{
    if (done == total)
        static_cast<PhaseTimes *>(context)->ended[int(phase)] = Now();
}

BulkOptions
BulkOptionsOf(const Options &options, uint32_t entries)
{
    BulkOptions bulk;
    bulk.entries = entries;
    bulk.leaders = options.Number("leaders", bulk.leaders);
    bulk.leaf_rows = options.Number("leaf", bulk.leaf_rows);
    bulk.top_fanout = options.Number("top", bulk.top_fanout);
    bulk.next_fanout = options.Number("next", bulk.next_fanout);
    bulk.nearest = options.Number("nearest", bulk.nearest);
    bulk.reservoir = options.Number("reservoir", bulk.reservoir);
    bulk.hash_bits = options.Number("hash", bulk.hash_bits);
    bulk.alpha = std::stof(options.Text("alpha", std::to_string(bulk.alpha)));
    bulk.fill = options.Number("fill", bulk.fill) != 0;
    bulk.check_interrupts = [] {};
    return bulk;
}

// Rows that the executor reads for LIMIT kWanted: in the order of their bounds, until the next one's shows that
// it cannot be among the nearest.
size_t
CountCompared(const Run &run, MemoryGraph *graph, size_t q, const Query &query,
              const std::vector<uint32_t> &read)
{
    std::vector<std::pair<double, uint32_t>> rows;
    std::vector<float> residual(run.space.padded);
    for (uint32_t node : read) {
        float largest;
        const OwnFactors &factors = *graph->FactorsOf(node);
        float distance = kernels->residual(query.rotated, graph->CodeOf(node), factors.step,
                                           run.space.padded, residual.data(), &largest);
        for (uint32_t row = node; row != MemoryGraph::kNone; row = graph->NextDuplicate(row))
            rows.push_back({LowerBound(run.space, query, distance, factors), row});
    }
    std::sort(rows.begin(), rows.end());
    std::priority_queue<double> nearest;
    size_t compared = 0;
    for (auto [bound, row] : rows) {
        if (nearest.size() == kWanted && bound > nearest.top())
            break;
        ++compared;
        nearest.push(Exact(run.space, run.base.Row(run.sources[row]), run.queries.Row(q)));
        if (nearest.size() > kWanted)
            nearest.pop();
    }
    return compared;
}

template <class Storage>
void
Search(const Run &run, MemoryGraph *graph, Storage *storage)
{
    std::vector<uint32_t> node_of(graph->rows()); // by row of the file
    for (uint32_t row = 0; row < graph->rows(); ++row)
        if (graph->IsNode(row))
            for (uint32_t twin = row; twin != MemoryGraph::kNone; twin = graph->NextDuplicate(twin))
                node_of[run.sources[twin]] = row;
    std::vector<float> rotated(run.space.padded);
    for (size_t width : kWidths) {
        size_t found = 0, hops = 0, wanted = 0, estimates = 0, nodes = 0, compared = 0;
        for (size_t q = 0; q < run.query_count; ++q) {
            Arena arena;
            CandidatePool pool(arena.pool(), width);
            Query query = QueryToSpace(run.space, run.queries.Row(q), rotated.data());
            storage->Start(rotated.data(), &pool);
            hops += SearchGraph(*storage, pool);
            const SearchNotes &notes = storage->notes();
            estimates += notes.estimates;
            nodes += notes.nodes;
            compared += CountCompared(run, graph, q, query, notes.read);
            for (int32_t row : run.wanted[q])
                found +=
                    std::count(notes.read.begin(), notes.read.end(), node_of[size_t(row)]) != 0;
            wanted += run.wanted[q].size();
        }
        double queries = double(run.query_count);
        printf("  pool %3zu  recall %.4f  hops %.1f  estimates %.1f of %.1f nodes  compared %.1f\n",
               width, double(found) / double(wanted), double(hops) / queries,
               double(estimates) / queries, double(nodes) / queries, double(compared) / queries);
    }
    fflush(stdout);
}

void
SearchBothWays(const Run &run, MemoryGraph *graph)
{
    std::string ways = run.options.Text("search", "records");
    if (ways.find("records") != std::string::npos) {
        Records records(graph, run.geometry);
        RecordStorage storage(records);
        Search(run, graph, &storage);
    }
    if (ways.find("own") != std::string::npos) {
        printf("  by distances to own codes:\n");
        OwnCodeStorage storage(graph, run.space.padded);
        Search(run, graph, &storage);
    }
}

void
SwapSources(void *context, uint32_t a, uint32_t b)
{
    auto *sources = static_cast<std::vector<uint32_t> *>(context);
    std::swap((*sources)[a], (*sources)[b]);
}

void
BuildAndSearch(Run run, bool bulk)
{
    Arena arena;
    MemoryGraphOptions options = {};
    options.capacity = uint32_t(run.rows);
    options.padded = run.geometry.padded;
    options.degree = run.geometry.degree;
    options.search_width = run.options.Number("link", 128);
    options.check_interrupts = [] {};
    MemoryGraph graph(arena.pool(), options);
    Encode(run, &graph);
    run.sources.resize(run.rows);
    std::iota(run.sources.begin(), run.sources.end(), 0);
    uint32_t entries = run.options.Number("entries", WantedEntries(double(run.rows)));
    if (bulk) {
        PhaseTimes times;
        BulkOptions bulk_options = BulkOptionsOf(run.options, entries);
        if (run.options.Number("arrange", 1) != 0) {
            bulk_options.swap_rows = SwapSources;
            bulk_options.swap_context = &run.sources;
        }
        bulk_options.progress = NotePhase;
        bulk_options.progress_context = &times;
        Arena scratch;
        BuildBulk(&graph, scratch.pool(), bulk_options);
        double seconds = Now() - times.started;
        printf("bulk: %.2f s, of these ", seconds);
        const char *names[] = {"partition and leaves", "prune", "reverse", "fill", "anchors"};
        double before = times.started;
        for (int phase = 0; phase < 5; ++phase) {
            if (times.ended[phase] == 0)
                continue;
            printf("%s %.2f, ", names[phase], times.ended[phase] - before);
            before = times.ended[phase];
        }
        printf("%zu MB beside the graph\n", scratch.allocated_bytes() >> 20);
    } else {
        double started = Now();
        Link(run, entries, &graph);
        printf("link: %.2f s\n", Now() - started);
    }
    PrintGraph(graph);
    SearchBothWays(run, &graph);
}

int
Main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr,
                "usage: graph base.fbin query.fbin truth.ibin l2|cosine [name=value ...]\n");
        return 2;
    }
    SelectKernels(BestTier());
    VectorFile base(argv[1]), queries(argv[2]);
    NeighbourFile truth(argv[3]);
    Metric metric = std::string(argv[4]) == "l2" ? Metric::kL2 : Metric::kCosine;
    Options options(argc - 5, argv + 5);
    Run run = {base, queries, truth, options, 0, 0, {}, {}, {}, {}};
    run.rows = std::min<size_t>(base.rows(), options.Number("rows", base.rows()));
    run.query_count = std::min<size_t>(truth.rows(), options.Number("queries", 1000));
    SpaceOfRows space(base, run.rows, metric);
    run.space = space.space();
    run.geometry = ChooseGeometry(kPageSize, run.space.padded, options.Number("bits", 0));
    run.geometry.degree = options.Number("degree", run.geometry.degree);
    FindTruth(&run);
    printf("%zu rows of %u dimensions, degree %u, %u bits\n", run.rows, run.space.dims,
           run.geometry.degree, run.geometry.bits);
    std::string builds = options.Text("builds", "link,bulk");
    if (builds.find("link") != std::string::npos)
        BuildAndSearch(run, false);
    if (builds.find("bulk") != std::string::npos)
        BuildAndSearch(run, true);
    return 0;
}

} // namespace
} // namespace omendb::bench

int
main(int argc, char **argv)
{
    return omendb::bench::Main(argc, argv);
}
