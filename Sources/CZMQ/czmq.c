#include "czmq.h"

#include <clibrary.h>
#include <dlfcn.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

const char *czmq_open(czmq_api *api, const char *name) {
    const clibrary_entry table[] = {
        {"zmq_errno", &api->error_number},
        {"zmq_strerror", &api->error_words},
        {"zmq_version", &api->version},
        {"zmq_has", &api->has},
        {"zmq_ctx_new", &api->ctx_new},
        {"zmq_ctx_set", &api->ctx_set},
        {"zmq_ctx_term", &api->ctx_term},
        {"zmq_socket", &api->socket},
        {"zmq_close", &api->close},
        {"zmq_setsockopt", &api->setsockopt},
        {"zmq_getsockopt", &api->getsockopt},
        {"zmq_bind", &api->bind},
        {"zmq_connect", &api->connect},
        {"zmq_socket_monitor", &api->socket_monitor},
        {"zmq_send", &api->send},
        {"zmq_recv", &api->recv},
        {"zmq_msg_init", &api->msg_init},
        {"zmq_msg_init_data", &api->msg_init_data},
        {"zmq_msg_move", &api->msg_move},
        {"zmq_msg_send", &api->msg_send},
        {"zmq_msg_recv", &api->msg_recv},
        {"zmq_msg_data", &api->msg_data},
        {"zmq_msg_size", &api->msg_size},
        {"zmq_msg_more", &api->msg_more},
        {"zmq_msg_close", &api->msg_close},
        {"zmq_curve_keypair", &api->curve_keypair},
        {"zmq_curve_public", &api->curve_public},
        {"zmq_z85_encode", &api->z85_encode},
    };
    return clibrary_open(name, RTLD_NOW | RTLD_LOCAL, table, CLIBRARY_COUNT(table));
}

int czmq_unread(int descriptor) {
    int unread = 0;
    return ioctl(descriptor, SIOCOUTQ, &unread) < 0 ? -errno : unread;
}
