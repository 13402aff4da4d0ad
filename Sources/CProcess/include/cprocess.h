// Starting programs: what Swift cannot do itself, since between clone(2) and execve(2) nothing may be allocated.
// Every call returns -errno instead of setting errno.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <malloc.h>

// What is started. Every pointer is only read, and only during the call.
struct cprocess_plan {
    // Looked up in PATH unless it has a slash.
    const char *program;
    char *const *arguments;
    char *const *environment;
    // The folder to start in; NULL for this one.
    const char *folder;
    // `sources[i]` is the child's descriptor `targets[i]`; -1 stands for /dev/null. Of all others the child has only 0, 1 and 2.
    const int *sources;
    const int *targets;
    int count;
    // Whether the child stays in this process's group.
    int shares_group;
    // Whether the child is killed when the thread that started it ends.
    int dies_with_parent;
    // The child's soft limit of descriptors, RLIMIT_NOFILE; 0 leaves it this process's.
    unsigned long descriptor_limit;
};

// Starts a program, in a process group of its own unless the plan says otherwise, with no signal blocked and none handled or SIGPIPE ignored.
// `pidfd` becomes readable when it has ended; it is close-on-exec, and -1 where the kernel has no such thing.
// Returns the process, or -errno when it could not be started.
int cprocess_spawn(const struct cprocess_plan *plan, int *pidfd);

// Runs the program in place of this one, with no signal blocked and none handled or SIGPIPE ignored. Returns only -errno.
int cprocess_become(const char *program, char *const *arguments, char *const *environment);

// Waits until the process has ended, and leaves it to be collected.
int cprocess_await(int process);

// Two ends of a pipe(2), close-on-exec.
int cprocess_pipe(int ends[2], int nonblocking);

// A set of descriptors to wait for, epoll(7), close-on-exec. Its flags are those of poll(2).
int cprocess_set_make(void);

struct cprocess_event {
    unsigned long long token;
    unsigned events;
};

// Adds a descriptor, or changes what is awaited of one that is there. `once`: nothing more is told of it after that.
int cprocess_set_put(int set, int descriptor, unsigned events, unsigned long long token, int is_new, int once);
int cprocess_set_remove(int set, int descriptor);
// The number of events, at most `capacity`; -1 for milliseconds waits without end.
int cprocess_set_wait(int set, struct cprocess_event *events, int capacity, int milliseconds);

// Ends this process by a signal when the thread that started it ends.
void cprocess_end_with_parent(int number);

// Names the calling thread: at most 15 bytes.
void cprocess_name_thread(const char *name);

// Has malloc(3) serve all threads from one arena, where each otherwise reserves 64 MiB of address space and more.
static inline void cprocess_share_arena(void) {
    mallopt(M_ARENA_MAX, 1);
}

#endif
