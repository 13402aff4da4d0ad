#include "ctls.h"

#include <dlfcn.h>

int ctls_no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

const char *ctls_open(ctls_api *api, const char *ssl_name, const char *crypto_name) {
    void *crypto = dlopen(crypto_name, RTLD_NOW | RTLD_LOCAL);
    void *ssl = crypto ? dlopen(ssl_name, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!ssl)
        return dlerror();
    const struct {
        void *library;
        const char *symbol;
        void *place;
    } table[] = {
        {ssl, "TLS_client_method", &api->client_method},
        {ssl, "SSL_CTX_new", &api->ctx_new},
        {ssl, "SSL_CTX_free", &api->ctx_free},
        {ssl, "SSL_CTX_ctrl", &api->ctx_ctrl},
        {ssl, "SSL_CTX_set_options", &api->ctx_set_options},
        {ssl, "SSL_CTX_set_verify", &api->ctx_set_verify},
        {ssl, "SSL_CTX_set_default_verify_paths", &api->ctx_set_default_verify_paths},
        {ssl, "SSL_CTX_load_verify_locations", &api->ctx_load_verify_locations},
        {ssl, "SSL_CTX_use_certificate_chain_file", &api->ctx_use_certificate_chain_file},
        {ssl, "SSL_CTX_use_PrivateKey_file", &api->ctx_use_private_key_file},
        {ssl, "SSL_CTX_check_private_key", &api->ctx_check_private_key},
        {ssl, "SSL_CTX_set_default_passwd_cb", &api->ctx_set_default_passwd_cb},
        {ssl, "SSL_new", &api->new_connection},
        {ssl, "SSL_free", &api->free_connection},
        {ssl, "SSL_ctrl", &api->ctrl},
        {ssl, "SSL_get0_param", &api->get0_param},
        {ssl, "SSL_set1_host", &api->set1_host},
        {ssl, "SSL_set_bio", &api->set_bio},
        {ssl, "SSL_set_connect_state", &api->set_connect_state},
        {ssl, "SSL_do_handshake", &api->do_handshake},
        {ssl, "SSL_read", &api->read},
        {ssl, "SSL_write", &api->write},
        {ssl, "SSL_get_error", &api->get_error},
        {ssl, "SSL_get_verify_result", &api->get_verify_result},
        {ssl, "SSL_get_version", &api->get_version},
        {crypto, "X509_VERIFY_PARAM_set1_ip_asc", &api->param_set1_ip_asc},
        {crypto, "X509_verify_cert_error_string", &api->verify_words},
        {crypto, "BIO_new", &api->bio_new},
        {crypto, "BIO_s_mem", &api->bio_s_mem},
        {crypto, "BIO_read", &api->bio_read},
        {crypto, "BIO_write", &api->bio_write},
        {crypto, "BIO_ctrl", &api->bio_ctrl},
        {crypto, "ERR_get_error", &api->next_error},
        {crypto, "ERR_clear_error", &api->clear_errors},
        {crypto, "ERR_reason_error_string", &api->error_words},
    };
    for (size_t index = 0; index < sizeof table / sizeof *table; index++) {
        void *function = dlsym(table[index].library, table[index].symbol);
        if (!function)
            return dlerror();
        *(void **)table[index].place = function;
    }
    return NULL;
}
