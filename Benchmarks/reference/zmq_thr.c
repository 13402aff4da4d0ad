// The limit for `mq bench zmq:`: the loop of libzmq's own local_thr, remote_thr and inproc_thr. Messages of one size
// that nobody fills and nobody reads, one call for each on either side, everything else as the library has it.
//
//     zmq_thr recv ENDPOINT SIZE COUNT    a PULL socket that binds; prints messages/s
//     zmq_thr send ENDPOINT SIZE COUNT    a PUSH socket that connects
//     zmq_thr inproc SIZE COUNT           both in two threads of one context; prints messages/s
//
// The rate is that of the messages behind the first, from its arrival to that of the last: starting up does not count.
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror zmq_thr.c -lzmq -pthread -o zmq_thr

#define _GNU_SOURCE
#include "lines.h"
#include "timing.h"

#include <pthread.h>
#include <zmq.h>

struct end {
    void *context;
    const char *endpoint;
    size_t size;
    unsigned long count;
};

static void check(int result, const char *what) {
    if (result < 0)
        errx(1, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static void *open_socket(void *context, int type) {
    void *socket = zmq_socket(context, type);
    if (!socket)
        check(-1, "zmq_socket");
    return socket;
}

static void push_messages(void *socket, const struct end *end) {
    zmq_msg_t message;
    for (unsigned long i = 0; i < end->count; i++) {
        check(zmq_msg_init_size(&message, end->size), "zmq_msg_init_size");
        check(zmq_msg_send(&message, socket, 0), "zmq_msg_send");
        zmq_msg_close(&message);
    }
}

// Prints the rate before anything is torn down.
static void pull_messages(void *socket, const struct end *end) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    long long first = 0;
    for (unsigned long i = 0; i < end->count; i++) {
        check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
        if (zmq_msg_size(&message) != end->size)
            errx(1, "message %lu: %zu bytes instead of %zu", i + 1, zmq_msg_size(&message), end->size);
        if (i == 0)
            first = now();
    }
    print_rate(end->count - 1, first, now());
    zmq_msg_close(&message);
}

static void receive_messages(const struct end *end) {
    void *pull = open_socket(end->context, ZMQ_PULL);
    check(zmq_bind(pull, end->endpoint), end->endpoint);
    pull_messages(pull, end);
    check(zmq_close(pull), "zmq_close");
}

// Sends, and stays until the receiver has gone: over ipc the kernel may drop what was not read when its sender
// exits, and libzmq does not wait for that (libzmq issue 4660).
static void send_messages(const struct end *end) {
    const char *events = "inproc://disconnected";
    const int at_once = 0;
    void *push = open_socket(end->context, ZMQ_PUSH), *monitor = open_socket(end->context, ZMQ_PAIR);
    check(zmq_socket_monitor(push, events, ZMQ_EVENT_DISCONNECTED), "zmq_socket_monitor");
    check(zmq_connect(monitor, events), "monitor");
    check(zmq_connect(push, end->endpoint), end->endpoint);
    push_messages(push, end);

    char event[16];
    check(zmq_recv(monitor, event, sizeof event, 0), "monitor");
    check(zmq_setsockopt(push, ZMQ_LINGER, &at_once, sizeof at_once), "ZMQ_LINGER");
    check(zmq_socket_monitor(push, NULL, 0), "zmq_socket_monitor");
    check(zmq_close(monitor), "zmq_close");
    check(zmq_close(push), "zmq_close");
}

static void *send_in_thread(void *argument) {
    const struct end *end = argument;
    void *push = open_socket(end->context, ZMQ_PUSH);
    check(zmq_connect(push, end->endpoint), end->endpoint);
    push_messages(push, end);
    check(zmq_close(push), "zmq_close");
    return NULL;
}

static void receive_from_thread(struct end *end) {
    end->endpoint = "inproc://throughput";
    void *pull = open_socket(end->context, ZMQ_PULL);
    check(zmq_bind(pull, end->endpoint), end->endpoint);
    pthread_t thread;
    if (pthread_create(&thread, NULL, send_in_thread, end) != 0)
        errx(1, "no thread");
    pull_messages(pull, end);
    pthread_join(thread, NULL);
    check(zmq_close(pull), "zmq_close");
}

int main(int argc, char **argv) {
    bool is_inproc = argc == 4 && strcmp(argv[1], "inproc") == 0;
    bool sends = argc == 5 && strcmp(argv[1], "send") == 0, receives = argc == 5 && strcmp(argv[1], "recv") == 0;
    if (!is_inproc && !sends && !receives) {
        fputs("usage: zmq_thr send|recv ENDPOINT SIZE COUNT, or zmq_thr inproc SIZE COUNT\n", stderr);
        return 64;
    }
    struct end end = {
        .context = zmq_ctx_new(),
        .endpoint = argv[2],
        .size = number(argv[argc - 2], "SIZE"),
        .count = rated_count(argv[argc - 1]),
    };
    if (is_inproc)
        receive_from_thread(&end);
    else
        (sends ? send_messages : receive_messages)(&end);
    check(zmq_ctx_term(end.context), "zmq_ctx_term");
    return 0;
}
