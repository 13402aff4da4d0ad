// System V message queues for Swift: every call returns -errno instead of setting errno, which nothing keeps
// until Swift could look at it.
// msgget(2), msgop(2), msgctl(2), sysvipc(7).
#ifndef CSYSV_H
#define CSYSV_H

#include <stddef.h>
#include <stdint.h>

// Linux's values; csysv.c compares them with the system's headers, which must not be read here: with _GNU_SOURCE they
// differ from those in Swift's own Glibc module.
static const int csysv_nowait = 04000;
static const int csysv_noerror = 010000;
static const int csysv_except = 020000;
static const int csysv_copy = 040000;
static const int csysv_create = 01000;
static const int csysv_exclusive = 02000;

// One queue, as IPC_STAT tells it; times in seconds since 1970, 0 for never.
struct csysv_status {
    int32_t key;
    uint32_t uid, gid, creator_uid, creator_gid, mode;
    uint64_t messages, bytes, qbytes;
    int32_t last_sender, last_receiver;
    int64_t sent, received, changed;
};

// The limits of the IPC namespace and how much is used.
struct csysv_limits {
    int64_t msgmax, msgmnb, msgmni;
    int64_t queues, messages, bytes;
};

// The identifier of a queue.
int csysv_get(int32_t key, int flags);

// Sends from `body`. The 8 bytes before it hold the type for the call and are as before when it returns.
int csysv_send(int id, void *body, size_t size, long type, int flags);

// Receives into `body`, which has room for `capacity` bytes, and returns the size.
// The 8 bytes before it are as before when it returns.
long csysv_receive(int id, void *body, size_t capacity, long selector, int flags, long *type);

int csysv_stat(int id, struct csysv_status *status);
// Changes what is not -1.
int csysv_set(int id, int64_t qbytes, int64_t mode, int64_t uid, int64_t gid);
int csysv_remove(int id);
int csysv_read_limits(struct csysv_limits *limits);

// Hits the calling thread with SIGURG at a moment of CLOCK_MONOTONIC and every 2 ms after it, until disarmed:
// a signal that lands just before the system call is lost, a later one is not. The thread must not block SIGURG.
struct csysv_timer {
    void *timer;
    int thread;
};
int csysv_timer_arm(struct csysv_timer *timer, uint64_t nanoseconds);
void csysv_timer_disarm(struct csysv_timer *timer);
void csysv_timer_close(struct csysv_timer *timer);

#endif
