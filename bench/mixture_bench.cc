// Writes a set of clustered vectors, for figures at sizes that no real set here has: a Gaussian mixture whose
// centres are uniform in a cube, rounded to integers as image descriptors are.
//
//     make bench
//     build/bench/mixture FOLDER [rows=1000000] [dims=128] [centres=1000] [queries=1000]
//
// makes FOLDER/base.fbin and FOLDER/query.fbin, the same ones each time; bench/run_local.sh FOLDER --metric l2 then
// computes true neighbours itself.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace omendb::bench {
namespace {

constexpr float kCube = 128; // its edge
constexpr float kSigma = 16; // of each dimension of a cluster

// SplitMix64, and normal numbers by Box and Muller: the same on every platform.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t Bits()
    {
        uint64_t z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    double Uniform() { return double(Bits() >> 11) * 0x1p-53; }
    double Normal()
    {
        return std::sqrt(-2 * std::log(1 - Uniform())) * std::cos(6.283185307179586 * Uniform());
    }

private:
    uint64_t state_;
};

void
Write(const std::string &path, size_t rows, size_t dims, const std::vector<float> &centres,
      uint64_t seed)
{
    FILE *file = fopen(path.c_str(), "wb");
    if (file == nullptr)
        throw std::runtime_error("cannot write " + path);
    Random random(seed);
    int32_t header[] = {int32_t(rows), int32_t(dims)};
    bool good = fwrite(header, sizeof(header), 1, file) == 1;
    std::vector<float> row(dims);
    for (size_t i = 0; i < rows && good; ++i) {
        const float *centre = &centres[random.Bits() % (centres.size() / dims) * dims];
        for (size_t j = 0; j < dims; ++j)
            row[j] = std::nearbyint(centre[j] + kSigma * float(random.Normal()));
        good = fwrite(row.data(), sizeof(float), dims, file) == dims;
    }
    if (fclose(file) != 0 || !good)
        throw std::runtime_error("cannot write all of " + path);
}

int
Main(int argc, char **argv)
{
    size_t rows = 1000000, dims = 128, centre_count = 1000, queries = 1000;
    if (argc < 2)
        throw std::runtime_error("usage: mixture FOLDER [rows=N] [dims=N] [centres=N] [queries=N]");
    for (int i = 2; i < argc; ++i) {
        std::string word = argv[i];
        size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        size_t *value = name == "rows"      ? &rows
                        : name == "dims"    ? &dims
                        : name == "centres" ? &centre_count
                        : name == "queries" ? &queries
                                            : nullptr;
        long number = equals == std::string::npos ? 0 : atol(word.c_str() + equals + 1);
        if (value == nullptr || number < 1 || number > INT32_MAX)
            throw std::runtime_error("not rows=N, dims=N, centres=N or queries=N: " + word);
        *value = size_t(number);
    }
    Random random(1);
    std::vector<float> centres(centre_count * dims);
    for (float &x : centres)
        x = kCube * float(random.Uniform());
    std::string folder = argv[1];
    Write(folder + "/base.fbin", rows, dims, centres, 2);
    Write(folder + "/query.fbin", queries, dims, centres, 3);
    return 0;
}

} // namespace
} // namespace omendb::bench

int
main(int argc, char **argv)
{
    try {
        return omendb::bench::Main(argc, argv);
    } catch (const std::exception &error) {
        fprintf(stderr, "mixture: %s\n", error.what());
        return 1;
    }
}
