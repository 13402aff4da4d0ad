#include "ccompression.h"

#include <clibrary.h>
#include <dlfcn.h>

const char *czlib_open(czlib_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"deflateInit2_", &api->deflate_init},
        {"deflate", &api->deflate},
        {"deflateReset", &api->deflate_reset},
        {"deflateEnd", &api->deflate_end},
        {"inflateInit2_", &api->inflate_init},
        {"inflate", &api->inflate},
        {"inflateEnd", &api->inflate_end},
    };
    return clibrary_open(name, RTLD_NOW | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
}

const char *csnappy_open(csnappy_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"snappy_compress", &api->compress},
        {"snappy_uncompress", &api->uncompress},
        {"snappy_uncompressed_length", &api->uncompressed_length},
        {"snappy_max_compressed_length", &api->max_compressed_length},
    };
    return clibrary_open(name, RTLD_NOW | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
}
