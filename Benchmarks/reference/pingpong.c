// The limit for `mq bench --rtt`: a message to another process through one queue, its answer through a second.
//
//     pingpong posix|sysv SIZE COUNT      prints p50 and p99 of the round trips, in ns
//
// The first tenth warms up and is not counted. The queues are private and gone with the program.
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror pingpong.c -o pingpong

#define _GNU_SOURCE
#include "kernel_queue.h"
#include "timing.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct queue there, back;

// The kernel keeps System V queues whoever ends. Both calls are system calls only, so a handler may make them.
static void remove_queues(void) {
    msgctl(there.id, IPC_RMID, NULL);
    msgctl(back.id, IPC_RMID, NULL);
}

static void end_by_signal(int number) {
    remove_queues();
    _exit(128 + number);
}

static struct queue make_sysv(void) {
    struct queue queue = {true, msgget(IPC_PRIVATE, IPC_CREAT | 0600)};
    if (queue.id < 0)
        err(1, "msgget");
    return queue;
}

// Without a name from the start: both processes have it from before the fork.
static struct queue make_posix(const char *direction) {
    char name[64];
    snprintf(name, sizeof name, "/pingpong-%ld-%s", (long)getpid(), direction);
    struct queue queue = {false, create_posix(name)};
    mq_unlink(name);
    return queue;
}

static void answer(unsigned long count) {
    static struct message message;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody else would end it
    while (count-- > 0)
        put(back, &message, take(there, &message));
}

static void ask(size_t size, unsigned long count, long long *times) {
    static struct message question = {.type = 1}, reply;
    for (unsigned long i = 0; i < count; i++) {
        long long start = now();
        put(there, &question, size);
        size_t got = take(back, &reply);
        times[i] = now() - start;
        if (got != size)
            errx(1, "round trip %lu: %zu bytes came back instead of %zu", i + 1, got, size);
    }
}

static int compare(const void *a, const void *b) {
    long long left = *(const long long *)a, right = *(const long long *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    bool is_sysv = argc == 4 && strcmp(argv[1], "sysv") == 0;
    if (!is_sysv && (argc != 4 || strcmp(argv[1], "posix") != 0)) {
        fputs("usage: pingpong posix|sysv SIZE COUNT\n", stderr);
        return 64;
    }
    size_t size = message_size(argv[2]);
    unsigned long count = rated_count(argv[3]), warmup = count / 10, counted = count - warmup;
    long long *times = calloc(count, sizeof *times);
    if (!times)
        err(1, "calloc");
    there = is_sysv ? make_sysv() : make_posix("there");
    back = is_sysv ? make_sysv() : make_posix("back");

    pid_t other = fork();
    if (other < 0)
        err(1, "fork");
    if (other == 0) {
        answer(count);
        _exit(0);
    }
    if (is_sysv) {
        atexit(remove_queues);
        signal(SIGINT, end_by_signal);
        signal(SIGTERM, end_by_signal);
    }
    ask(size, count, times);
    qsort(times + warmup, counted, sizeof *times, compare);
    printf("%lld %lld\n", times[warmup + counted / 2], times[warmup + counted * 99 / 100]);
    waitpid(other, NULL, 0);
    return 0;
}
