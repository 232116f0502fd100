// Ctrl-C: one flag, and the default action restored for the second time.
#include "interrupt.h"

#include <csignal>

namespace omendb::bench {
namespace {

volatile sig_atomic_t interrupted = 0;

void
OnSignal(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL);
}

} // namespace

void
CatchInterrupts()
{
    signal(SIGINT, OnSignal);
    signal(SIGTERM, OnSignal);
    signal(SIGPIPE, SIG_IGN); // a lost server is an error message of libpq's
}

bool
Interrupted()
{
    return interrupted != 0;
}

void
ThrowIfInterrupted()
{
    if (Interrupted())
        throw InterruptedError();
}

} // namespace omendb::bench
