// The factors of an own code, as nodes and delta items keep them.
#pragma once

#include "omendb/codec/own_code.h"
#include "omendb/page/views.h"

namespace omendb {

inline OwnFactors
FactorsOf(const NodeHeader *header)
{
    return {header->step, header->norm_squared, header->error, header->mean_dot};
}

inline OwnFactors
FactorsOf(const DeltaItem &item)
{
    return {item.step, item.norm_squared, item.error, item.mean_dot};
}

} // namespace omendb
