// A POSIX or a System V queue that does not sleep while a few yields can avoid it, for the programs that only move
// messages: no lines, no files, one buffer.

#ifndef KERNEL_QUEUE_H
#define KERNEL_QUEUE_H

#include "lines.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>

enum { LONGEST = 8192 };  // the system's default limit for both kinds

struct message {
    long type;  // System V's mtype, which must be above 0
    char body[LONGEST];
};

struct queue {
    bool is_sysv;
    int id;  // of msgget, or of mq_open, which is a descriptor here
};

static inline size_t message_size(const char *text) {
    unsigned long size = number(text, "SIZE");
    if (size < 1 || size > LONGEST)
        errx(1, "SIZE: %lu is not between 1 and %d", size, LONGEST);
    return size;
}

// Gives the processor away a few times, then blocks: a side that sleeps is woken for every single message, which costs
// more than the message. System V can block in the call itself only, so its callers look at `yields`.
static inline void wait_for(struct queue queue, short events, int *yields) {
    if ((*yields)++ < YIELDS) {
        sched_yield();
    } else if (!queue.is_sysv) {
        struct pollfd ready = {.fd = queue.id, .events = events};
        if (poll(&ready, 1, -1) < 0 && errno != EINTR)
            err(1, "poll");
        *yields = 0;
    }
}

static inline void put(struct queue queue, const struct message *message, size_t size) {
    for (int yields = 0;;) {
        int result = queue.is_sysv ? msgsnd(queue.id, message, size, yields <= YIELDS ? IPC_NOWAIT : 0)
                                   : mq_send(queue.id, message->body, size, 0);
        if (result == 0)
            return;
        if (errno == EAGAIN)
            wait_for(queue, POLLOUT, &yields);
        else if (errno != EINTR)
            err(1, "sending");
    }
}

static inline size_t take(struct queue queue, struct message *message) {
    for (int yields = 0;;) {
        ssize_t size = queue.is_sysv
                           ? msgrcv(queue.id, message, sizeof message->body, 0, yields <= YIELDS ? IPC_NOWAIT : 0)
                           : mq_receive(queue.id, message->body, sizeof message->body, NULL);
        if (size >= 0)
            return (size_t)size;
        if (errno == EAGAIN || errno == ENOMSG)
            wait_for(queue, POLLIN, &yields);
        else if (errno != EINTR)
            err(1, "receiving");
    }
}

// A queue of the system's default limits that is nobody else's.
static inline mqd_t create_posix(const char *name) {
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = LONGEST};
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
    if (queue == (mqd_t)-1)
        err(1, "create %s", name);
    return queue;
}

#endif
