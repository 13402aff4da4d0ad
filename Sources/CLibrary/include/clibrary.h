#pragma once

// What the shims of libraries that are opened with dlopen share: a table of functions is filled from symbols.

#include <stddef.h>

typedef struct clibrary_entry {
    const char *symbol;
    void *place;
} clibrary_entry;

/// Writes the address of each symbol of an open library to its place.
/// Returns NULL, or the loader's sentence, valid until the next call of a dl function on this thread.
const char *clibrary_fill(void *library, const clibrary_entry *table, size_t count);

/// Opens the library `name`, which stays open for the life of the process, with `mode` of dlopen(3) and fills the table from it.
const char *clibrary_open(const char *name, int mode, const clibrary_entry *table, size_t count);

#define CLIBRARY_COUNT(table) (sizeof(table) / sizeof *(table))
