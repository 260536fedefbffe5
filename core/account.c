/* SPDX-License-Identifier: MIT */
#include "core/account.h"
#include "core/fair.h"

/* Length of the open interval if it may be charged; else refuse it and answer false. */
static bool interval_ns(struct sched *s, uint32_t cpu, struct mono now, uint64_t *length_ns)
{
    struct rq *rq = rq_of(s, cpu);
    int64_t length = mono_diff_ns(now, rq->since);

    if (length >= 0 && (uint64_t)length <= CHARGE_NS_MAX) {
        *length_ns = (uint64_t)length;
        return true;
    }
    rq->stat.clock_refused_count++;
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_REFUSED,
                                         .thread = rq->current,
                                         .a = WHY_DENIED_CLOCK,
                                         .b = length});
    if (length > 0) { /* too long: it was, but nobody pays for it */
        rq->kernel_ns += (uint64_t)length;
        rq->since = now;
        rq->excluded_ns = 0;
    }
    return false;
}

/* The interval is [since, now): split off what interrupts took and move on. */
static uint64_t close_interval(struct rq *rq, uint64_t length_ns, struct mono now)
{
    uint64_t excluded_ns = rq->excluded_ns < length_ns ? rq->excluded_ns : length_ns;

    rq->kernel_ns += excluded_ns;
    rq->excluded_ns -= excluded_ns;
    rq->since = now;
    return length_ns - excluded_ns;
}

void account_charge(struct sched *s, uint32_t cpu, struct mono now, enum charge_point point)
{
    struct rq *rq = rq_of(s, cpu);
    uint64_t length_ns = 0;

    ASSERT(rq->current != SLOT_NONE);
    ASSERT(point < CHARGE_POINT_COUNT);
    if (!interval_ns(s, cpu, now, &length_ns))
        return;
    uint64_t run_ns = close_interval(rq, length_ns, now);

    thread_of(s, rq->current)->ledger.runtime_ns += run_ns;
    rq->busy_ns += run_ns;
    fair_charge(s, rq, rq->current_sc, run_ns);
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = cpu,
                                         .event = EV_CHARGE,
                                         .thread = rq->current,
                                         .a = (int64_t)run_ns,
                                         .b = (int64_t)point});
}

void account_idle(struct sched *s, uint32_t cpu, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    uint64_t length_ns = 0;

    ASSERT(rq->current == SLOT_NONE);
    if (interval_ns(s, cpu, now, &length_ns))
        rq->idle_ns += close_interval(rq, length_ns, now);
}

void account_interrupt(struct sched *s, uint32_t cpu, struct mono begin, struct mono end)
{
    struct rq *rq = rq_of(s, cpu);
    struct mono from = mono_before(begin, rq->since) ? rq->since : begin;

    if (mono_before(from, end))
        rq->excluded_ns += (uint64_t)mono_diff_ns(end, from);
}

struct mono account_effective_since(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);

    return mono_add(rq->since, rq->excluded_ns);
}

void account_check(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);
    uint64_t accounted_ns = rq->busy_ns + rq->idle_ns + rq->kernel_ns;

    ASSERT(accounted_ns == (uint64_t)mono_diff_ns(rq->since, rq->started));
}
