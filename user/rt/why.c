/* SPDX-License-Identifier: MIT */
#include "user/rt/why.h"

#include "user/rt/print.h"

void rt_why_add(struct fmt *f, const struct why *why)
{
    for (const char *at = why_sentence(why->rule); *at != '\0'; at++) { /* at most one line */
        if (*at != '%') {
            fmt_char(f, *at);
            continue;
        }
        at++; /* abi/names_test.c: 'a' or 'b', always */
        fmt_i64(f, *at == 'a' ? why->a : why->b, 0);
    }
}

void rt_why_print(const struct why *why)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "# ");
    fmt_u64(&line.f, why->time_ns, 0, ' ');
    fmt_text(&line.f, " ns: ");
    rt_why_add(&line.f, why);
    rt_line_end(&line);
}
