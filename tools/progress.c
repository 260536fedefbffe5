/* SPDX-License-Identifier: MIT */
#include "tools/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The only state: there is one standard error. */
static struct {
    bool is_on;
    bool is_drawn;
    uint64_t begun_ns;
    uint64_t drawn_ns;
} line;

static uint64_t host_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void progress_begin(bool is_quiet)
{
    progress_clear();
    line.is_on = !is_quiet && isatty(STDERR_FILENO) == 1;
    line.begun_ns = host_ns();
    line.drawn_ns = 0;
}

void progress_show(const char *format, ...)
{
    va_list arguments;
    uint64_t now_ns;

    if (!line.is_on)
        return;
    now_ns = host_ns();
    if (now_ns - line.drawn_ns < NS_PER_S / PROGRESS_PER_SECOND_MAX)
        return;
    line.drawn_ns = now_ns;
    line.is_drawn = true;

    fprintf(stderr, "\r\033[K%4llu s  ",
            (unsigned long long)((now_ns - line.begun_ns) / NS_PER_S));
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fflush(stderr);
}

void progress_clear(void)
{
    if (line.is_drawn)
        fputs("\r\033[K", stderr);
    line.is_drawn = false;
}
