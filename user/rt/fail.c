/* SPDX-License-Identifier: MIT */
/* fail.c - a failed assertion ends its process with failure, saying where if it can. */
#include "base/assert.h"
#include "user/rt/calls.h"
#include "user/rt/print.h"
#include "user/rt/process.h"

#define RT_FAILED 1

void assert_fail(const char *condition, const char *file, int line_number)
{
    struct rt_thread *self = rt_self();
    struct rt_line line;

    /* It may be printing itself that fails: do not come here twice. */
    if (self->is_failing)
        __builtin_trap();
    self->is_failing = true;

    rt_line_begin(&line);
    fmt_text(&line.f, file);
    fmt_char(&line.f, ':');
    fmt_i64(&line.f, line_number, 0);
    fmt_text(&line.f, ": assertion failed: ");
    fmt_text(&line.f, condition);
    rt_line_end(&line);
    rt_process_end(RT_FAILED);
}
