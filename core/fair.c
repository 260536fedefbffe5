/* SPDX-License-Identifier: MIT */
#include "core/fair.h"

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static HOT int64_t key_of(const struct rq *rq, struct vtime v)
{
    int64_t key = vtime_diff_vns(v, rq->v0);

    ASSERT((uint64_t)key + (VKEY_VNS_MAX - 1) < 2 * VKEY_VNS_MAX - 1); /* |key| < VKEY_VNS_MAX */
    return key;
}

/* V - V0 while somebody competes. */
static HOT int64_t average_vns(const struct rq *rq)
{
    return wide_floor_div(rq->s, rq->w);
}

HOT struct vtime fair_now(const struct rq *rq, struct mono now)
{
    if (LIKELY(rq->w > 0))
        return vtime_add(rq->v0, average_vns(rq));
    int64_t idle_ns = mono_diff_ns(now, rq->empty_since);

    return vtime_add(rq->v0, idle_ns > 0 ? idle_ns : 0);
}

/* Move V0 to V, so that keys stay small.  V itself and all v stay where they are. */
static COLD void rebase(struct rq *rq)
{
    int64_t shift = average_vns(rq);

    rq->v0 = vtime_add(rq->v0, shift);
    rq->s = wide_add_mul(rq->s, -shift, rq->w);
}

static HOT void sums_add(struct rq *rq, const struct sc *c)
{
    rq->s = wide_add_mul(rq->s, key_of(rq, c->v), (int64_t)c->weight);
    rq->w += c->weight;
}

static HOT void sums_remove(struct rq *rq, const struct sc *c)
{
    ASSERT(rq->w >= c->weight);
    rq->s = wide_add_mul(rq->s, -key_of(rq, c->v), (int64_t)c->weight);
    rq->w -= c->weight;
    ASSERT(rq->w > 0 || wide_is_zero(rq->s));
}

/* L: how much lag may be carried in or out.  The longest slice is that of the least urgent class
 * among the queued and `c`. */
static HOT int64_t lag_bound_vns(const struct rq *rq, const struct sc *c)
{
    uint32_t least = c->latency_class;

    if (rq->class_count[LATENCY_BATCH] > 0)
        least = LATENCY_BATCH;
    else if (rq->class_count[LATENCY_NORMAL] > 0 && least > LATENCY_NORMAL)
        least = LATENCY_NORMAL;
    if (LIKELY(least == c->latency_class))
        return c->bound_vns;
    return sc_virtual_vns(sc_slice_ns(least) + GRANULARITY_NS, c->weight);
}

/* The lag to join with, by the table in fair.h; before inflation. */
static HOT int64_t joining_lag_vns(const struct rq *rq, const struct sc *c, struct vtime v_now)
{
    int64_t lag_vns = c->lag_vns;

    if (c->v_cpu_plus_1 == rq->cpu + 1) {
        int64_t credit = lag_vns > 0 ? lag_vns : 0;
        int64_t passed = vtime_diff_vns(v_now, c->v);

        lag_vns = passed < credit ? passed : credit;
    }
    if (LIKELY(lag_vns == 0))
        return 0;
    int64_t bound = lag_bound_vns(rq, c);

    return clamp(lag_vns, -bound, bound);
}

/* V now; who runs alone is at V to the last bit, as S = w (v - V0). */
static HOT struct vtime now_without_division(struct sched *s, const struct rq *rq, struct mono now)
{
    if (LIKELY(rq->fair.count == 0 && rq->current != SLOT_NONE))
        return rq_current_sc(s, rq)->v;
    return fair_now(rq, now);
}

/* Apart, so that the sums need not be at hand for it. */
static NOINLINE struct vtime now_joined(const struct rq *rq)
{
    return vtime_add(rq->v0, average_vns(rq));
}

