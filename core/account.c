/* SPDX-License-Identifier: MIT */
#include "core/account.h"
#include "core/fair.h"

/* The open interval may not be charged: it is backwards or too long. */
static COLD void refuse(struct sched *s, struct rq *rq, struct mono now)
{
    int64_t length = mono_diff_ns(now, rq->since);

    rq->stat.clock_refused_count++;
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = rq->cpu,
                                         .event = EV_REFUSED,
                                         .thread = rq->current,
                                         .a = WHY_DENIED_CLOCK,
                                         .b = length});
    if (length > 0) { /* too long: it was, but nobody pays for it */
        rq->kernel_ns += (uint64_t)length;
        rq->since = now;
        rq->excluded_ns = 0;
    }
}

/* May the interval [since, now) be charged?  A negative length is a very large one. */
static bool is_chargeable(const struct rq *rq, struct mono now)
{
    return (uint64_t)mono_diff_ns(now, rq->since) <= CHARGE_NS_MAX;
}

/* Split off what interrupts took and move on.  Returns: the rest of [since, now). */
static uint64_t close_interval(struct rq *rq, struct mono now)
{
    uint64_t length_ns = (uint64_t)mono_diff_ns(now, rq->since);

    rq->since = now;
    if (LIKELY(rq->excluded_ns == 0))
        return length_ns;
    uint64_t excluded_ns = rq->excluded_ns < length_ns ? rq->excluded_ns : length_ns;

    rq->irq_ns += excluded_ns;
    rq->excluded_ns -= excluded_ns;
    return length_ns - excluded_ns;
}

HOT void account_charge_to(struct sched *s, struct rq *rq, struct current who, struct mono now,
                           enum charge_point point)
{
    ASSERT(point < CHARGE_POINT_COUNT);
    if (now.ns == rq->since.ns)
        return; /* charged by an earlier step of this event */
    if (!is_chargeable(rq, now)) {
        refuse(s, rq, now);
        return;
    }
    uint64_t run_ns = close_interval(rq, now);

    who.t->ledger.runtime_ns += run_ns;
    rq->busy_ns += run_ns;
    fair_charge(rq, who.c, run_ns);
    port_trace(s, &(struct trace_record){.now = now,
                                         .cpu = rq->cpu,
                                         .event = EV_CHARGE,
                                         .thread = who.thread,
                                         .a = (int64_t)run_ns,
                                         .b = (int64_t)point});
}

HOT void account_charge(struct sched *s, struct rq *rq, struct mono now, enum charge_point point)
{
    account_charge_to(s, rq, rq_current(s, rq), now, point);
}

HOT void account_idle(struct sched *s, struct rq *rq, struct mono now)
{
    ASSERT(rq->current == SLOT_NONE);
    if (now.ns == rq->since.ns)
        return;
    if (is_chargeable(rq, now))
        rq->idle_ns += close_interval(rq, now);
    else
        refuse(s, rq, now);
}

uint64_t account_interrupt(struct sched *s, uint32_t cpu, struct mono begin, struct mono end)
{
    struct rq *rq = rq_of(s, cpu);
    struct mono from = mono_before(begin, rq->since) ? rq->since : begin;

    if (!mono_before(from, end))
        return 0;
    uint64_t took_ns = (uint64_t)mono_diff_ns(end, from);

    rq->excluded_ns += took_ns;
    return took_ns;
}

struct mono account_effective_since(const struct sched *s, uint32_t cpu)
{
    return account_uncharged_since(rq_of(s, cpu));
}

static bool cpu_balances(const struct rq *rq)
{
    uint64_t accounted_ns = rq->busy_ns + rq->idle_ns + rq->irq_ns + rq->kernel_ns;

    return accounted_ns == (uint64_t)mono_diff_ns(rq->since, rq->started);
}

struct sums {
    uint64_t busy_ns;
    uint64_t retired_ns;
    uint64_t retired_paid_ns;
};

static struct sums sums_of_cpus(const struct sched *s)
{
    struct sums sums = {0, 0, 0};

    for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++) {
        sums.busy_ns += rq_of(s, cpu)->busy_ns;
        sums.retired_ns += rq_of(s, cpu)->retired_ns;
        sums.retired_paid_ns += rq_of(s, cpu)->retired_paid_ns;
    }
    return sums;
}

/* One reading of both views; meaningful only if no CPU charged anybody meanwhile. */
static bool views_agree(const struct sched *s, const struct sums *sums)
{
    uint64_t threads_ns = sums->retired_ns;
    uint64_t contexts_ns = sums->retired_paid_ns;

    for (uint32_t slot = 0; slot < s->thread_count; slot++) {
        if (thread_word_read(s, slot).state == THREAD_DEAD)
            continue;
        threads_ns += thread_of(s, slot)->ledger.runtime_ns;
        contexts_ns += sc_of(s, slot)->consumed_ns;
    }
    return threads_ns == sums->busy_ns && contexts_ns == sums->busy_ns;
}

bool account_balances(const struct sched *s)
{
    for (unsigned turn = 0; turn < BALANCE_TURNS_MAX; turn++) {
        struct sums before = sums_of_cpus(s);
        bool agree = views_agree(s, &before);

        for (uint32_t cpu = 0; cpu < s->cpu_count; cpu++)
            agree &= cpu_balances(rq_of(s, cpu));
        struct sums after = sums_of_cpus(s);

        if (agree && before.busy_ns == after.busy_ns && before.retired_ns == after.retired_ns)
            return true;
    }
    return false;
}

void account_check(const struct sched *s, uint32_t cpu)
{
    ASSERT(cpu_balances(rq_of(s, cpu)));
}
