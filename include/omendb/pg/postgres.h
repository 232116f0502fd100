// The fence: the only way a file of ours includes postgres.h. Rooms that may not know the server
// (base, simd, page, codec, graph) never include this; the unit tests compile them without its
// include path.
//
// Other server headers go into an `extern "C"` block of their own after this one. The C++ standard
// headers that they would drag into that block are included here, outside of it.
#pragma once

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Before PostgreSQL 16 this is empty, and hidden visibility then exports nothing. c.h keeps a
// definition that it finds.
#ifndef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

extern "C" {
#include <postgres.h> // in angles: in quotes it would be this file

#include <fmgr.h>
}

#if PG_VERSION_NUM >= 160000
extern "C" {
#include <varatt.h>
}
#endif

// Starts the definition of a function that SQL calls: OMENDB_FUNCTION(omendb_vector_in) { … }
#define OMENDB_FUNCTION(name)                                                                      \
    extern "C" {                                                                                   \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                      \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    }                                                                                              \
    Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

// Input functions report bad input softly where the server can take it (16 and later:
// pg_input_is_valid, COPY … ON_ERROR); before, softly is an error like any other.
#if PG_VERSION_NUM < 160000
#define ereturn(context, result, ...)                                                              \
    do {                                                                                           \
        (void)(context);                                                                           \
        ereport(ERROR, __VA_ARGS__);                                                               \
        return result;                                                                             \
    } while (0)
#endif
