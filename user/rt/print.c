/* SPDX-License-Identifier: MIT */
#include "user/rt/print.h"

#include "abi/cap.h"
#include "user/rt/calls.h"

_Static_assert(RT_LINE_BYTES <= CONSOLE_WRITE_BYTES_MAX, "a line is one operation");

void rt_line_begin(struct rt_line *line)
{
    line->f = fmt_start(line->text, RT_LINE_BYTES - 1); /* one byte is kept for the newline */
}

void rt_line_end(struct rt_line *line)
{
    size_t bytes = fmt_length(&line->f);

    line->text[bytes] = '\n';
    rt_console_write(line->text, bytes + 1);
}

void rt_print(const char *text)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, text);
    rt_line_end(&line);
}
