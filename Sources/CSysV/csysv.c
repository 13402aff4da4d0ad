#define _GNU_SOURCE
#include "csysv.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(
    csysv_nowait == IPC_NOWAIT && csysv_noerror == MSG_NOERROR && csysv_except == MSG_EXCEPT && csysv_copy == MSG_COPY
        && csysv_create == IPC_CREAT && csysv_exclusive == IPC_EXCL,
    "csysv.h has the values of another system");

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

int csysv_get(int32_t key, int flags) {
    int id = msgget((key_t)key, flags);
    return id < 0 ? -errno : id;
}

// The system calls themselves: glibc's functions are cancellation points, which in a program with a second thread
// costs four atomic operations a message.
int csysv_send(int id, void *body, size_t size, long type, int flags) {
    char *message = (char *)body - sizeof(long);
    long saved;
    memcpy(&saved, message, sizeof saved);
    memcpy(message, &type, sizeof type);
    int result = syscall(SYS_msgsnd, id, message, size, flags) < 0 ? -errno : 0;
    memcpy(message, &saved, sizeof saved);
    return result;
}

long csysv_receive(int id, void *body, size_t capacity, long selector, int flags, long *type) {
    char *message = (char *)body - sizeof(long);
    long saved;
    memcpy(&saved, message, sizeof saved);
    long size = syscall(SYS_msgrcv, id, message, capacity, selector, flags);
    if (size < 0) size = -errno;
    memcpy(type, message, sizeof *type);
    memcpy(message, &saved, sizeof saved);
    return size;
}

int csysv_stat(int id, struct csysv_status *status) {
    struct msqid_ds raw;
    if (msgctl(id, IPC_STAT, &raw) < 0) return -errno;
    *status = (struct csysv_status){
        .key = raw.msg_perm.__key,
        .uid = raw.msg_perm.uid,
        .gid = raw.msg_perm.gid,
        .creator_uid = raw.msg_perm.cuid,
        .creator_gid = raw.msg_perm.cgid,
        .mode = raw.msg_perm.mode & 0777,
        .messages = raw.msg_qnum,
        .bytes = raw.__msg_cbytes,
        .qbytes = raw.msg_qbytes,
        .last_sender = raw.msg_lspid,
        .last_receiver = raw.msg_lrpid,
        .sent = raw.msg_stime,
        .received = raw.msg_rtime,
        .changed = raw.msg_ctime,
    };
    return 0;
}

int csysv_set(int id, int64_t qbytes, int64_t mode, int64_t uid, int64_t gid) {
    struct msqid_ds raw;
    if (msgctl(id, IPC_STAT, &raw) < 0) return -errno;
    if (qbytes >= 0) raw.msg_qbytes = (msglen_t)qbytes;
    if (mode >= 0) raw.msg_perm.mode = (raw.msg_perm.mode & ~0777) | (mode & 0777);
    if (uid >= 0) raw.msg_perm.uid = (uid_t)uid;
    if (gid >= 0) raw.msg_perm.gid = (gid_t)gid;
    return msgctl(id, IPC_SET, &raw) < 0 ? -errno : 0;
}

int csysv_remove(int id) { return msgctl(id, IPC_RMID, NULL) < 0 ? -errno : 0; }

int csysv_read_limits(struct csysv_limits *limits) {
    struct msginfo fixed, used;
    if (msgctl(0, IPC_INFO, (struct msqid_ds *)&fixed) < 0) return -errno;
    if (msgctl(0, MSG_INFO, (struct msqid_ds *)&used) < 0) return -errno;
    *limits = (struct csysv_limits){
        .msgmax = fixed.msgmax,
        .msgmnb = fixed.msgmnb,
        .msgmni = fixed.msgmni,
        .queues = used.msgpool,
        .messages = used.msgmap,
        .bytes = used.msgtql,
    };
    return 0;
}

int csysv_timer_arm(struct csysv_timer *timer, uint64_t nanoseconds) {
    int thread = (int)gettid();
    if (timer->thread != thread) {
        csysv_timer_close(timer);
        struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG};
        event.sigev_notify_thread_id = thread;
        timer_t made;
        if (timer_create(CLOCK_MONOTONIC, &event, &made) < 0) return -errno;
        timer->timer = (void *)made;
        timer->thread = thread;
    }
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)},
        .it_interval = {.tv_nsec = 2000000},
    };
    // A moment of 0 would disarm.
    if (nanoseconds == 0) when.it_value.tv_nsec = 1;
    return timer_settime((timer_t)timer->timer, TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

void csysv_timer_disarm(struct csysv_timer *timer) {
    struct itimerspec never = {0};
    if (timer->thread != 0) timer_settime((timer_t)timer->timer, 0, &never, NULL);
}

void csysv_timer_close(struct csysv_timer *timer) {
    if (timer->thread != 0) timer_delete((timer_t)timer->timer);
    timer->thread = 0;
}
