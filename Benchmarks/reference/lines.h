// Lines in, lines out: what the reference programs share.
//
// Neither direction copies a line. The sender hands out pointers into the chunk it read, the receiver lets
// the transport write at the tail of the buffer that goes to standard output. Both buffers keep HEADROOM
// bytes in front, because System V wants a `long` directly before the body of a message.

#ifndef LINES_H
#define LINES_H

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 128 * 1024,       // larger reads and writes gain nothing measurable
    HEADROOM = sizeof(long),  // see above
    YIELDS = 20,              // tries before a side blocks: a sleep and a wake-up cost more than twenty of them
};

struct input {
    char storage[HEADROOM + CHUNK];
    size_t begin, end;  // the bytes not handed out yet
    unsigned long record;
    bool ended;
};

struct output {
    char storage[HEADROOM + CHUNK];
    size_t used;
};

static inline void rewind_input(struct input *in) {
    in->begin = in->end = HEADROOM;
    in->record = 0;
    in->ended = false;
}

static inline void rewind_output(struct output *out) {
    out->used = HEADROOM;
}

// Moves the unfinished line to the front and reads behind it. Leaves `ended` set at the end of the input.
static inline void refill(struct input *in) {
    size_t kept = in->end - in->begin;
    if (kept == CHUNK)
        errx(1, "record %lu: longer than the %d bytes this program holds", in->record + 1, CHUNK);
    memmove(in->storage + HEADROOM, in->storage + in->begin, kept);
    in->begin = HEADROOM;
    in->end = HEADROOM + kept;
    ssize_t got;
    do
        got = read(STDIN_FILENO, in->storage + in->end, CHUNK - kept);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        err(1, "standard input");
    in->end += (size_t)got;
    in->ended = got == 0;
}

// Lends the next line, without its newline; it may be overwritten until the following call. False at the end.
static inline bool next_line(struct input *in, char **line, size_t *length) {
    char *newline;
    while (!(newline = memchr(in->storage + in->begin, '\n', in->end - in->begin)) && !in->ended)
        refill(in);
    if (!newline && in->begin == in->end)
        return false;
    *line = in->storage + in->begin;
    // A last line without its newline is a line.
    *length = newline ? (size_t)(newline - *line) : in->end - in->begin;
    in->begin += *length + (newline != NULL);
    in->record++;
    return true;
}

static inline void write_all(const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes, length);
        if (put < 0 && errno != EINTR)
            err(1, "standard output");
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        }
    }
}

static inline void flush(struct output *out) {
    write_all(out->storage + HEADROOM, out->used - HEADROOM);
    out->used = HEADROOM;
}

static inline char *tail(struct output *out) {
    return out->storage + out->used;
}

static inline size_t room(const struct output *out) {
    return sizeof out->storage - out->used;
}

// Accepts the `length` bytes just written at the tail and ends their line.
static inline void end_line(struct output *out, size_t length) {
    out->used += length;
    out->storage[out->used++] = '\n';
}

static inline unsigned long number(const char *text, const char *what) {
    char *rest;
    errno = 0;
    unsigned long value = strtoul(text, &rest, 0);
    if (errno != 0 || rest == text || *rest != '\0' || *text == '-')
        errx(1, "%s: not a number: %s", what, text);
    return value;
}

#endif
