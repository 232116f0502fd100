// Building the index under test, and how large things are.
#pragma once

#include "args.h"
#include "side.h"
#include "workspace.h"

namespace omendb::bench {

struct BuildFigures {
    double seconds = 0; // 0: the index was there
    double index_bytes = 0;
    double table_bytes = 0; // heap, TOAST, maps; no index
};

// Builds the side's index, unless it existed, shows the server's progress, and notes the index for removal
// when its table is the user's. Throws SqlError.
BuildFigures BuildIndex(const Args &args, const Side &side, Workspace &workspace);

} // namespace omendb::bench
