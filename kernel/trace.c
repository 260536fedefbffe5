/* SPDX-License-Identifier: MIT */
#include "kernel/trace.h"

#include "abi/why.h"
#include "base/fmt.h"
#include "kernel/cpu.h"

#define LINE_BYTES 120u

_Static_assert((TRACE_LAST_COUNT & (TRACE_LAST_COUNT - 1)) == 0, "positions are masked");
_Static_assert(TRACE_CPU_MAX == ARCH_CPU_MAX, "a ring for each CPU");

_Static_assert(sizeof(struct trace_kept) == 32, "two to a cache line");
_Static_assert(sizeof(struct trace_ring) == 2 * sizeof(trace_rings[0].records), "one bit wraps");

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

static void print(const struct trace_kept *r)
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
    if (r->event == EV_WHY) {
        fmt_text(&line, "  ");
        fmt_text(&line, why_name(r->rule));
    }
    fmt_text(&line, "\n");
    arch_console_write(text, fmt_length(&line));
}

uint32_t trace_print_last(uint32_t cpu)
{
    const struct trace_ring *ring = &trace_rings[cpu];
    uint64_t next = (uint64_t)(cpu_blocks[cpu].trace.next - ring->records);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < TRACE_LAST_COUNT; i++) {
        const struct trace_kept *r = &ring->records[(next + i) % TRACE_LAST_COUNT];

        if (r->event == 0)
            continue;
        print(r);
        kept++;
    }
    return kept;
}
