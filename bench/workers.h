// A list of independent steps on several threads, with progress and Ctrl-C.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace omendb::bench {

size_t ProcessorCount();

// Calls prepare(worker) once on each of up to `workers` threads, then what it returned for steps 0 ..
// count - 1 between them. The first exception of any of them stops all and is thrown here.
void OnWorkers(const std::string &title, size_t count, size_t workers,
               const std::function<std::function<void(size_t)>(size_t)> &prepare);

} // namespace omendb::bench
