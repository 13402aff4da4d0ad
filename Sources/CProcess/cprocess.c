#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct start {
    const struct cprocess_plan *plan;
    pid_t parent;
    // Written by the child, which shares our memory until it runs the program.
    int error;
};

// close_range(2) is of Linux 5.9; before it, one by one.
static void close_from(unsigned first) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
    struct rlimit limit;
    rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? limit.rlim_cur : 65536;
    for (rlim_t descriptor = first; descriptor < end; descriptor++) close((int)descriptor);
}

static int is_target(const struct cprocess_plan *plan, int descriptor) {
    for (int i = 0; i < plan->count; i++)
        if (plan->targets[i] == descriptor) return 1;
    return 0;
}

// Puts the descriptors where they belong. By way of numbers above all of them: one may stand where another is to go.
static int place_descriptors(const struct cprocess_plan *plan) {
    int highest = STDERR_FILENO;
    for (int i = 0; i < plan->count; i++)
        if (plan->targets[i] > highest) highest = plan->targets[i];
    int copies[plan->count > 0 ? plan->count : 1];
    for (int i = 0; i < plan->count; i++) {
        int source = plan->sources[i];
        if (source < 0) {
            source = open("/dev/null", O_RDWR | O_CLOEXEC);
            if (source < 0) return errno;
        }
        copies[i] = fcntl(source, F_DUPFD_CLOEXEC, highest + 1);
        if (copies[i] < 0) return errno;
    }
    for (int i = 0; i < plan->count; i++)
        if (dup2(copies[i], plan->targets[i]) < 0) return errno;
    for (int descriptor = STDERR_FILENO + 1; descriptor < highest; descriptor++)
        if (!is_target(plan, descriptor)) close(descriptor);
    close_from((unsigned)highest + 1);
    return 0;
}

static void reset_signals(void) {
    // A handler would run in the memory that is still ours. What is ignored stays so, as a shell with nohup wants it.
    struct sigaction action;
    for (int number = 1; number < 32; number++) {
        if (number == SIGKILL || number == SIGSTOP || sigaction(number, NULL, &action) != 0) continue;
        if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && number != SIGPIPE)) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = SIG_DFL;
        sigaction(number, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// The child: on a stack of its own, in our memory, while the thread that started it waits.
static int child(void *argument) {
    struct start *start = argument;
    const struct cprocess_plan *plan = start->plan;
    if (!plan->shares_group) setpgid(0, 0);
    if (plan->dies_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != start->parent) _exit(127);
    }
    if (plan->folder && chdir(plan->folder) != 0) {
        start->error = errno;
        _exit(127);
    }
    start->error = place_descriptors(plan);
    if (start->error) _exit(127);
    reset_signals();
    struct rlimit limit;
    if (plan->descriptor_limit && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = plan->descriptor_limit;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    execvpe(plan->program, plan->arguments, plan->environment);
    start->error = errno;
    _exit(127);
}

int cprocess_spawn(const struct cprocess_plan *plan, int *pidfd) {
    struct start start = {plan, getpid(), 0};
    // Large enough for execvpe's search, which puts paths on it.
    char stack[64 * 1024] __attribute__((aligned(16)));
    sigset_t all, before;
    int descriptor = -1;
    // No handler may run in the child.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    pid_t process = clone(child, stack + sizeof stack, flags | CLONE_PIDFD, &start, &descriptor);
    // Before Linux 5.2 the flag is ignored, or refused.
    if (process < 0 && errno == EINVAL) process = clone(child, stack + sizeof stack, flags, &start);
    int error = process < 0 ? errno : start.error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        if (process > 0) {
            while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
            if (descriptor >= 0) close(descriptor);
        }
        return -error;
    }
    *pidfd = descriptor;
    return process;
}

int cprocess_become(const char *program, char *const *arguments, char *const *environment) {
    reset_signals();
    execvpe(program, arguments, environment);
    return -errno;
}

void cprocess_end_with_parent(int number) { prctl(PR_SET_PDEATHSIG, number); }

int cprocess_await(int process) {
    siginfo_t information;
    while (waitid(P_PID, (id_t)process, &information, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

int cprocess_pipe(int ends[2], int nonblocking) { return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) < 0 ? -errno : 0; }

int cprocess_set_make(void) {
    int set = epoll_create1(EPOLL_CLOEXEC);
    return set < 0 ? -errno : set;
}

int cprocess_set_put(int set, int descriptor, unsigned events, unsigned long long token, int is_new, int once) {
    struct epoll_event event = {.events = events | (once ? (unsigned)EPOLLONESHOT : 0), .data.u64 = token};
    return epoll_ctl(set, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) < 0 ? -errno : 0;
}

int cprocess_set_remove(int set, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(set, EPOLL_CTL_DEL, descriptor, &event) < 0 ? -errno : 0;
}

int cprocess_set_wait(int set, struct cprocess_event *events, int capacity, int milliseconds) {
    struct epoll_event found[64];
    int count = epoll_wait(set, found, capacity < 64 ? capacity : 64, milliseconds);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        events[i].token = found[i].data.u64;
        events[i].events = found[i].events;
    }
    return count;
}

void cprocess_name_thread(const char *name) { prctl(PR_SET_NAME, name); }
