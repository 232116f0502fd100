// Arrays of words between host and network byte order, either way; `from` and `to` may be the same, and neither
// need be aligned.
#pragma once

#include "omendb/pg/postgres.h"

extern "C" {
#include "port/pg_bswap.h"
}

namespace omendb {

template <class Word>
void
SwapWords(const void *from, void *to, int count)
{
    static_assert(sizeof(Word) == 2 || sizeof(Word) == 4);
    auto *source = static_cast<const char *>(from);
    auto *target = static_cast<char *>(to);
    for (int i = 0; i < count; i++) {
        Word word;
        memcpy(&word, source + sizeof(Word) * static_cast<size_t>(i), sizeof word);
        if constexpr (sizeof(Word) == 2)
            word = pg_hton16(word);
        else
            word = pg_hton32(word);
        memcpy(target + sizeof(Word) * static_cast<size_t>(i), &word, sizeof word);
    }
}

} // namespace omendb
