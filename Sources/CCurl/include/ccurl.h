#pragma once

// libcurl is opened with dlopen when a request is first made and never linked: who sends to a kernel's queue pays nothing
// for it. <curl/curl.h> is here for its types and constants; a call of curl_* by name would not link, which is the point.

#include <curl/curl.h>
#include <stddef.h>

/// The functions of libcurl, filled by ccurl_open.
typedef struct ccurl_api {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_version) *version;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_perform) *multi_perform;
    __typeof__(curl_multi_poll) *multi_poll;
    __typeof__(curl_multi_wakeup) *multi_wakeup;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_strerror) *multi_strerror;
} ccurl_api;

/// Opens the library `name`, fills `api` and initialises the library. It stays open for the life of the process.
/// Returns NULL, or a sentence, valid until the next call of a dl function on this thread.
const char *ccurl_open(ccurl_api *api, const char *name);

// curl_easy_setopt and its kin are variadic, which Swift cannot call: one function for each type an option can have.

static inline CURLcode ccurl_set_number(const ccurl_api *api, CURL *easy, CURLoption option, long value) {
    return api->easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_size(const ccurl_api *api, CURL *easy, CURLoption option, curl_off_t value) {
    return api->easy_setopt(easy, option, value);
}

/// For strings, lists and callback arguments. libcurl copies strings.
static inline CURLcode ccurl_set_pointer(const ccurl_api *api, CURL *easy, CURLoption option, const void *value) {
    return api->easy_setopt(easy, option, value);
}

/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION, which have the same shape.
typedef size_t (*ccurl_take)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_callback(const ccurl_api *api, CURL *easy, CURLoption option, ccurl_take value) {
    return api->easy_setopt(easy, option, value);
}

static inline CURLMcode ccurl_set_multi_number(const ccurl_api *api, CURLM *multi, CURLMoption option, long value) {
    return api->multi_setopt(multi, option, value);
}

/// Does not wait for a name to be resolved when a transfer is dropped (libcurl 7.87; an older one ignores it).
static inline void ccurl_set_quick_exit(const ccurl_api *api, CURL *easy) {
    api->easy_setopt(easy, (CURLoption)(CURLOPTTYPE_LONG + 322), 1L);
}

/// Counts in `*count` how often the request goes out: when a kept connection turns out to be dead, libcurl sends it again by itself
/// (libcurl 7.80; an older one counts nothing).
void ccurl_count_sendings(const ccurl_api *api, CURL *easy, long *count);

/// 0 when libcurl cannot tell.
static inline long ccurl_info_number(const ccurl_api *api, CURL *easy, CURLINFO info) {
    long value = 0;
    return api->easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t ccurl_info_size(const ccurl_api *api, CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return api->easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/// The next transfer that has ended, or NULL.
static inline CURL *ccurl_next_ended(const ccurl_api *api, CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = api->multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
