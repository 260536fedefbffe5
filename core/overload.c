/* SPDX-License-Identifier: MIT */
#include "core/overload.h"
#include "core/fair.h"

#define LOOKS_MIN 8u /* of one window, before "behind" can be said of it */

void overload_note_push(struct rq *rq, bool is_behind, int64_t behind_ns)
{
    rq->overload.look_count++;
    rq->overload.behind_count += is_behind;
    rq->overload.behind_ns = behind_ns;
}

static void say(struct sched *s, struct rq *rq, struct why why)
{
    why.subject_slot = SLOT_NONE;
    rq->why = why;
    port_trace(s, &(struct trace_record){.now = {why.time_ns},
                                         .cpu = rq->cpu,
                                         .event = EV_OVERLOAD,
                                         .thread = SLOT_NONE,
                                         .a = why.rule,
                                         .b = why.a});
}

/* Who competes here. */
static uint32_t count_of(const struct rq *rq)
{
    return rq_queued_count(rq) + rq_running_count(rq);
}

/* Is it, and why?  NONE if not. */
static struct why judge(const struct rq *rq, struct mono now)
{
    uint32_t count = count_of(rq);
    uint64_t least_ns = rq->overload.least_wait_ns;
    struct why why = {.rule = WHY_NONE, .time_ns = now.ns};

    if (count > OVERLOAD_COUNT_MAX) {
        why.rule = WHY_OVERLOAD_RUNNABLE;
        why.a = count;
        why.b = OVERLOAD_COUNT_MAX;
    } else if (least_ns != UINT64_MAX && least_ns > OVERLOAD_SOJOURN_NS &&
               rq_latency_bound_ns(rq) > OVERLOAD_SOJOURN_NS) { /* else it is one light thread */
        why.rule = WHY_OVERLOAD_SOJOURN;
        why.a = (int64_t)least_ns;
        why.b = (int64_t)OVERLOAD_SOJOURN_NS;
    }
    return why;
}

/* From how many queued on it stays overloaded until the next look; who is fewer is through. */
static uint32_t from_count_of(uint32_t rule)
{
    if (rule == WHY_OVERLOAD_RUNNABLE)
        return OVERLOAD_COUNT_MAX / 2;
    return rule == WHY_OVERLOAD_SOJOURN ? 1 : UINT32_MAX;
}

static void say_if_behind(struct sched *s, struct rq *rq, struct mono now)
{
    const struct overload *o = &rq->overload;

    if (o->look_count >= LOOKS_MIN && o->behind_count == o->look_count)
        say(s, rq, (struct why){.rule = WHY_OVERLOAD_BEHIND,
                                .time_ns = now.ns,
                                .a = o->behind_ns,
                                .b = (int64_t)clock_contact_ns_of(fair_least_class(rq))});
}

void overload_look(struct sched *s, struct rq *rq, struct mono now)
{
    struct overload *o = &rq->overload;

    if (mono_before(now, o->window_end))
        return;
    struct why why = judge(rq, now);
    bool was_on = o->from_count != UINT32_MAX;
    uint32_t from_count = from_count_of(why.rule);

    if (why.rule != WHY_NONE && !was_on) {
        rq->stat.overload_count++;
        say(s, rq, why);
    } else if (why.rule == WHY_NONE && was_on) {
        why.rule = WHY_OVERLOAD_OVER;
        why.a = count_of(rq);
        say(s, rq, why);
    }
    say_if_behind(s, rq, now);
    *o = (struct overload){.window_end = mono_add(now, OVERLOAD_WINDOW_NS),
                           .least_wait_ns = UINT64_MAX,
                           .from_count = from_count};
}
