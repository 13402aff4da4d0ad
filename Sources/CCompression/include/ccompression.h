#pragma once

// zlib and snappy are opened with dlopen when something is first compressed and never linked. <zlib.h> and <snappy-c.h>
// are here for their types and constants.

#include <snappy-c.h>
#include <zlib.h>

/// The functions of zlib, filled by czlib_open.
typedef struct czlib_api {
    __typeof__(deflateInit2_) *deflate_init;
    __typeof__(deflate) *deflate;
    __typeof__(deflateReset) *deflate_reset;
    __typeof__(deflateEnd) *deflate_end;
    __typeof__(inflateInit2_) *inflate_init;
    __typeof__(inflate) *inflate;
    __typeof__(inflateEnd) *inflate_end;
} czlib_api;

/// The functions of snappy, filled by csnappy_open.
typedef struct csnappy_api {
    __typeof__(snappy_compress) *compress;
    __typeof__(snappy_uncompress) *uncompress;
    __typeof__(snappy_uncompressed_length) *uncompressed_length;
    __typeof__(snappy_max_compressed_length) *max_compressed_length;
} csnappy_api;

/// Opens the library `name` and fills `api`; it stays open for the life of the process.
/// Returns NULL, or the loader's sentence, valid until the next call of a dl function on this thread.
const char *czlib_open(czlib_api *api, const char *name);
const char *csnappy_open(csnappy_api *api, const char *name);

// deflateInit2 and inflateInit2 are macros, which pass the version of the header and the size of the structure.

static inline int czlib_deflate_init(const czlib_api *api, z_stream *stream, int level, int window_bits) {
    return api->deflate_init(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, (int)sizeof *stream);
}

static inline int czlib_inflate_init(const czlib_api *api, z_stream *stream, int window_bits) {
    return api->inflate_init(stream, window_bits, ZLIB_VERSION, (int)sizeof *stream);
}
