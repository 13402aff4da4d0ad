// The limit for posix-mq: one system call per message and side, no copy in the program, no sleep that a few
// yields can avoid.
//
//     posixmq_ref create NAME             a queue of 10 messages of 8192 bytes, the system's defaults
//     posixmq_ref send [--plain] NAME         < FILE
//     posixmq_ref recv [--plain] NAME COUNT   > FILE
//     posixmq_ref unlink NAME
//
// --plain is the loop most people would write first: getline, calls that block, stdio.
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror posixmq_ref.c -o posixmq_ref

#define _GNU_SOURCE
#include "lines.h"

#include <fcntl.h>
#include <getopt.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>

// Called when the queue was full or empty. A receiver that sleeps is woken for every single message, which
// costs more than the message: so give the CPU away a few times first.
static void wait_for(mqd_t queue, short events, int *yields) {
    if ((*yields)++ < YIELDS) {
        sched_yield();
        return;
    }
    struct pollfd ready = {.fd = queue, .events = events};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR)
        err(1, "poll");
    *yields = 0;
}

static size_t message_limit(mqd_t queue) {
    struct mq_attr attributes;
    if (mq_getattr(queue, &attributes) != 0)
        err(1, "mq_getattr");
    return (size_t)attributes.mq_msgsize;
}

static void send_lines(mqd_t queue) {
    static struct input in;
    size_t limit = message_limit(queue), length;
    char *line;

    rewind_input(&in);
    while (next_line(&in, &line, &length)) {
        if (length > limit)
            errx(1, "record %lu: %zu bytes exceed this queue's limit of %zu bytes", in.record, length, limit);
        int yields = 0;
        while (mq_send(queue, line, length, 0) != 0) {
            if (errno == EAGAIN)
                wait_for(queue, POLLOUT, &yields);
            else if (errno != EINTR)
                err(1, "mq_send");
        }
    }
}

static void receive_lines(mqd_t queue, unsigned long count) {
    static struct output out;
    size_t limit = message_limit(queue);

    rewind_output(&out);
    if (limit + 1 > room(&out))
        errx(1, "messages of %zu bytes are longer than this program holds", limit);
    while (count > 0) {
        // mq_receive wants room for the longest message, however short the next one is.
        if (room(&out) < limit + 1)
            flush(&out);
        int yields = 0;
        ssize_t length;
        while ((length = mq_receive(queue, tail(&out), limit, NULL)) < 0) {
            if (errno == EAGAIN) {
                flush(&out);  // whoever reads the output shall not wait for a full buffer
                wait_for(queue, POLLIN, &yields);
            } else if (errno != EINTR) {
                err(1, "mq_receive");
            }
        }
        end_line(&out, (size_t)length);
        count--;
    }
    flush(&out);
}

static void send_plainly(mqd_t queue) {
    size_t limit = message_limit(queue), capacity = 0;
    char *line = NULL;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        length -= line[length - 1] == '\n';
        if ((size_t)length > limit)
            errx(1, "%zd bytes exceed this queue's limit of %zu bytes", length, limit);
        if (mq_send(queue, line, (size_t)length, 0) != 0)
            err(1, "mq_send");
    }
    if (ferror(stdin))
        err(1, "standard input");
    free(line);
}

static void receive_plainly(mqd_t queue, unsigned long count) {
    size_t limit = message_limit(queue);
    char *message = malloc(limit);
    if (!message)
        err(1, "malloc");
    while (count-- > 0) {
        ssize_t length = mq_receive(queue, message, limit, NULL);
        if (length < 0)
            err(1, "mq_receive");
        fwrite(message, 1, (size_t)length, stdout);
        putchar('\n');
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    free(message);
}

static void create(const char *name) {
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    if (mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes) == (mqd_t)-1)
        err(1, "create %s", name);
}

static mqd_t open_queue(const char *name, int direction, bool plain) {
    mqd_t queue = mq_open(name, direction | (plain ? 0 : O_NONBLOCK));
    if (queue == (mqd_t)-1)
        err(1, "%s", name);
    return queue;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"plain", no_argument, NULL, 'p'}, {0}};
    bool plain = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 'p')
            return 64;
        plain = true;
    }
    int words = argc - optind;
    const char *verb = words > 0 ? argv[optind] : "", *name = words > 1 ? argv[optind + 1] : NULL;

    if (words == 2 && strcmp(verb, "create") == 0)
        create(name);
    else if (words == 2 && strcmp(verb, "unlink") == 0) {
        if (mq_unlink(name) != 0)
            err(1, "unlink %s", name);
    } else if (words == 2 && strcmp(verb, "send") == 0)
        (plain ? send_plainly : send_lines)(open_queue(name, O_WRONLY, plain));
    else if (words == 3 && strcmp(verb, "recv") == 0)
        (plain ? receive_plainly : receive_lines)(open_queue(name, O_RDONLY, plain), number(argv[optind + 2], "COUNT"));
    else {
        fputs("usage: posixmq_ref create|unlink|send|recv [--plain] NAME [COUNT]\n", stderr);
        return 64;
    }
    return 0;
}
