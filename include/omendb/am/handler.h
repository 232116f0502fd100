// The door of the access method.
#pragma once

namespace omendb {

// Registers the storage parameters of omendb indexes. Once, from _PG_init.
void DefineStorageParameters();

} // namespace omendb
