// PostgreSQL's type `bit`, as vectors of zeros and ones.
#pragma once

namespace omendb {

// ERRORS: data_exception.
[[noreturn]] void RaiseDifferentBitLengths(int a, int b);

} // namespace omendb
