#pragma once

// <mqueue.h> is not in Swift's Glibc module and mq_open(3) is variadic. Every function returns what the call returns,
// or -errno: nothing guarantees the value of errno once a call has returned to Swift.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stddef.h>
#include <sys/stat.h>

static inline int cposixmq_open(const char *name, int flags) {
    mqd_t queue = mq_open(name, flags);
    return queue == (mqd_t)-1 ? -errno : (int)queue;
}

/// Creates with the given attributes, or with the system's defaults when `depth` is 0.
static inline int cposixmq_create(const char *name, int flags, mode_t mode, long depth, long size) {
    struct mq_attr attributes = {.mq_maxmsg = depth, .mq_msgsize = size};
    mqd_t queue = mq_open(name, flags | O_CREAT, mode, depth > 0 ? &attributes : NULL);
    return queue == (mqd_t)-1 ? -errno : (int)queue;
}

static inline int cposixmq_attributes(int queue, struct mq_attr *attributes) {
    return mq_getattr((mqd_t)queue, attributes) < 0 ? -errno : 0;
}

static inline int cposixmq_set_blocking(int queue, int blocking) {
    struct mq_attr attributes = {.mq_flags = blocking ? 0 : O_NONBLOCK};
    return mq_setattr((mqd_t)queue, &attributes, NULL) < 0 ? -errno : 0;
}

static inline int cposixmq_send(int queue, const void *bytes, size_t size, unsigned int priority) {
    return mq_send((mqd_t)queue, bytes, size, priority) < 0 ? -errno : 0;
}

static inline long cposixmq_receive(int queue, void *bytes, size_t size, unsigned int *priority) {
    ssize_t received = mq_receive((mqd_t)queue, bytes, size, priority);
    return received < 0 ? -errno : received;
}

static inline int cposixmq_unlink(const char *name) { return mq_unlink(name) < 0 ? -errno : 0; }

static inline int cposixmq_close(int queue) { return mq_close((mqd_t)queue) < 0 ? -errno : 0; }
