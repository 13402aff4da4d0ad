#include "ccurl.h"

#include <clibrary.h>
#include <dlfcn.h>

static int count_sending(void *context, char *own, char *peer, int own_port, int peer_port) {
    (void)own, (void)peer, (void)own_port, (void)peer_port;
    ++*(long *)context;
    return 0;
}

// CURLOPT_PREREQFUNCTION and CURLOPT_PREREQDATA by their numbers: older headers lack them.
void ccurl_count_sendings(const ccurl_api *api, CURL *easy, long *count) {
    api->easy_setopt(easy, (CURLoption)(CURLOPTTYPE_FUNCTIONPOINT + 312), count_sending);
    api->easy_setopt(easy, (CURLoption)(CURLOPTTYPE_OBJECTPOINT + 313), count);
}

const char *ccurl_open(ccurl_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"curl_global_init", &api->global_init},
        {"curl_version", &api->version},
        {"curl_slist_append", &api->slist_append},
        {"curl_slist_free_all", &api->slist_free_all},
        {"curl_easy_init", &api->easy_init},
        {"curl_easy_reset", &api->easy_reset},
        {"curl_easy_cleanup", &api->easy_cleanup},
        {"curl_easy_setopt", &api->easy_setopt},
        {"curl_easy_getinfo", &api->easy_getinfo},
        {"curl_easy_strerror", &api->easy_strerror},
        {"curl_multi_init", &api->multi_init},
        {"curl_multi_setopt", &api->multi_setopt},
        {"curl_multi_cleanup", &api->multi_cleanup},
        {"curl_multi_add_handle", &api->multi_add_handle},
        {"curl_multi_remove_handle", &api->multi_remove_handle},
        {"curl_multi_perform", &api->multi_perform},
        {"curl_multi_poll", &api->multi_poll},
        {"curl_multi_wakeup", &api->multi_wakeup},
        {"curl_multi_info_read", &api->multi_info_read},
        {"curl_multi_strerror", &api->multi_strerror},
    };
    // Lazily: it brings thirty libraries, most of whose functions are never called.
    const char *reason = clibrary_open(name, RTLD_LAZY | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
    if (reason)
        return reason;
    return api->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "curl_global_init failed";
}
