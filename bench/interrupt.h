// Ctrl-C. The first one asks: every loop of the program calls ThrowIfInterrupted, the exception unwinds
// through what was made on the server, and that is removed. The second one ends the program at once and
// leaves what README.md lists.
#pragma once

#include <exception>

namespace omendb::bench {

struct InterruptedError : std::exception {
    const char *what() const noexcept override { return "interrupted"; }
};

// Installs the handler for SIGINT and SIGTERM.
void CatchInterrupts();
bool Interrupted();
// Throws InterruptedError after the first Ctrl-C.
void ThrowIfInterrupted();

} // namespace omendb::bench
