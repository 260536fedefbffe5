/* SPDX-License-Identifier: MIT */
#include "user/rt/tap.h"

#include "user/rt/print.h"

static struct {
    uint32_t planned;
    uint32_t run;
    uint32_t failed;
    bool is_indented;
} tap;

static void begin_line(struct rt_line *line)
{
    rt_line_begin(line);
    if (tap.is_indented)
        fmt_text(&line->f, "    ");
}

void tap_indent(void)
{
    tap.is_indented = true;
}

void tap_plan(uint32_t count)
{
    struct rt_line line;

    tap.planned = count;
    begin_line(&line);
    fmt_text(&line.f, "1..");
    fmt_u64(&line.f, count, 0, ' ');
    rt_line_end(&line);
}

static void result_line(bool is_ok, const char *what, const char *skipped)
{
    struct rt_line line;

    tap.run++;
    begin_line(&line);
    fmt_text(&line.f, is_ok ? "ok " : "not ok ");
    fmt_u64(&line.f, tap.run, 0, ' ');
    fmt_text(&line.f, " - ");
    fmt_text(&line.f, what);
    if (skipped != NULL) {
        fmt_text(&line.f, " # SKIP ");
        fmt_text(&line.f, skipped);
    }
    rt_line_end(&line);
}

bool tap_ok(bool is_ok, const char *what)
{
    result_line(is_ok, what, NULL);
    if (!is_ok)
        tap.failed++;
    return is_ok;
}

bool tap_equal(int64_t got, int64_t wanted, const char *what)
{
    if (tap_ok(got == wanted, what))
        return true;
    tap_note("got", got);
    tap_note("wanted", wanted);
    return false;
}

bool tap_within(int64_t got, int64_t low, int64_t high, const char *what)
{
    if (tap_ok(low <= got && got <= high, what))
        return true;
    tap_note("got", got);
    tap_note("wanted at least", low);
    tap_note("wanted at most", high);
    return false;
}

void tap_skip(const char *what, const char *why)
{
    result_line(true, what, why);
}

void tap_note(const char *text, int64_t value)
{
    struct rt_line line;

    begin_line(&line);
    fmt_text(&line.f, "# ");
    fmt_text(&line.f, text);
    fmt_char(&line.f, ' ');
    fmt_i64(&line.f, value, 0);
    rt_line_end(&line);
}

int64_t tap_end(void)
{
    if (tap.run != tap.planned)
        tap_note("wrong number of tests:", tap.run);
    return tap.failed == 0 && tap.run == tap.planned ? 0 : 1;
}
