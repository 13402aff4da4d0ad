#pragma once

// <mqueue.h> is not in Swift's Glibc module and mq_open(3) is variadic. Every function returns what the call returns,
// or -errno: nothing guarantees the value of errno once a call has returned to Swift.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

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

// The system calls themselves: glibc's functions are cancellation points, which in a program with a second thread
// costs four atomic operations a message.
static inline int cposixmq_send(int queue, const void *bytes, size_t size, unsigned int priority) {
    return syscall(SYS_mq_timedsend, queue, bytes, size, priority, NULL) < 0 ? -errno : 0;
}

static inline long cposixmq_receive(int queue, void *bytes, size_t size, unsigned int *priority) {
    long received = syscall(SYS_mq_timedreceive, queue, bytes, size, priority, NULL);
    return received < 0 ? -errno : received;
}

static inline int cposixmq_unlink(const char *name) { return mq_unlink(name) < 0 ? -errno : 0; }

static inline int cposixmq_close(int queue) { return mq_close((mqd_t)queue) < 0 ? -errno : 0; }

/// Whether `path` shows message queues (statfs(2), MQUEUE_MAGIC of the kernel's ipc/mqueue.c).
static inline int cposixmq_is_mqueue(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && status.f_type == 0x19800202;
}

/// A directory descriptor of this namespace's queues, mounted nowhere (fsopen(2), fsmount(2)); needs privilege.
static inline int cposixmq_mount(void) {
#ifdef SYS_fsopen
    int context = (int)syscall(SYS_fsopen, "mqueue", 1 /* FSOPEN_CLOEXEC */);
    if (context < 0) return -errno;
    int result = -1;
    if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0) {
        int mount = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
        if (mount >= 0) {
            // What fsmount(2) gives can be opened below, not read.
            result = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            close(mount);
        }
    }
    if (result < 0) result = -errno;
    close(context);
    return result;
#else
    return -ENOSYS;
#endif
}
