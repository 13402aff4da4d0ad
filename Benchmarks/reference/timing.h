// The clock, and a rate: what the reference programs for `mq bench` share.

#ifndef TIMING_H
#define TIMING_H

#include "lines.h"

#include <time.h>

static inline long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static inline void print_rate(unsigned long messages, long long start, long long end) {
    printf("%.0f\n", (double)messages * 1e9 / (double)(end > start ? end - start : 1));
    if (fflush(stdout) != 0)
        err(1, "standard output");
}

// A rate lies between two messages.
static inline unsigned long rated_count(const char *text) {
    unsigned long count = number(text, "COUNT");
    if (count < 2)
        errx(1, "COUNT: %lu is less than 2", count);
    return count;
}

#endif