HOT struct vtime fair_join(struct sched *s, struct rq *rq, struct sc *c, struct mono now)
{
    struct vtime v_now = now_without_division(s, rq, now);
    int64_t lag_vns = joining_lag_vns(rq, c, v_now);
    int64_t request_left_vns = c->slice_vns; /* it slept: a new request */

    if (c->v_cpu_plus_1 == 0) {
        request_left_vns = vtime_diff_vns(c->vdeadline, c->v);
        if (request_left_vns <= 0) /* it is new */
            request_left_vns = c->slice_vns / 2;
    }
    if (rq->w == 0)
        rq->v0 = v_now;
    else if (lag_vns > 0)
        lag_vns += (int64_t)fixmul_div((uint64_t)lag_vns, c->weight, (uint64_t)rq->w);
    c->v = vtime_add(v_now, -lag_vns);
    c->vdeadline = vtime_add(c->v, request_left_vns);
    c->v_cpu_plus_1 = (uint16_t)(rq->cpu + 1);
    sums_add(rq, c);
    /* S' = S + w floor(S/W), so floor(S'/(W + w)) is floor(S/W): who joins at V leaves it there. */
    return LIKELY(lag_vns == 0) ? v_now : now_joined(rq);
}

HOT void fair_leave(struct rq *rq, struct sc *c, struct mono now, bool moves)
{
    int64_t bound = lag_bound_vns(rq, c);
    struct vtime v_now = fair_now(rq, now);
    int64_t lag_vns = vtime_diff_vns(v_now, c->v);

    ASSERT(c->v_cpu_plus_1 == rq->cpu + 1);
    c->lag_vns = clamp(lag_vns, moves ? -bound : INT64_MIN, bound);
    if (moves)
        c->v_cpu_plus_1 = 0;
    sums_remove(rq, c);
    if (rq->w == 0) {
        rq->v0 = v_now;
        rq->empty_since = now;
    }
}

void fair_rejoin(struct rq *rq, struct sc *c)
{
    c->v_cpu_plus_1 = (uint16_t)(rq->cpu + 1);
    sums_add(rq, c);
}

HOT void fair_charge(struct rq *rq, struct sc *c, uint64_t run_ns)
{
    int64_t advance_vns = sc_charge(c, run_ns);

    rq->s = wide_add_mul(rq->s, advance_vns, (int64_t)c->weight);
    if (vtime_diff_vns(c->v, c->vdeadline) >= 0)
        c->vdeadline = vtime_add(c->v, c->slice_vns);
    int64_t key = vtime_diff_vns(c->v, rq->v0);

    if (!LIKELY((uint64_t)key + REBASE_VNS < 2 * REBASE_VNS)) /* not in [-REBASE_VNS, REBASE_VNS) */
        rebase(rq);
}

void fair_give_way(struct sc *c)
{
    int64_t granularity_vns = c->bound_vns - c->slice_vns; /* see sc_rate */

    if (vtime_diff_vns(c->vdeadline, c->v) <= granularity_vns)
        c->vdeadline = vtime_add(c->v, c->slice_vns);
}

HOT void fair_queue(struct sched *s, struct rq *rq, uint32_t sc, struct sc *c)
{
    ASSERT(c->kind == SC_FAIR);
    ASSERT(c->latency_class < LATENCY_CLASS_COUNT);
    c->node.key = (struct eedq_key){c->v.vns, c->vdeadline.vns};
    eedq_insert(s, &rq->fair, sc, &c->node);
    rq->class_count[c->latency_class]++;
}

HOT void fair_unqueue(struct sched *s, struct rq *rq, uint32_t sc, struct sc *c)
{
    ASSERT(rq->class_count[c->latency_class] > 0);
    eedq_remove(s, &rq->fair, sc);
    rq->class_count[c->latency_class]--;
}

HOT void fair_unqueue_only(struct rq *rq, uint32_t sc, struct sc *c)
{
    ASSERT(c->weight == rq->w); /* so it is the one to run: see fair_pick */
    ASSERT(rq->class_count[c->latency_class] > 0);
    eedq_remove_only(&rq->fair, sc);
    rq->class_count[c->latency_class]--;
}

