// A worker for what posts messages: answers 200 to every request on connections that stay open, and is never what limits. After
// COUNT requests it prints how many came per second between the first and the last, and the median and the 99th percentile of their
// age in microseconds: each body is the moment at which its message was sent, in nanoseconds of the monotonic clock.
//
// http_worker COUNT: prints its port first.

#define _GNU_SOURCE

#include "timing.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, ROOM = 1 << 14 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static char *pending[CONNECTIONS];
static size_t filled[CONNECTIONS];
static unsigned long wanted, seen;
static long long first, last, *ages;

static int by_size(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static void finish(void) {
    qsort(ages, wanted, sizeof *ages, by_size);
    printf("%.1f %lld %lld\n", (double)(wanted - 1) * 1e9 / (double)(last > first ? last - first : 1), ages[wanted / 2] / 1000,
           ages[wanted * 99 / 100] / 1000);
    if (fflush(stdout) != 0)
        err(1, "standard output");
    exit(0);
}

static void note(const char *body, size_t size) {
    char text[32] = "";
    memcpy(text, body, size < sizeof text - 1 ? size : sizeof text - 1);
    last = now();
    if (seen == 0)
        first = last;
    if (seen < wanted)
        ages[seen] = last - atoll(text);
    seen++;
}

/// The bytes of the request at the front, 0 while it is not complete; `*body` is where its body begins.
static size_t request(const char *bytes, size_t count, size_t *body) {
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *body = (size_t)(end - bytes) + 4;
    size_t length = 0;
    for (const char *line = bytes; line < end;) {
        if (strncasecmp(line, "content-length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
        const char *next = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);
        line = next + 2;
    }
    return count < *body + length ? 0 : *body + length;
}

static void serve(int connection) {
    ssize_t count = read(connection, pending[connection] + filled[connection], ROOM - filled[connection]);
    if (count <= 0) {
        close(connection);
        return;
    }
    filled[connection] += (size_t)count;
    size_t size, body, done = 0;
    while ((size = request(pending[connection] + done, filled[connection] - done, &body))) {
        note(pending[connection] + done + body, size - body);
        done += size;
        if (write(connection, answer, sizeof answer - 1) < 0)
            break;
    }
    filled[connection] -= done;
    memmove(pending[connection], pending[connection] + done, filled[connection]);
    if (seen >= wanted)
        finish();
}

int main(int argc, char **argv) {
    if (argc != 2)
        errx(1, "usage: http_worker COUNT");
    wanted = rated_count(argv[1]);
    ages = calloc(wanted, sizeof *ages);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (!ages || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        err(1, "no listener");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, events, 64, -1);
        for (int index = 0; index < count; index++) {
            if (events[index].data.fd != listener) {
                serve(events[index].data.fd);
                continue;
            }
            int connection = accept(listener, NULL, NULL);
            if (connection < 0 || connection >= CONNECTIONS)
                errx(1, "too many connections");
            setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            if (!pending[connection] && !(pending[connection] = malloc(ROOM)))
                err(1, "no memory");
            filled[connection] = 0;
            event.data.fd = connection;
            epoll_ctl(poll, EPOLL_CTL_ADD, connection, &event);
        }
    }
}
