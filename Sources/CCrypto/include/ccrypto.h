#pragma once

// libcrypto is opened with dlopen when a request is first signed and never linked. The functions are declared here
// instead of taken from OpenSSL's headers: these four have not changed since version 1.1.

#include <stddef.h>

/// The functions of libcrypto, filled by ccrypto_open.
typedef struct ccrypto_api {
    unsigned char *(*sha256)(const unsigned char *bytes, size_t count, unsigned char *digest);
    unsigned char *(*md5)(const unsigned char *bytes, size_t count, unsigned char *digest);
    unsigned char *(*hmac)(const void *kind, const void *key, int key_count, const unsigned char *bytes, size_t count,
                           unsigned char *digest, unsigned int *digest_count);
    const void *(*kind_sha256)(void);
} ccrypto_api;

/// Opens the library `name` and fills `api`. The library stays open for the life of the process.
/// Returns NULL, or the loader's sentence, valid until the next call of a dl function on this thread.
const char *ccrypto_open(ccrypto_api *api, const char *name);
