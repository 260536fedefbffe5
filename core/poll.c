/* SPDX-License-Identifier: MIT */
#include "core/poll.h"

#define SMOOTHING 4u /* a period counts a quarter: a long one ends polling for ten short ones */
#define WINDOW_MEANS 4u

void poll_note(struct poll *p, uint64_t idle_ns, bool was_woken)
{
    uint32_t length_ns = was_woken && idle_ns < POLL_LONG_NS ? (uint32_t)idle_ns : POLL_LONG_NS;

    p->mean_ns = ((SMOOTHING - 1) * p->mean_ns + length_ns) / SMOOTHING;
}

uint64_t poll_window_ns(const struct poll *p)
{
    uint64_t window_ns = WINDOW_MEANS * (uint64_t)p->mean_ns;

    if (p->mean_ns > POLL_NS_MIN)
        return 0;
    if (window_ns < POLL_NS_MIN)
        return POLL_NS_MIN;
    return window_ns < POLL_NS_MAX ? window_ns : POLL_NS_MAX;
}

bool poll_begin(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t none = 0;

    ASSERT(rq->current == SLOT_NONE);
    return s->cpu_count > 1 && port_cas32(&rq->kick_pending, &none, KICK_POLLING);
}

bool poll_end(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t reasons = port_xchg32(&rq->kick_pending, 0); /* before what they announce is read */

    ASSERT((reasons & KICK_POLLING) != 0);
    if (reasons == KICK_POLLING)
        return false;
    rq->stat.poll_count++;
    return true;
}