/* Eligible is who has (v - V0) * W <= S, exactly; for WFQ everybody, as 0 <= 0. */
static struct eedq_clock clock_of(const struct rq *rq)
{
    if (rq->fair_policy == FAIR_WFQ)
        return (struct eedq_clock){.origin = rq->v0.vns};
    return (struct eedq_clock){rq->v0.vns, rq->w, rq->s};
}

HOT uint32_t fair_pick(const struct sched *s, const struct rq *rq)
{
    uint32_t only = eedq_only(&rq->fair);

    /* Who competes alone is at V to the last bit: w (v - V0) <= S holds with equality. */
    if (only != SLOT_NONE && sc_of(s, only)->weight == rq->w)
        return only;
    struct eedq_clock clock = clock_of(rq);
    uint32_t sc = eedq_pick(s, &rq->fair, &clock);

    ASSERT(sc != SLOT_NONE || rq->fair.count == 0); /* F2 */
    return sc;
}

HOT bool fair_preempts(const struct rq *rq, const struct sc *waking)
{
    if (waking->latency_class <= rq->current_class)
        return false;
    struct eedq_clock clock = clock_of(rq);

    return eedq_is_eligible(waking->v.vns, &clock);
}

void fair_yield(struct sched *s, struct rq *rq, uint32_t sc)
{
    struct sc *c = sc_of(s, sc);

    ASSERT(rq->current_sc == sc);
    if (vtime_diff_vns(c->vdeadline, c->v) < REWEIGHT_VNS_MAX / 2) /* who only yields stays here */
        c->vdeadline = vtime_add(c->vdeadline, c->slice_vns);
}

void fair_reweight(struct sched *s, struct rq *rq, uint32_t sc, uint32_t weight)
{
    struct sc *c = sc_of(s, sc);
    int64_t key = average_vns(rq);
    int64_t lag_vns = clamp(key - key_of(rq, c->v), -REWEIGHT_VNS_MAX, REWEIGHT_VNS_MAX);
    int64_t left_vns = vtime_diff_vns(c->vdeadline, c->v);
    bool owed = lag_vns >= 0;
    uint64_t magnitude = owed ? (uint64_t)lag_vns : (uint64_t)-lag_vns;
    int64_t scaled_vns = (int64_t)fixmul_div(magnitude, c->weight, weight);

    ASSERT(weight >= WEIGHT_MIN);
    ASSERT(weight <= WEIGHT_MAX);
    sums_remove(rq, c);
    c->v = vtime_add(rq->v0, key - (owed ? scaled_vns : -scaled_vns));
    c->vdeadline = vtime_add(c->v, (int64_t)fixmul_div((uint64_t)left_vns, c->weight, weight));
    c->remainder = (uint32_t)((uint64_t)c->remainder * weight / c->weight);
    c->weight = weight;
    sc_rate(c);
    sums_add(rq, c);
}

/* Sum of the linked contexts, walked by arrival of deadline; the running one is added by check. */
static void recompute(const struct sched *s, const struct rq *rq, uint32_t cpu, struct wide *sum,
                      int64_t *weight)
{
    for (uint32_t slot = 0; slot < s->thread_count; slot++) {
        struct thread_word word = thread_word_read(s, slot);
        const struct sc *c = sc_of(s, thread_of(s, slot)->sc);
        bool competes = word.state == THREAD_QUEUED || word.state == THREAD_RUNNING;

        if (!competes || word.cpu != cpu)
            continue;
        *sum = wide_add_mul(*sum, key_of(rq, c->v), (int64_t)c->weight);
        *weight += c->weight;
    }
}

void fair_check(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);
    struct wide sum = {0, 0};
    int64_t weight = 0;

    recompute(s, rq, cpu, &sum, &weight);
    ASSERT(weight == rq->w);
    ASSERT(sum.high == rq->s.high);
    ASSERT(sum.low == rq->s.low);
    eedq_check(s, &rq->fair);
}
