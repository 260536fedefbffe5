/* SPDX-License-Identifier: MIT */
#include "kernel/trace.h"

#include "base/fmt.h"
#include "core/port.h"
#include "kernel/cpu.h"
#include "kernel/limits.h"

#define LINE_BYTES 100u

struct last {
    struct trace_record records[TRACE_LAST_COUNT];
    uint32_t count; /* ever written */
} ALIGNED(64);

static struct last last[ARCH_CPU_MAX];

void kernel_trace(const struct trace_record *record)
{
    struct last *l = &last[cpu_this()->number];

    l->records[l->count % TRACE_LAST_COUNT] = *record;
    l->count++;
}

static const char *event_name(uint32_t event)
{
    switch (event) {
#define TRACE_CASE(name, id, text, a, b) \
    case (id):                           \
        return (text);
        TRACE_EVENT_TABLE(TRACE_CASE)
#undef TRACE_CASE
    default:
        return "unknown";
    }
}

static void print(const struct trace_record *r)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "  ");
    fmt_u64(&line, r->now.ns, 15, ' ');
    fmt_text(&line, " ns  ");
    fmt_text(&line, event_name(r->event));
    fmt_pad_to(&line, 36);
    fmt_text(&line, " thread ");
    fmt_i64(&line, r->thread == UINT32_MAX ? -1 : (int64_t)r->thread, 5);
    fmt_text(&line, "  a ");
    fmt_i64(&line, r->a, 0);
    fmt_text(&line, "  b ");
    fmt_i64(&line, r->b, 0);
    fmt_text(&line, "\n");
    arch_console_write(text, fmt_length(&line));
}

uint32_t trace_print_last(uint32_t cpu)
{
    const struct last *l = &last[cpu];
    uint32_t kept = l->count < TRACE_LAST_COUNT ? l->count : TRACE_LAST_COUNT;

    for (uint32_t i = 0; i < kept; i++) /* at most TRACE_LAST_COUNT */
        print(&l->records[(l->count - kept + i) % TRACE_LAST_COUNT]);
    return kept;
}
