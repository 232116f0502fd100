// Nanoseconds a call of every kernel in every tier that this machine runs (Google Benchmark). Inputs
// stay in the first-level cache: this measures arithmetic; a hop's memory is bench/README.md's subject.
//
//     make bench && build/bench/kernels --benchmark_filter=dot_planes
//
// Names are kernel/tier/dimensions; dot_planes takes 28 codes, a node's neighbours, at the bits named. What knows no
// dimensions stands under 128: a tile of 16 by 16 pairs, the first 16 dimensions of two rows, or the 64 words of a
// full reservoir, of which find_word wants one that is not there.

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "omendb/simd/kernels.h"

namespace omendb {
namespace {

constexpr size_t kCodes = 28;

struct Inputs {
    explicit Inputs(size_t n)
        : n(n), x(n), y(n), z(n), sums(n), a(n), b(n), codes(kCodes * Stride(n, 4)), out(kCodes)
    {
        std::mt19937 random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        std::uniform_int_distribution<int> code(-127, 127);
        for (size_t i = 0; i < n; ++i) {
            x[i] = uniform(random);
            y[i] = uniform(random);
            a[i] = int8_t(code(random));
            b[i] = int8_t(code(random));
        }
        for (uint8_t &byte : codes)
            byte = uint8_t(random());
    }

    // As in a node slot: codes of neighbours stand apart by their factors.
    static size_t Stride(size_t n, unsigned bits) { return n / 8 * bits + 12; }

    size_t n;
    std::vector<float> x, y, z;
    std::vector<double> sums;
    std::vector<int8_t> a, b;
    std::vector<uint8_t> codes;
    std::vector<int32_t> out;
    float first = 0, second = 0, third = 0;
};

template <class Call>
void
Register(const char *kernel, const Kernels *table, size_t n, Call call)
{
    std::string name = std::string(kernel) + "/" + table->name + "/" + std::to_string(n);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &state) {
        Inputs in(n);
        for (auto _ : state) {
            call(*table, in);
            benchmark::ClobberMemory();
        }
    });
}

void
RegisterFloats(const Kernels *table, size_t n)
{
    Register("l2_squared", table, n, [](const Kernels &k, Inputs &in) {
        in.first = k.l2_squared(in.x.data(), in.y.data(), in.n);
    });
    Register("inner_product", table, n, [](const Kernels &k, Inputs &in) {
        in.first = k.inner_product(in.x.data(), in.y.data(), in.n);
    });
    Register("l1", table, n,
             [](const Kernels &k, Inputs &in) { in.first = k.l1(in.x.data(), in.y.data(), in.n); });
    Register("cosine_sums", table, n, [](const Kernels &k, Inputs &in) {
        k.cosine_sums(in.x.data(), in.y.data(), in.n, &in.first, &in.second, &in.third);
    });
    Register("accumulate", table, n,
             [](const Kernels &k, Inputs &in) { k.accumulate(in.sums.data(), in.x.data(), in.n); });
}

// The kernels of the other types: halves; n bits; two sparse vectors of n/4 elements among n indices.
struct TypeInputs {
    explicit TypeInputs(size_t n)
        : n(n), x(n), y(n), z(n), floats(n), a(n / 8), b(n / 8), indices{{}, {}}, values(n, 0.5f)
    {
        std::mt19937 random(1);
        std::uniform_real_distribution<float> uniform(-1, 1);
        for (size_t i = 0; i < n; ++i) {
            floats[i] = uniform(random);
            x[i] = FloatToHalf(uniform(random));
            y[i] = FloatToHalf(uniform(random));
        }
        for (size_t i = 0; i < n / 8; ++i) {
            a[i] = uint8_t(random());
            b[i] = uint8_t(random());
        }
        for (std::vector<int32_t> &list : indices)
            for (size_t i = 0; list.size() < n / 4; ++i)
                if (random() % (n - i) < n / 4 - list.size())
                    list.push_back(int32_t(i));
    }
    SparseView sparse(int which) const
    {
        return {indices[which].data(), values.data(), indices[which].size()};
    }

