// The limit for `mq bench posix-mq:` and `mq bench sysv:`: messages of one size from one buffer into another, no
// input, no output, one system call for each on either side.
//
//     queue_thr create QUEUE              a queue of the system's default limits: /NAME is a POSIX queue, 0x4d51 or
//                                         19793 the key of a System V queue
//     queue_thr recv QUEUE SIZE COUNT     prints messages/s, from the first message to the last
//     queue_thr send QUEUE SIZE COUNT
//     queue_thr remove QUEUE
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror queue_thr.c -o queue_thr

#define _GNU_SOURCE
#include "kernel_queue.h"
#include "timing.h"

#include <limits.h>

static key_t key_of(const char *text) {
    unsigned long value = number(text, "KEY");
    if (value == 0 || value > UINT_MAX)
        errx(1, "KEY: %s is not between 1 and 0xffffffff", text);
    return (key_t)value;
}

static struct queue open_queue(const char *name) {
    bool is_sysv = *name != '/';
    struct queue queue = {is_sysv, is_sysv ? msgget(key_of(name), 0) : mq_open(name, O_RDWR | O_NONBLOCK)};
    if (queue.id < 0)
        err(1, "%s", name);
    return queue;
}

static void create(const char *name) {
    if (*name == '/')
        create_posix(name);
    else if (msgget(key_of(name), IPC_CREAT | IPC_EXCL | 0600) < 0)
        err(1, "create %s", name);
}

static void remove_queue(const char *name) {
    if ((*name == '/' ? mq_unlink(name) : msgctl(open_queue(name).id, IPC_RMID, NULL)) != 0)
        err(1, "remove %s", name);
}

static void send_messages(struct queue queue, size_t size, unsigned long count) {
    static struct message message = {.type = 1};
    while (count-- > 0)
        put(queue, &message, size);
}

static void receive_messages(struct queue queue, size_t size, unsigned long count) {
    static struct message message;
    long long first = 0;
    for (unsigned long i = 0; i < count; i++) {
        size_t got = take(queue, &message);
        if (got != size)
            errx(1, "message %lu: %zu bytes instead of %zu", i + 1, got, size);
        if (i == 0)
            first = now();
    }
    print_rate(count - 1, first, now());
}

int main(int argc, char **argv) {
    const char *verb = argc > 2 ? argv[1] : "";
    if (argc == 3 && strcmp(verb, "create") == 0)
        create(argv[2]);
    else if (argc == 3 && strcmp(verb, "remove") == 0)
        remove_queue(argv[2]);
    else if (argc == 5 && strcmp(verb, "send") == 0)
        send_messages(open_queue(argv[2]), message_size(argv[3]), rated_count(argv[4]));
    else if (argc == 5 && strcmp(verb, "recv") == 0)
        receive_messages(open_queue(argv[2]), message_size(argv[3]), rated_count(argv[4]));
    else {
        fputs("usage: queue_thr create|remove QUEUE, or queue_thr send|recv QUEUE SIZE COUNT\n", stderr);
        return 64;
    }
    return 0;
}
