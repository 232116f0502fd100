// Lists of neighbour codes and what their estimates are measured against, for codec_neighbour_code.cc.
#pragma once

#include "codec_data.h"
#include "omendb/base/arena.h"
#include "omendb/codec/neighbour_code.h"

namespace omendb::test {
namespace {

// Rows in index space with their own codes.
struct CodedRows {
    const Space &space;
    std::vector<std::vector<float>> y;
    std::vector<Coded> codes;

    CodedRows(const Space &where, const Rows &rows) : space(where)
    {
        for (size_t i = 0; i < rows.count(); i++) {
            y.emplace_back(space.padded);
            RowToSpace(space, rows.row(i), y.back().data());
            codes.push_back(EncodeRow(space, rows.row(i)));
        }
    }
};

double
SquaredDistance(const std::vector<float> &a, const std::vector<float> &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    return sum;
}

// The `count` nearest to `point`, nearest first.
std::vector<size_t>
Nearest(const CodedRows &rows, const std::vector<float> &point, size_t count, size_t except)
{
    std::vector<std::pair<double, size_t>> order;
    for (size_t i = 0; i < rows.y.size(); i++)
        if (i != except)
            order.emplace_back(SquaredDistance(rows.y[i], point), i);
    count = std::min(count, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<long>(count), order.end());
    std::vector<size_t> nearest;
    for (size_t i = 0; i < count; i++)
        nearest.push_back(order[i].second);
    return nearest;
}

// One node's list, as it stands in a page.
struct List {
    std::vector<uint8_t> codes;
    std::vector<uint16_t> f_add, f_mul;

    List(const CodedRows &rows, size_t parent, const std::vector<size_t> &children, size_t coded,
         unsigned bits)
    {
        std::vector<float> scratch(coded);
        size_t bytes = NeighbourCodeBytes(coded, bits);
        codes.resize(children.size() * bytes);
        for (size_t j = 0; j < children.size(); j++) {
            const Coded &p = rows.codes[parent], &x = rows.codes[children[j]];
            NeighbourFactors factors =
                EncodeNeighbour(p.code.data(), p.factors.step, x.code.data(), x.factors.step, coded,
                                bits, scratch.data(), codes.data() + j * bytes);
            f_add.push_back(factors.f_add);
            f_mul.push_back(factors.f_mul);
        }
    }

    std::vector<float> Estimate(const CodedRows &rows, size_t parent, const float *query,
                                size_t coded, unsigned bits)
    {
        Arena arena;
        Hop hop = NewHop(arena.pool(), coded, f_add.size());
        MoveHop(&hop, query, rows.codes[parent].code.data(), rows.codes[parent].factors.step,
                coded);
        std::vector<float> estimates(f_add.size());
        EstimateNeighbours(hop, codes.data(), f_add.data(), f_mul.data(), f_add.size(), bits, coded,
                           estimates.data());
        return estimates;
    }
};

// Hops as a search makes them: parents near the query, children near the parent.
struct Hops {
    struct One {
        std::vector<float> query; // in index space
        size_t parent;
        std::vector<size_t> children;
        std::vector<double> truth; // squared distances to the children
    };
    std::vector<One> hops;

    Hops(const CodedRows &rows, const Rows &queries)
    {
        std::vector<float> rotated(rows.space.padded);
        for (size_t j = 0; j < queries.count(); j++) {
            QueryToSpace(rows.space, queries.row(j), rotated.data());
            std::vector<size_t> parents = Nearest(rows, rotated, 40, SIZE_MAX);
            for (size_t i = 0; i < parents.size(); i += 8) {
                One hop{rotated, parents[i], Nearest(rows, rows.y[parents[i]], 32, parents[i]), {}};
                for (size_t child : hop.children)
                    hop.truth.push_back(SquaredDistance(rotated, rows.y[child]));
                hops.push_back(hop);
            }
        }
    }
};

// Relative errors of the estimates.
struct Errors {
    double sum = 0, squares = 0;
    size_t count = 0;

    double mean() const { return sum / static_cast<double>(count); }
    double rms() const { return std::sqrt(squares / static_cast<double>(count)); }
};

Errors
MeasureErrors(const CodedRows &rows, const Hops &hops, unsigned bits)
{
    Errors errors;
    size_t coded = rows.space.padded;
    for (const Hops::One &hop : hops.hops) {
        List list(rows, hop.parent, hop.children, coded, bits);
        std::vector<float> estimates =
            list.Estimate(rows, hop.parent, hop.query.data(), coded, bits);
        for (size_t k = 0; k < estimates.size(); k++) {
            double error = estimates[k] / hop.truth[k] - 1;
            errors.sum += error;
            errors.squares += error * error;
            errors.count++;
        }
    }
    return errors;
}

} // namespace
} // namespace omendb::test
