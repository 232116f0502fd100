// Named places where a test can make a backend fail. Only builds with DEBUG=1 have them; in others the macro
// is empty and the settings do not exist.
//
//     SET omendb.failure_point = 'join: node written';   -- SELECT omendb_failure_points() lists them
//     SET omendb.failure_action = 'kill';                 -- or 'error', the default, or 'pause': a second
//     SET omendb.failure_after = 3;                       -- the third time it is reached; default 1
//
// 'kill' flushes WAL first, so that a crash just after a WAL record finds that record. The point "wal record"
// is reached after every generic WAL record: counting through a statement's records tries them all.
#pragma once

#ifdef OMENDB_DEBUG

namespace omendb {

void ReachFailurePoint(const char *name);
void DefineFailurePoints();

} // namespace omendb

// Not for templates and inline functions: GCC refuses to mix their variables into one section.
#define OMENDB_FAILURE_POINT(name)                                                                 \
    do {                                                                                           \
        static const char *const point __attribute__((section("omendb_points"), used)) = name;     \
        ::omendb::ReachFailurePoint(point);                                                        \
    } while (0)

#else

namespace omendb {

inline void
DefineFailurePoints()
{
}

} // namespace omendb

#define OMENDB_FAILURE_POINT(name) static_cast<void>(0)

#endif
