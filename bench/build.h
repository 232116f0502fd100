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
// when its table is the user's. A checkpoint comes before it, and after it if wanted. Throws SqlError.
BuildFigures BuildIndex(const Args &args, const Side &side, Workspace &workspace,
                        bool checkpoint_after = true);

// Writes what was changed before, so that it disturbs no measurement; its WAL files serve anew, as they do on a
// server that has run for a while. Does nothing where the role may not.
void Checkpoint(Connection &connection);

} // namespace omendb::bench
