#include "clibrary.h"

#include <dlfcn.h>

const char *clibrary_fill(void *library, const clibrary_entry *table, size_t count) {
    for (size_t index = 0; index < count; index++) {
        void *function = dlsym(library, table[index].symbol);
        if (!function)
            return dlerror();
        *(void **)table[index].place = function;
    }
    return NULL;
}

const char *clibrary_open(const char *name, int mode, const clibrary_entry *table, size_t count) {
    void *library = dlopen(name, mode);
    return library ? clibrary_fill(library, table, count) : dlerror();
}
