#pragma once

// libzmq is opened with dlopen when it is first used and never linked: a program that only sends to a POSIX queue
// pays nothing for it, and a missing library becomes a sentence. <zmq.h> is here for its types and constants; a call
// of zmq_* by name would not link, which is the point.
//
// Functions whose error number matters return -zmq_errno(): nothing guarantees the value of errno once a call has
// returned to Swift.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <zmq.h>

/// The functions of libzmq, filled by czmq_open.
typedef struct czmq_api {
    __typeof__(zmq_errno) *error_number;
    __typeof__(zmq_strerror) *error_words;
    __typeof__(zmq_version) *version;
    __typeof__(zmq_has) *has;
    __typeof__(zmq_ctx_new) *ctx_new;
    __typeof__(zmq_ctx_set) *ctx_set;
    __typeof__(zmq_ctx_term) *ctx_term;
    __typeof__(zmq_socket) *socket;
    __typeof__(zmq_close) *close;
    __typeof__(zmq_setsockopt) *setsockopt;
    __typeof__(zmq_getsockopt) *getsockopt;
    __typeof__(zmq_bind) *bind;
    __typeof__(zmq_connect) *connect;
    __typeof__(zmq_socket_monitor) *socket_monitor;
    __typeof__(zmq_send) *send;
    __typeof__(zmq_recv) *recv;
    __typeof__(zmq_msg_init) *msg_init;
    __typeof__(zmq_msg_init_data) *msg_init_data;
    __typeof__(zmq_msg_move) *msg_move;
    __typeof__(zmq_msg_send) *msg_send;
    __typeof__(zmq_msg_recv) *msg_recv;
    __typeof__(zmq_msg_data) *msg_data;
    __typeof__(zmq_msg_size) *msg_size;
    __typeof__(zmq_msg_more) *msg_more;
    __typeof__(zmq_msg_close) *msg_close;
    __typeof__(zmq_curve_keypair) *curve_keypair;
    __typeof__(zmq_curve_public) *curve_public;
    __typeof__(zmq_z85_encode) *z85_encode;
} czmq_api;

/// Opens the library `name` and fills `api`. The library stays open for the life of the process.
/// Returns NULL, or the loader's sentence, valid until the next call of a dl function on this thread.
const char *czmq_open(czmq_api *api, const char *name);

static inline int czmq_check(const czmq_api *api, int result) {
    return result < 0 ? -api->error_number() : result;
}

/// The number of bytes, or -errno.
static inline int czmq_send(const czmq_api *api, void *socket, const void *bytes, size_t size, int flags) {
    return czmq_check(api, api->send(socket, bytes, size, flags));
}

/// Sends bytes that stay as they are until `give_back` gets them and `hint`, on any thread, and at once when they are not sent.
/// The number of bytes, or -errno.
static inline int czmq_send_lent(
    const czmq_api *api, void *socket, void *bytes, size_t size, zmq_free_fn *give_back, void *hint, int flags) {
    zmq_msg_t message;
    if (api->msg_init_data(&message, bytes, size, give_back, hint) != 0) {
        give_back(bytes, hint);
        return -ENOMEM;
    }
    int result = czmq_check(api, api->msg_send(&message, socket, flags));
    if (result < 0)
        api->msg_close(&message);
    return result;
}

/// The number of bytes of the whole frame, which may be more than `size`, or -errno.
static inline int czmq_recv(const czmq_api *api, void *socket, void *bytes, size_t size, int flags) {
    return czmq_check(api, api->recv(socket, bytes, size, flags));
}

static inline int czmq_msg_recv(const czmq_api *api, zmq_msg_t *message, void *socket, int flags) {
    return czmq_check(api, api->msg_recv(message, socket, flags));
}

/// Sends a message, which is empty then. The number of bytes, or -errno.
static inline int czmq_msg_send(const czmq_api *api, zmq_msg_t *message, void *socket, int flags) {
    return czmq_check(api, api->msg_send(message, socket, flags));
}

/// zmq_msg_close for a message that is only known as its bytes.
static inline int (*czmq_closer(const czmq_api *api))(void *) {
    return (int (*)(void *))api->msg_close;
}

static inline int czmq_set(const czmq_api *api, void *socket, int option, const void *value, size_t size) {
    return czmq_check(api, api->setsockopt(socket, option, value, size));
}

static inline int czmq_get(const czmq_api *api, void *socket, int option, void *value, size_t *size) {
    return czmq_check(api, api->getsockopt(socket, option, value, size));
}

static inline int czmq_bind(const czmq_api *api, void *socket, const char *endpoint) {
    return czmq_check(api, api->bind(socket, endpoint));
}

static inline int czmq_connect(const czmq_api *api, void *socket, const char *endpoint) {
    return czmq_check(api, api->connect(socket, endpoint));
}

static inline int czmq_socket_monitor(const czmq_api *api, void *socket, const char *endpoint, int events) {
    return czmq_check(api, api->socket_monitor(socket, endpoint, events));
}

static inline int czmq_ctx_term(const czmq_api *api, void *context) {
    return czmq_check(api, api->ctx_term(context));
}

/// Bytes written to a connection that its peer has not read yet (ipc) or not confirmed yet (tcp), or -errno.
int czmq_unread(int descriptor);

/// Keeps freed memory up to 64 MiB. libzmq's threads free what the other one allocated, and glibc would give the pages of
/// each large message back to the system and fault them in again for the next. And small messages (to 112 bytes, with what
/// libzmq puts beside them) go by the lists that are freed to without a lock: the two threads would wait for each other.
static inline void czmq_keep_freed_memory(void) {
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_MXFAST, 160);
}
