#include "ccrypto.h"

#include <clibrary.h>
#include <dlfcn.h>

const char *ccrypto_open(ccrypto_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"SHA256", &api->sha256},
        {"MD5", &api->md5},
        {"HMAC", &api->hmac},
        {"EVP_sha256", &api->kind_sha256},
    };
    return clibrary_open(name, RTLD_NOW | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
}
