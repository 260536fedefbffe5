/* SPDX-License-Identifier: MIT */
/* fail.c - a failed assertion ends the machine with failure, saying where. */
#include "base/assert.h"
#include "user/rt/calls.h"
#include "user/rt/print.h"

void assert_fail(const char *condition, const char *file, int line_number)
{
    struct rt_thread *self = rt_self();
    struct rt_line line;

    /* It may be the ring itself that is broken: do not come here twice. */
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
    rt_power_off(true);
}
