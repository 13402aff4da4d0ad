#include "ccompression.h"

#include <dlfcn.h>

typedef struct {
    const char *symbol;
    void *place;
} entry;

static const char *fill(const char *name, const entry *table, size_t count) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dlerror();
    for (size_t index = 0; index < count; index++) {
        void *function = dlsym(library, table[index].symbol);
        if (!function)
            return dlerror();
        *(void **)table[index].place = function;
    }
    return NULL;
}

const char *czlib_open(czlib_api *api, const char *name) {
    const entry table[] = {
        {"deflateInit2_", &api->deflate_init},
        {"deflate", &api->deflate},
        {"deflateReset", &api->deflate_reset},
        {"deflateEnd", &api->deflate_end},
        {"inflateInit2_", &api->inflate_init},
        {"inflate", &api->inflate},
        {"inflateEnd", &api->inflate_end},
    };
    return fill(name, table, sizeof table / sizeof *table);
}

const char *csnappy_open(csnappy_api *api, const char *name) {
    const entry table[] = {
        {"snappy_compress", &api->compress},
        {"snappy_uncompress", &api->uncompress},
        {"snappy_uncompressed_length", &api->uncompressed_length},
        {"snappy_max_compressed_length", &api->max_compressed_length},
    };
    return fill(name, table, sizeof table / sizeof *table);
}
