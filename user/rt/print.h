/* SPDX-License-Identifier: MIT */
/*
 * print.h - lines of text on the console.  A line is built in a buffer with base/fmt.h and written
 * with one operation, so lines of different threads do not mix.
 *
 *     struct rt_line line;
 *     rt_line_begin(&line);
 *     fmt_text(&line.f, "cpu ");
 *     fmt_u64(&line.f, cpu, 0, ' ');
 *     rt_line_end(&line);
 */
#ifndef USER_RT_PRINT_H
#define USER_RT_PRINT_H

#include "base/fmt.h"

#define RT_LINE_BYTES 256u /* the newline included; longer lines are cut (base/fmt.h) */

struct rt_line {
    char text[RT_LINE_BYTES];
    struct fmt f; /* builds in `text`: do not copy a line */
};

void rt_line_begin(struct rt_line *line);

/* Write it, with a newline. */
void rt_line_end(struct rt_line *line);

/* A line that is ready. */
void rt_print(const char *text);

#endif /* USER_RT_PRINT_H */
