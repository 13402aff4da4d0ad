// The limit for `mq request` and `mq serve --echo`: the loop of libzmq's own remote_lat and local_lat. A request of one size and its
// reply, then the next, over REQ and REP, everything else as the library has it.
//
//     zmq_lat serve ENDPOINT                  a REP socket that binds and sends back what comes, until it is ended
//     zmq_lat request ENDPOINT SIZE COUNT     a REQ socket that connects; prints round trips/s
//
// The first tenth warms up and is not counted.
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror zmq_lat.c -lzmq -o zmq_lat

#define _GNU_SOURCE
#include "lines.h"
#include "timing.h"

#include <zmq.h>

static void check(int result, const char *what) {
    if (result < 0)
        errx(1, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static void serve(void *socket) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (true) {
        check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
        check(zmq_msg_send(&message, socket, 0), "zmq_msg_send");
    }
}

static void request(void *socket, size_t size, unsigned long count) {
    zmq_msg_t message;
    check(zmq_msg_init_size(&message, size), "zmq_msg_init_size");
    memset(zmq_msg_data(&message), 'x', size);
    unsigned long warmup = count / 10;
    long long start = now();
    for (unsigned long i = 0; i < warmup + count; i++) {
        if (i == warmup)
            start = now();
        check(zmq_msg_send(&message, socket, 0), "zmq_msg_send");
        check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
        if (zmq_msg_size(&message) != size)
            errx(1, "reply %lu: %zu bytes instead of %zu", i + 1, zmq_msg_size(&message), size);
    }
    print_rate(count, start, now());
    zmq_msg_close(&message);
}

int main(int argc, char **argv) {
    bool serves = argc == 3 && strcmp(argv[1], "serve") == 0;
    if (!serves && (argc != 5 || strcmp(argv[1], "request") != 0))
        errx(2, "usage: zmq_lat serve ENDPOINT | zmq_lat request ENDPOINT SIZE COUNT");
    void *context = zmq_ctx_new();
    void *socket = context ? zmq_socket(context, serves ? ZMQ_REP : ZMQ_REQ) : NULL;
    if (!socket)
        check(-1, "zmq_socket");
    if (serves) {
        check(zmq_bind(socket, argv[2]), "zmq_bind");
        serve(socket);
    }
    check(zmq_connect(socket, argv[2]), "zmq_connect");
    request(socket, number(argv[3], "SIZE"), number(argv[4], "COUNT"));
    zmq_close(socket);
    zmq_ctx_term(context);
    return 0;
}