    size_t n;
    std::vector<Half> x, y, z;
    std::vector<float> floats;
    std::vector<uint8_t> a, b;
    std::vector<int32_t> indices[2];
    std::vector<float> values;
    float sums[3] = {};
    uint64_t counts[2] = {};
};

void
RegisterTypes(const Kernels *table, size_t n)
{
    auto add = [=](const char *kernel, auto call) {
        std::string name = std::string(kernel) + "/" + table->name + "/" + std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &state) {
            TypeInputs in(n);
            for (auto _ : state) {
                call(*table, in);
                benchmark::ClobberMemory();
            }
        });
    };
    add("l2_squared_half", [](const Kernels &k, TypeInputs &in) {
        in.sums[0] = k.l2_squared_half(in.x.data(), in.y.data(), in.n);
    });
    add("cosine_sums_half", [](const Kernels &k, TypeInputs &in) {
        k.cosine_sums_half(in.x.data(), in.y.data(), in.n, &in.sums[0], &in.sums[1], &in.sums[2]);
    });
    add("widen",
        [](const Kernels &k, TypeInputs &in) { k.widen(in.x.data(), in.n, in.floats.data()); });
    add("narrow",
        [](const Kernels &k, TypeInputs &in) { k.narrow(in.floats.data(), in.n, in.z.data()); });
    add("add_half", [](const Kernels &k, TypeInputs &in) {
        k.add_half(in.x.data(), in.y.data(), in.n, in.z.data());
    });
    add("hamming", [](const Kernels &k, TypeInputs &in) {
        in.counts[0] = k.hamming(in.a.data(), in.b.data(), in.n / 8);
    });
    add("jaccard_counts", [](const Kernels &k, TypeInputs &in) {
        k.jaccard_counts(in.a.data(), in.b.data(), in.n / 8, &in.counts[0], &in.counts[1]);
    });
    add("positive_bits", [](const Kernels &k, TypeInputs &in) {
        k.positive_bits(in.floats.data(), in.n, in.a.data());
    });
    add("inner_product_sparse", [](const Kernels &k, TypeInputs &in) {
        in.sums[0] = k.inner_product_sparse(in.sparse(0), in.sparse(1));
    });
    add("l2_squared_sparse", [](const Kernels &k, TypeInputs &in) {
        in.sums[0] = k.l2_squared_sparse(in.sparse(0), in.sparse(1));
    });
}

void
RegisterHadamard(const Kernels *table, size_t n)
{
    Register("hadamard", table, n, [](const Kernels &k, Inputs &in) {
        in.z = in.x; // else the values grow without end
        k.hadamard(in.z.data(), in.n);
    });
}

void
RegisterCodes(const Kernels *table, size_t n)
{
    Register("dot_int8", table, n, [](const Kernels &k, Inputs &in) {
        in.out[0] = k.dot_int8(in.a.data(), in.b.data(), in.n);
    });
    Register("residual", table, n, [](const Kernels &k, Inputs &in) {
        in.first = k.residual(in.x.data(), in.a.data(), 0.01f, in.n, in.z.data(), &in.second);
    });
    Register("quantize_int8", table, n, [](const Kernels &k, Inputs &in) {
        in.out[0] = k.quantize_int8(in.x.data(), 127, in.n, in.b.data());
    });
    Register("code_difference", table, n, [](const Kernels &k, Inputs &in) {
        in.first = k.code_difference(in.a.data(), 0.01f, in.b.data(), 0.02f, in.n, in.z.data(),
                                     &in.second);
    });
    Register("sums_beyond", table, n, [](const Kernels &k, Inputs &in) {
        const float limits[kLimits] = {0.5f, 0.4f, 0.6f};
        float sums[kLimits], counts[kLimits];
        k.sums_beyond(in.x.data(), limits, in.n, sums, counts);
        in.first = sums[0] + sums[1] + sums[2];
        in.second = counts[0] + counts[1] + counts[2];
    });
    for (unsigned bits : {1, 2, 4}) {
        std::string suffix = "_" + std::to_string(bits) + "bit";
        Register(("encode_planes" + suffix).c_str(), table, n, [=](const Kernels &k, Inputs &in) {
            k.encode_planes(in.x.data(), 2, bits, in.n, in.codes.data(), &in.first, &in.second);
        });
        Register(("dot_planes" + suffix).c_str(), table, n, [=](const Kernels &k, Inputs &in) {
            k.dot_planes(in.codes.data(), Inputs::Stride(in.n, bits), kCodes, bits, in.a.data(),
                         in.n, in.out.data());
        });
    }
}

