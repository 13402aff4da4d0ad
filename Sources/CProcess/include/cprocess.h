// Starting programs: what Swift cannot do itself, since between clone(2) and execve(2) nothing may be allocated.
// Every call returns -errno instead of setting errno.
#ifndef CPROCESS_H
#define CPROCESS_H

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
    // Whether the child is killed when the thread that started it ends.
    int dies_with_parent;
};

// Starts a program in a process group of its own, with no signal blocked and none handled or SIGPIPE ignored.
// `pidfd` becomes readable when it has ended; it is close-on-exec, and -1 where the kernel has no such thing.
// Returns the process, or -errno when it could not be started.
int cprocess_spawn(const struct cprocess_plan *plan, int *pidfd);

// Waits until the process has ended, and leaves it to be collected.
int cprocess_await(int process);

// Two ends of a pipe(2), close-on-exec.
int cprocess_pipe(int ends[2], int nonblocking);

// Names the calling thread: at most 15 bytes.
void cprocess_name_thread(const char *name);

#endif
