// .fbin, .fvecs, .ibin and .ivecs by mmap, and PostgreSQL's binary forms of what they hold.
#include "vector_file.h"

#include <cerrno>
#include <cstring>
#include <endian.h>
#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace omendb::bench {
namespace {

constexpr int32_t kMostColumns = 1 << 20; // beyond this a header is no header

bool
EndsIn(const std::string &text, const std::string &ending)
{
    return text.size() >= ending.size() &&
           text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

int32_t
ReadInt32(const char *from)
{
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

void
AppendBigEndian(std::string &to, uint32_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        to.push_back(static_cast<char>(value >> shift));
}

} // namespace

ValueFile::ValueFile(const std::string &path, const char *flat_ending, const char *rowwise_ending)
{
    bool flat = EndsIn(path, flat_ending);
    if (!flat && !EndsIn(path, rowwise_ending))
        throw std::runtime_error(path + ": expected a file named *" + flat_ending + " or *" +
                                 rowwise_ending);
    int descriptor = open(path.c_str(), O_RDONLY);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        std::string reason = strerror(errno);
        if (descriptor >= 0)
            close(descriptor);
        throw std::runtime_error(path + ": " + reason);
    }
    bytes_ = static_cast<size_t>(status.st_size);
    if (bytes_ >= 8) {
        void *map = mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
        map_ = map == MAP_FAILED ? nullptr : static_cast<const char *>(map);
    }
    close(descriptor);
    if (map_ == nullptr)
        throw std::runtime_error(path + ": too short, or it cannot be mapped");

    int32_t columns = ReadInt32(flat ? map_ + 4 : map_);
    int32_t rows = flat ? ReadInt32(map_) : 1;
    bool sane = columns > 0 && columns <= kMostColumns && rows > 0;
    if (sane && flat) {
        columns_ = static_cast<size_t>(columns);
        rows_ = static_cast<size_t>(rows);
        stride_ = 4 * columns_;
        first_ = map_ + 8;
        sane = bytes_ - 8 >= rows_ * stride_;
    } else if (sane) {
        columns_ = static_cast<size_t>(columns);
        stride_ = 4 * columns_ + 4;
        rows_ = bytes_ / stride_;
        first_ = map_ + 4;
        sane = bytes_ % stride_ == 0 && ReadInt32(map_ + (rows_ - 1) * stride_) == columns;
    }
    if (!sane) {
        munmap(const_cast<char *>(map_), bytes_);
        throw std::runtime_error(path + ": its size disagrees with its header (" +
                                 std::to_string(rows) + " rows of " + std::to_string(columns) +
                                 ")");
    }
}

ValueFile::~ValueFile()
{
    munmap(const_cast<char *>(map_), bytes_);
}

std::string
WireVector(const float *values, size_t dims)
{
    std::string wire;
    AppendBigEndian(wire, static_cast<uint32_t>(dims), 2);
    wire.resize(4 + 4 * dims); // the unused two bytes are 0
    char *to = &wire[4];
    for (size_t i = 0; i < dims; i++, to += 4) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits = htobe32(bits);
        memcpy(to, &bits, sizeof bits);
    }
    return wire;
}

std::string
WireInt4(int32_t value)
{
    std::string wire;
    AppendBigEndian(wire, static_cast<uint32_t>(value), 4);
    return wire;
}

} // namespace omendb::bench
