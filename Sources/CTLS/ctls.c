#include "ctls.h"

#include <clibrary.h>
#include <dlfcn.h>

int ctls_no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

const char *ctls_open(ctls_api *api, const char *ssl_name, const char *crypto_name) {
    const clibrary_entry ssl_table[] = {
        {"TLS_client_method", &api->client_method},
        {"SSL_CTX_new", &api->ctx_new},
        {"SSL_CTX_free", &api->ctx_free},
        {"SSL_CTX_ctrl", &api->ctx_ctrl},
        {"SSL_CTX_set_options", &api->ctx_set_options},
        {"SSL_CTX_set_verify", &api->ctx_set_verify},
        {"SSL_CTX_set_default_verify_paths", &api->ctx_set_default_verify_paths},
        {"SSL_CTX_load_verify_locations", &api->ctx_load_verify_locations},
        {"SSL_CTX_use_certificate_chain_file", &api->ctx_use_certificate_chain_file},
        {"SSL_CTX_use_PrivateKey_file", &api->ctx_use_private_key_file},
        {"SSL_CTX_check_private_key", &api->ctx_check_private_key},
        {"SSL_CTX_set_default_passwd_cb", &api->ctx_set_default_passwd_cb},
        {"SSL_new", &api->new_connection},
        {"SSL_free", &api->free_connection},
        {"SSL_ctrl", &api->ctrl},
        {"SSL_get0_param", &api->get0_param},
        {"SSL_set1_host", &api->set1_host},
        {"SSL_set_bio", &api->set_bio},
        {"SSL_set_connect_state", &api->set_connect_state},
        {"SSL_do_handshake", &api->do_handshake},
        {"SSL_read", &api->read},
        {"SSL_write", &api->write},
        {"SSL_get_error", &api->get_error},
        {"SSL_get_verify_result", &api->get_verify_result},
        {"SSL_get_version", &api->get_version},
    };
    const clibrary_entry crypto_table[] = {
        {"X509_VERIFY_PARAM_set1_ip_asc", &api->param_set1_ip_asc},
        {"X509_verify_cert_error_string", &api->verify_words},
        {"BIO_new", &api->bio_new},
        {"BIO_s_mem", &api->bio_s_mem},
        {"BIO_read", &api->bio_read},
        {"BIO_write", &api->bio_write},
        {"BIO_ctrl", &api->bio_ctrl},
        {"ERR_get_error", &api->next_error},
        {"ERR_clear_error", &api->clear_errors},
        {"ERR_reason_error_string", &api->error_words},
    };
    const char *reason = clibrary_open(crypto_name, RTLD_NOW | RTLD_LOCAL, crypto_table, CLIBRARY_COUNT(crypto_table));
    return reason ? reason : clibrary_open(ssl_name, RTLD_NOW | RTLD_LOCAL, ssl_table, CLIBRARY_COUNT(ssl_table));
}