// Per tile of 16 by 16 pairs; pack_panel per 16 codes; dot_int8_many per kCodes codes.
void
RegisterPanels(const Kernels *table, size_t n)
{
    struct Panels {
        Panels(const Kernels *table, Inputs &in)
            : panel(table->panel_bytes(in.n)), dots(256), ones(16, 1), keys(256), out(256),
              best(kMaxKeep * 16, 1)
        {
            for (size_t i = 0; i < kCodes; ++i)
                codes.push_back(i % 2 == 0 ? in.a.data() : in.b.data());
            table->pack_panel(codes.data(), 16, in.n, panel.data());
        }

        std::vector<const int8_t *> codes;
        std::vector<char> panel;
        std::vector<int32_t> dots;
        std::vector<float> ones, keys, out, best;
    };
    auto add = [=](const char *kernel, auto call) {
        std::string name = std::string(kernel) + "/" + table->name + "/" + std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &state) {
            Inputs in(n);
            Panels panels(table, in);
            for (auto _ : state) {
                call(*table, in, panels);
                benchmark::ClobberMemory();
            }
        });
    };
    add("dot_int8_many", [](const Kernels &k, Inputs &in, Panels &p) {
        k.dot_int8_many(in.a.data(), p.codes.data(), kCodes, in.n, in.out.data());
    });
    add("pack_panel", [](const Kernels &k, Inputs &in, Panels &p) {
        k.pack_panel(p.codes.data(), 16, in.n, p.panel.data());
    });
    add("dot_panels", [](const Kernels &k, Inputs &in, Panels &p) {
        k.dot_panels(p.panel.data(), p.panel.data(), 1, in.n, p.dots.data(), 16);
    });
    if (n != 128) // the others know no dimensions
        return;
    add("tile_keys", [](const Kernels &k, Inputs &, Panels &p) {
        k.tile_keys(p.dots.data(), 16, p.ones.data(), p.ones.data(), p.ones.data(), p.ones.data(),
                    p.keys.data());
    });
    add("transpose_tile", [](const Kernels &k, Inputs &, Panels &p) {
        k.transpose_tile(p.keys.data(), p.out.data());
    });
    add("keep_least_4", [](const Kernels &k, Inputs &, Panels &p) {
        k.keep_least(p.keys.data(), 0, 4, p.best.data(), 16);
    });
}

void
RegisterReservoirs(const Kernels *table)
{
    constexpr size_t kWords = 64;
    auto words = [](const Inputs &in) {
        return reinterpret_cast<const uint16_t *>(in.codes.data());
    };
    Register("find_word", table, 128, [=](const Kernels &k, Inputs &in) {
        in.out[0] = int32_t(k.find_word(words(in), kWords, 1));
    });
    Register("largest_word", table, 128,
             [=](const Kernels &k, Inputs &in) { in.out[0] = k.largest_word(words(in), kWords); });
    Register("not_below", table, 128, [](const Kernels &k, Inputs &in) {
        in.out[0] = int32_t(k.not_below(in.x.data(), in.y.data()));
    });
}

void
RegisterAll()
{
    for (Tier tier : {Tier::kBaseline, Tier::kAvx2, Tier::kAvx512}) {
        const Kernels *table = KernelsOfTier(tier);
        if (table == nullptr)
            continue;
        for (size_t n : {128, 512, 784, 1536})
            RegisterFloats(table, n);
        for (size_t n : {128, 512, 1536})
            RegisterTypes(table, n);
        for (size_t n : {128, 512, 1024, 2048})
            RegisterHadamard(table, n);
        for (size_t n : {128, 512, 832, 1536}) // 784 is padded to 832
            RegisterCodes(table, n);
        for (size_t n : {128, 512, 832, 1536})
            RegisterPanels(table, n);
        RegisterReservoirs(table);
    }
}

} // namespace
} // namespace omendb

int
main(int argc, char **argv)
{
    omendb::RegisterAll();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
