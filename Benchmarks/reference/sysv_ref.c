// The limit for sysv: one system call per message and side, no copy in the program, no sleep that a few
// yields can avoid.
//
//     sysv_ref create KEY             a queue with the system's default limits; KEY is 0x4d51 or 19793
//     sysv_ref send [--plain] KEY         < FILE
//     sysv_ref recv [--plain] KEY COUNT   > FILE
//     sysv_ref remove KEY
//
// --plain is the loop most people would write first: getline, a copy, calls that block, stdio.
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror sysv_ref.c -o sysv_ref

#define _GNU_SOURCE
#include "lines.h"

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>

// The longest message the queue takes. One above msg_qbytes would not fail: it would block for ever.
static size_t message_limit(int queue) {
    struct msginfo system;
    struct msqid_ds status;
    if (msgctl(queue, IPC_INFO, (struct msqid_ds *)&system) < 0 || msgctl(queue, IPC_STAT, &status) != 0)
        err(1, "msgctl");
    size_t longest = (size_t)system.msgmax;
    return status.msg_qbytes < longest ? status.msg_qbytes : longest;
}

// Sends `line` from where it lies. msgsnd wants the type directly before the body: the bytes there (the end
// of the line sent before, or the headroom of the buffer) are lent for the call.
static int send_in_place(int queue, char *line, size_t length, int flags) {
    const long type = 1;
    char *start = line - sizeof type;
    char lent[sizeof type];
    memcpy(lent, start, sizeof lent);
    memcpy(start, &type, sizeof type);
    int result = msgsnd(queue, start, length, flags);
    memcpy(start, lent, sizeof lent);
    return result;
}

static void send_lines(int queue) {
    static struct input in;
    size_t limit = message_limit(queue), length;
    char *line;

    rewind_input(&in);
    while (next_line(&in, &line, &length)) {
        if (length > limit)
            errx(1, "record %lu: %zu bytes exceed this queue's limit of %zu bytes", in.record, length, limit);
        // A receiver that sleeps is woken for every single message, which costs more than the message: so
        // give the CPU away a few times before the call that blocks.
        int yields = 0;
        while (send_in_place(queue, line, length, yields < YIELDS ? IPC_NOWAIT : 0) != 0) {
            if (errno == EAGAIN && yields++ < YIELDS)
                sched_yield();
            else if (errno != EINTR)
                err(1, "msgsnd");
        }
    }
}

// Receives to the tail of the output. msgrcv puts the type before the body, over the last bytes of the line
// received before: they are saved over the call.
static ssize_t receive_in_place(int queue, struct output *out, int flags) {
    char *start = tail(out) - sizeof(long);
    char saved[sizeof(long)];
    memcpy(saved, start, sizeof saved);
    ssize_t length = msgrcv(queue, start, room(out) - 1, 0, flags);
    memcpy(start, saved, sizeof saved);
    return length;
}

static void receive_lines(int queue, unsigned long count) {
    static struct output out;

    rewind_output(&out);
    while (count > 0) {
        // Too little room is found by the call itself (E2BIG, the message stays): no need to know the limit.
        if (room(&out) == 1)
            flush(&out);
        int yields = 0;
        ssize_t length;
        while ((length = receive_in_place(queue, &out, yields < YIELDS ? IPC_NOWAIT : 0)) < 0) {
            bool is_empty = errno == ENOMSG;
            if (!is_empty && errno != EINTR && (errno != E2BIG || room(&out) == CHUNK))
                err(1, "msgrcv");
            flush(&out);  // whoever reads the output shall not wait for a full buffer
            if (is_empty && yields++ < YIELDS)
                sched_yield();
        }
        end_line(&out, (size_t)length);
        count--;
    }
    flush(&out);
}

static struct msgbuf *plain_message(size_t limit) {
    struct msgbuf *message = malloc(sizeof(long) + limit);
    if (!message)
        err(1, "malloc");
    return message;
}

static void send_plainly(int queue) {
    size_t limit = message_limit(queue), capacity = 0;
    struct msgbuf *message = plain_message(limit);
    char *line = NULL;
    ssize_t length;
    message->mtype = 1;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        length -= line[length - 1] == '\n';
        if ((size_t)length > limit)
            errx(1, "%zd bytes exceed this queue's limit of %zu bytes", length, limit);
        memcpy(message->mtext, line, (size_t)length);
        if (msgsnd(queue, message, (size_t)length, 0) != 0)
            err(1, "msgsnd");
    }
    if (ferror(stdin))
        err(1, "standard input");
    free(line);
    free(message);
}

static void receive_plainly(int queue, unsigned long count) {
    size_t limit = message_limit(queue);
    struct msgbuf *message = plain_message(limit);
    while (count-- > 0) {
        ssize_t length = msgrcv(queue, message, limit, 0, 0);
        if (length < 0)
            err(1, "msgrcv");
        fwrite(message->mtext, 1, (size_t)length, stdout);
        putchar('\n');
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    free(message);
}

static key_t key_of(const char *text) {
    unsigned long value = number(text, "KEY");
    if (value == 0 || value > UINT_MAX)
        errx(1, "KEY: %s is not between 1 and 0xffffffff", text);
    return (key_t)value;
}

static int open_queue(const char *key, int flags) {
    int queue = msgget(key_of(key), flags);
    if (queue < 0)
        err(1, "%s", key);
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
    const char *verb = words > 0 ? argv[optind] : "", *key = words > 1 ? argv[optind + 1] : NULL;

    if (words == 2 && strcmp(verb, "create") == 0)
        open_queue(key, IPC_CREAT | IPC_EXCL | 0600);
    else if (words == 2 && strcmp(verb, "remove") == 0) {
        if (msgctl(open_queue(key, 0), IPC_RMID, NULL) != 0)
            err(1, "remove %s", key);
    } else if (words == 2 && strcmp(verb, "send") == 0)
        (plain ? send_plainly : send_lines)(open_queue(key, 0));
    else if (words == 3 && strcmp(verb, "recv") == 0)
        (plain ? receive_plainly : receive_lines)(open_queue(key, 0), number(argv[optind + 2], "COUNT"));
    else {
        fputs("usage: sysv_ref create|remove|send|recv [--plain] KEY [COUNT]\n", stderr);
        return 64;
    }
    return 0;
}
