// The limit for zmq: chunks of lines, one copy into a message, one copy out of it into a single buffer.
//
//     zmq_ref recv [--hwm N] [--slow] ENDPOINT COUNT > FILE     a PULL socket that binds; slow: it pauses now and then
//     zmq_ref send [--hwm N] ENDPOINT         < FILE     a PUSH socket that connects
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror zmq_ref.c -lzmq -o zmq_ref

#define _GNU_SOURCE
#include "lines.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <zmq.h>

static void check(int result, const char *what) {
    if (result < 0)
        errx(1, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static void *open_socket(void *context, int type, int hwm, int linger) {
    void *socket = zmq_socket(context, type);
    if (!socket)
        check(-1, "zmq_socket");
    check(zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof hwm), "ZMQ_SNDHWM");
    check(zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof hwm), "ZMQ_RCVHWM");
    check(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), "ZMQ_LINGER");
    return socket;
}

// Waits until `socket` has connected and returns a second descriptor for that connection.
//
// Over ipc the kernel forgets what the receiver has not read yet when the sender exits, and libzmq does not
// wait for it (libzmq issue 4660). Without this guard a fast sender loses the tail of its messages.
static int hold_connection(void *context, void *socket, const char *endpoint) {
    const char *events = "inproc://connected";
    check(zmq_socket_monitor(socket, events, ZMQ_EVENT_CONNECTED), "zmq_socket_monitor");
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    if (!monitor)
        check(-1, "zmq_socket");
    check(zmq_connect(monitor, events), "monitor");
    check(zmq_connect(socket, endpoint), endpoint);

    struct {
        uint16_t event;
        int32_t descriptor;
    } __attribute__((packed)) connected;
    check(zmq_recv(monitor, &connected, sizeof connected, 0), "monitor");
    int held = fcntl(connected.descriptor, F_DUPFD_CLOEXEC, 0);
    if (held < 0)
        err(1, "the connection's descriptor");
    check(zmq_socket_monitor(socket, NULL, 0), "zmq_socket_monitor");
    check(zmq_close(monitor), "zmq_close");
    return held;
}

// Returns when the receiver has read everything the kernel held for it.
static void drain_connection(int held) {
    int unread;
    while (ioctl(held, SIOCOUTQ, &unread) == 0 && unread > 0)
        usleep(100);
    close(held);
}

static void send_lines(const char *endpoint, int hwm) {
    static struct input in;
    void *context = zmq_ctx_new();
    void *push = open_socket(context, ZMQ_PUSH, hwm, -1);
    int held = hold_connection(context, push, endpoint);
    size_t length;
    char *line;

    rewind_input(&in);
    while (next_line(&in, &line, &length)) {
        int sent;
        do
            sent = zmq_send(push, line, length, 0);
        while (sent < 0 && zmq_errno() == EINTR);
        check(sent, "zmq_send");
    }
    check(zmq_close(push), "zmq_close");
    check(zmq_ctx_term(context), "zmq_ctx_term");
    drain_connection(held);
}

static void append(struct output *out, const char *body, size_t length) {
    if (length >= room(out))
        flush(out);
    if (length < room(out)) {
        memcpy(tail(out), body, length);
        end_line(out, length);
    } else {  // longer than the buffer
        write_all(body, length);
        write_all("\n", 1);
    }
}

static void receive_lines(const char *endpoint, unsigned long count, int hwm, int slow) {
    static struct output out;
    void *context = zmq_ctx_new();
    void *pull = open_socket(context, ZMQ_PULL, hwm, 0);
    check(zmq_bind(pull, endpoint), endpoint);

    rewind_output(&out);
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (count > 0) {
        int flags = ZMQ_DONTWAIT;
        while (zmq_msg_recv(&message, pull, flags) < 0) {
            if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
                check(-1, "zmq_msg_recv");
            flush(&out);  // whoever reads the output shall not wait for a full buffer
            flags = 0;
        }
        append(&out, zmq_msg_data(&message), zmq_msg_size(&message));
        count--;
        if (slow && count % 500 == 0)
            usleep(1000);
    }
    flush(&out);
    zmq_msg_close(&message);
    check(zmq_close(pull), "zmq_close");
    check(zmq_ctx_term(context), "zmq_ctx_term");
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"hwm", required_argument, NULL, 'h'}, {"slow", no_argument, NULL, 's'}, {0}};
    unsigned long hwm = 1000;
    int slow = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h')
            hwm = number(optarg, "--hwm");
        else if (option == 's')
            slow = 1;
        else
            return 64;
    }
    if (hwm > INT_MAX)
        errx(64, "--hwm: %lu is more than %d", hwm, INT_MAX);
    int words = argc - optind;

    if (words == 2 && strcmp(argv[optind], "send") == 0)
        send_lines(argv[optind + 1], (int)hwm);
    else if (words == 3 && strcmp(argv[optind], "recv") == 0)
        receive_lines(argv[optind + 1], number(argv[optind + 2], "COUNT"), (int)hwm, slow);
    else {
        fputs("usage: zmq_ref send|recv [--hwm N] [--slow] ENDPOINT [COUNT]\n", stderr);
        return 64;
    }
    return 0;
}
