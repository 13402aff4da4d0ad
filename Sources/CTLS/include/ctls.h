#pragma once

// OpenSSL is opened with dlopen when a connection is first encrypted and never linked. Its headers are here for types and
// constants; a call of SSL_* by name would not link, which is the point.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/// The functions of libssl and libcrypto, filled by ctls_open.
typedef struct ctls_api {
    __typeof__(TLS_client_method) *client_method;
    __typeof__(SSL_CTX_new) *ctx_new;
    __typeof__(SSL_CTX_free) *ctx_free;
    __typeof__(SSL_CTX_ctrl) *ctx_ctrl;
    __typeof__(SSL_CTX_set_options) *ctx_set_options;
    __typeof__(SSL_CTX_set_verify) *ctx_set_verify;
    __typeof__(SSL_CTX_set_default_verify_paths) *ctx_set_default_verify_paths;
    __typeof__(SSL_CTX_load_verify_locations) *ctx_load_verify_locations;
    __typeof__(SSL_CTX_use_certificate_chain_file) *ctx_use_certificate_chain_file;
    __typeof__(SSL_CTX_use_PrivateKey_file) *ctx_use_private_key_file;
    __typeof__(SSL_CTX_check_private_key) *ctx_check_private_key;
    __typeof__(SSL_CTX_set_default_passwd_cb) *ctx_set_default_passwd_cb;
    __typeof__(SSL_new) *new_connection;
    __typeof__(SSL_free) *free_connection;
    __typeof__(SSL_ctrl) *ctrl;
    __typeof__(SSL_get0_param) *get0_param;
    __typeof__(SSL_set1_host) *set1_host;
    __typeof__(SSL_set_bio) *set_bio;
    __typeof__(SSL_set_connect_state) *set_connect_state;
    __typeof__(SSL_do_handshake) *do_handshake;
    __typeof__(SSL_read) *read;
    __typeof__(SSL_write) *write;
    __typeof__(SSL_get_error) *get_error;
    __typeof__(SSL_get_verify_result) *get_verify_result;
    __typeof__(SSL_get_version) *get_version;
    __typeof__(X509_VERIFY_PARAM_set1_ip_asc) *param_set1_ip_asc;
    __typeof__(X509_verify_cert_error_string) *verify_words;
    __typeof__(BIO_new) *bio_new;
    __typeof__(BIO_s_mem) *bio_s_mem;
    __typeof__(BIO_read) *bio_read;
    __typeof__(BIO_write) *bio_write;
    __typeof__(BIO_ctrl) *bio_ctrl;
    __typeof__(ERR_get_error) *next_error;
    __typeof__(ERR_clear_error) *clear_errors;
    __typeof__(ERR_reason_error_string) *error_words;
} ctls_api;

/// Opens the two libraries and fills `api`; they stay open for the life of the process.
/// Returns NULL, or the loader's sentence, valid until the next call of a dl function on this thread.
const char *ctls_open(ctls_api *api, const char *ssl, const char *crypto);

// What OpenSSL offers as macros over its control functions.

static inline int ctls_require_tls12(const ctls_api *api, SSL_CTX *context) {
    return (int)api->ctx_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
}

static inline void ctls_forbid_renegotiation(const ctls_api *api, SSL_CTX *context) {
    api->ctx_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

static inline int ctls_set_server_name(const ctls_api *api, SSL *connection, const char *name) {
    return (int)api->ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)name);
}

/// Returns no passphrase, so that nobody is asked for one at a terminal.
int ctls_no_passphrase(char *buffer, int size, int writing, void *context);

/// The parts of an error code that tell what it is about.
static inline int ctls_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int ctls_error_library(unsigned long code) { return ERR_GET_LIB(code); }
