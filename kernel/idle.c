/* SPDX-License-Identifier: MIT */
#include "kernel/idle.h"

#include "core/poll.h"
#include "kernel/clock.h"
#include "kernel/sched_glue.h"

static struct idle {
    struct poll poll;  /* how idle periods ended of late */
    struct mono since; /* the latest one, */
    struct mono until; /* until then if it is over */
    bool is_waiting;
    bool is_polling;
    bool was_woken; /* another CPU ended it */
} ALIGNED(64) idles[ARCH_CPU_MAX];

void idle_init(const struct cpu *cpu)
{
    struct idle *idle = &idles[cpu->number];

    *idle = (struct idle){.since = clock_now()};
    idle->until = idle->since;
    poll_init(&idle->poll);
}

/* The wait is over.  It is looked at before the next one: who was woken is in a hurry. */
static void end(struct idle *idle, struct mono now, bool was_woken)
{
    idle->is_waiting = false;
    idle->is_polling = false;
    idle->until = now;
    idle->was_woken = was_woken;
}

static void begin(struct idle *idle)
{
    poll_note(&idle->poll, (uint64_t)mono_diff_ns(idle->until, idle->since), idle->was_woken);
    idle->since = clock_now();
    idle->is_waiting = true;
}

/* Returns: a reason came, so this CPU must decide. */
static bool poll(const struct cpu *cpu, struct idle *idle, uint64_t window_ns)
{
    struct mono until = mono_add(idle->since, window_ns);

    if (!poll_begin(glue_sched(), cpu->number))
        return false;
    idle->is_polling = true;
    while (!poll_has_come(cpu->rq) && mono_before(clock_now(), until)) { /* bound: `until` */
        arch_pause();
        arch_take_interrupts(); /* one that comes ends the polling and does not return here */
    }
    idle->is_polling = false;
    return poll_end(glue_sched(), cpu->number);
}

void idle_wait(const struct cpu *cpu)
{
    struct idle *idle = &idles[cpu->number];

    begin(idle);
    uint64_t window_ns = poll_window_ns(&idle->poll);

    if (window_ns == 0 || !poll(cpu, idle, window_ns))
        arch_idle();
    end(idle, clock_now(), true);
}

void idle_interrupted(const struct cpu *cpu)
{
    struct idle *idle = &idles[cpu->number];

    if (!idle->is_waiting)
        return;
    bool was_woken = idle->is_polling ? poll_end(glue_sched(), cpu->number)
                                      : poll_has_come(cpu->rq);

    end(idle, cpu->entered_at, was_woken);
}
