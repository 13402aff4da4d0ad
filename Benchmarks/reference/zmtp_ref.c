// The limit for zmq without libzmq: ZMTP 3.1 by hand over one Unix socket, NULL security, blocking calls.
//
//     zmtp_ref recv ENDPOINT COUNT > FILE     a PULL socket that binds
//     zmtp_ref send ENDPOINT       < FILE     a PUSH socket that connects
//
// Build: cc -std=c11 -O2 -Wall -Wextra -Werror zmtp_ref.c -o zmtp_ref

#define _GNU_SOURCE
#include "lines.h"

#include <endian.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BUFFER = 256 * 1024, SHORT = 255, LONG = 2, HEADER = 9 };

static void put_all(int to, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t put = send(to, bytes, length, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR)
            err(1, "the connection");
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        }
    }
}

static void get_all(int from, char *bytes, size_t length) {
    while (length > 0) {
        ssize_t got = recv(from, bytes, length, 0);
        if (got == 0)
            errx(1, "the peer hung up during the handshake");
        if (got < 0 && errno != EINTR)
            err(1, "the connection");
        if (got > 0) {
            bytes += got;
            length -= (size_t)got;
        }
    }
}

static void shake_hands(int connection, const char *type) {
    char ours[64 + 28] = {[0] = (char)0xff, [8] = 1, [9] = 0x7f, [10] = 3, [11] = 1};
    memcpy(ours + 12, "NULL", 4);
    memcpy(ours + 64, "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04", 24);
    memcpy(ours + 64 + 24, type, 4);
    put_all(connection, ours, sizeof ours);
    char theirs[64 + 2 + SHORT];
    get_all(connection, theirs, 64 + 2);
    if (theirs[0] != (char)0xff || theirs[10] < 3 || theirs[64] != 4)
        errx(1, "the peer does not speak ZMTP 3");
    get_all(connection, theirs + 66, (unsigned char)theirs[65]);
}

static int open_socket(const char *endpoint, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strncmp(endpoint, "ipc://", 6) != 0 || strlen(endpoint + 6) >= sizeof address->sun_path)
        errx(64, "%s: not an ipc:// endpoint", endpoint);
    strcpy(address->sun_path, endpoint + 6);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0)
        err(1, "socket");
    return made;
}

static void send_lines(const char *endpoint) {
    static struct input in;
    static char out[BUFFER];
    struct sockaddr_un address;
    int connection = open_socket(endpoint, &address);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0)
        err(1, "%s", endpoint);
    shake_hands(connection, "PUSH");
    rewind_input(&in);
    size_t used = 0, length;
    char *line;
    while (next_line(&in, &line, &length)) {
        if (length + HEADER > sizeof out - used) {
            put_all(connection, out, used);
            used = 0;
        }
        if (length <= SHORT) {
            out[used] = 0;
            out[used + 1] = (char)length;
            used += 2;
        } else {
            uint64_t size = htobe64(length);
            out[used] = LONG;
            memcpy(out + used + 1, &size, sizeof size);
            used += HEADER;
        }
        memcpy(out + used, line, length);
        used += length;
    }
    put_all(connection, out, used);
    shutdown(connection, SHUT_WR);
    char rest;
    while (recv(connection, &rest, 1, 0) > 0) {
    }
    close(connection);
}

static void receive_lines(const char *endpoint, unsigned long count) {
    static struct output out;
    static char in[BUFFER];
    struct sockaddr_un address;
    int listener = open_socket(endpoint, &address);
    unlink(address.sun_path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
        err(1, "%s", endpoint);
    // Whoever waits for the listener may connect just to see it.
    int connection;
    char first;
    do {
        connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
            err(1, "accept");
    } while (recv(connection, &first, 1, MSG_PEEK) <= 0 && close(connection) == 0);
    shake_hands(connection, "PULL");
    rewind_output(&out);
    size_t begin = 0, end = 0;
    while (count > 0) {
        size_t head = begin < end && in[begin] & LONG ? HEADER : 2;
        size_t size = 0;
        if (end - begin >= head) {
            uint64_t large;
            memcpy(&large, in + begin + 1, sizeof large < head ? sizeof large : 1);
            size = head == HEADER ? be64toh(large) : (unsigned char)in[begin + 1];
        }
        if (end - begin >= head && end - begin - head >= size) {
            if (size + 1 > room(&out))
                flush(&out);
            if (size + 1 > room(&out))
                errx(1, "a message of %zu bytes is longer than this program holds", size);
            memcpy(tail(&out), in + begin + head, size);
            end_line(&out, size);
            begin += head + size;
            count--;
            continue;
        }
        memmove(in, in + begin, end - begin);
        end -= begin;
        begin = 0;
        ssize_t got = recv(connection, in + end, sizeof in - end, 0);
        if (got == 0)
            errx(1, "the sender is gone, %lu messages are missing", count);
        if (got < 0 && errno != EINTR)
            err(1, "the connection");
        if (got > 0)
            end += (size_t)got;
    }
    flush(&out);
    close(connection);
    unlink(address.sun_path);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "send") == 0)
        send_lines(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "recv") == 0)
        receive_lines(argv[2], number(argv[3], "COUNT"));
    else
        return 64;
    return 0;
}
