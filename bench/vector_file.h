// The files that vector benchmarks come in, mapped into memory, never copied:
//
//   .fbin   int32 rows, int32 dims, then rows × dims float32
//   .fvecs  every row: int32 dims, then dims float32
//   .ibin   int32 rows, int32 k, then rows × k int32 (further columns, as distances, may follow)
//   .ivecs  every row: int32 k, then k int32
//
// All little-endian. The kind is told by the name's ending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace omendb::bench {

// A table of 4-byte values. The constructor throws std::runtime_error when the file cannot be read or its
// size disagrees with its header.
class ValueFile {
public:
    ValueFile(const std::string &path, const char *flat_ending, const char *rowwise_ending);
    ~ValueFile();
    ValueFile(const ValueFile &) = delete;
    ValueFile &operator=(const ValueFile &) = delete;

    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }

protected:
    const char *RowBytes(size_t row) const { return first_ + row * stride_; }

private:
    const char *map_ = nullptr;
    const char *first_ = nullptr;
    size_t bytes_ = 0, rows_ = 0, columns_ = 0, stride_ = 0;
};

class VectorFile : public ValueFile {
public:
    explicit VectorFile(const std::string &path) : ValueFile(path, ".fbin", ".fvecs") {}
    const float *Row(size_t row) const { return reinterpret_cast<const float *>(RowBytes(row)); }
};

class NeighbourFile : public ValueFile {
public:
    explicit NeighbourFile(const std::string &path) : ValueFile(path, ".ibin", ".ivecs") {}
    const int32_t *Row(size_t row) const
    {
        return reinterpret_cast<const int32_t *>(RowBytes(row));
    }
};

// The binary form of the type vector: int16 dims, int16 0, float4 × dims, big-endian.
std::string WireVector(const float *values, size_t dims);
// The binary form of int4.
std::string WireInt4(int32_t value);

} // namespace omendb::bench
