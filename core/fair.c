/* SPDX-License-Identifier: MIT */
#include "core/fair.h"

struct fair_clock {
    struct vtime v0;
    struct wide s;
    int64_t w;
};

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int64_t key_of(const struct rq *rq, struct vtime v)
{
    int64_t key = vtime_diff_vns(v, rq->v0);

    ASSERT(key < VKEY_VNS_MAX);
    ASSERT(key > -VKEY_VNS_MAX);
    return key;
}

/* V - V0 while somebody competes. */
static int64_t average_vns(const struct rq *rq)
{
    return wide_floor_div(rq->s, rq->w);
}

struct vtime fair_now(const struct rq *rq, struct mono now)
{
    if (rq->w > 0)
        return vtime_add(rq->v0, average_vns(rq));
    int64_t idle_ns = mono_diff_ns(now, rq->empty_since);

    return vtime_add(rq->v0, idle_ns > 0 ? idle_ns : 0);
}

/* Move V0 to V, so that keys stay small.  V itself and all v stay where they are. */
static void rebase(struct rq *rq)
{
    int64_t shift = average_vns(rq);

    rq->v0 = vtime_add(rq->v0, shift);
    rq->s = wide_add_mul(rq->s, -shift, rq->w);
}

static void sums_add(struct rq *rq, const struct sc *c)
{
    rq->s = wide_add_mul(rq->s, key_of(rq, c->v), (int64_t)c->weight);
    rq->w += c->weight;
}

static void sums_remove(struct rq *rq, const struct sc *c)
{
    ASSERT(rq->w >= c->weight);
    rq->s = wide_add_mul(rq->s, -key_of(rq, c->v), (int64_t)c->weight);
    rq->w -= c->weight;
    ASSERT(rq->w > 0 || wide_is_zero(rq->s));
}

static uint64_t longest_slice_ns(const struct rq *rq, const struct sc *c)
{
    if (rq->class_count[LATENCY_BATCH] > 0)
        return SLICE_BATCH_NS;
    uint64_t own_ns = sc_slice_ns(c);

    if (rq->class_count[LATENCY_NORMAL] > 0 && own_ns < SLICE_NORMAL_NS)
        return SLICE_NORMAL_NS;
    return own_ns;
}

/* L: how much lag may be carried in or out. */
static int64_t lag_bound_vns(const struct rq *rq, const struct sc *c)
{
    return sc_virtual_vns(longest_slice_ns(rq, c) + GRANULARITY_NS, c->weight);
}

/* The lag to join with, by the table in fair.h; before inflation. */
static int64_t joining_lag_vns(const struct rq *rq, const struct sc *c, uint32_t cpu,
                               struct vtime v_now)
{
    int64_t bound = lag_bound_vns(rq, c);

    if (c->v_cpu_plus_1 != cpu + 1)
        return clamp(c->lag_vns, -bound, bound);
    int64_t credit = c->lag_vns > 0 ? c->lag_vns : 0;
    int64_t passed = vtime_diff_vns(v_now, c->v);

    return clamp(passed < credit ? passed : credit, -bound, bound);
}

void fair_join(struct sched *s, uint32_t cpu, uint32_t sc, struct mono now)
{
    struct rq *rq = rq_of(s, cpu);
    struct sc *c = sc_of(s, sc);
    struct vtime v_now = fair_now(rq, now);
    int64_t slice_vns = sc_virtual_vns(sc_slice_ns(c), c->weight);
    int64_t request_left_vns = vtime_diff_vns(c->vdeadline, c->v);
    int64_t lag_vns = joining_lag_vns(rq, c, cpu, v_now);

    if (c->v_cpu_plus_1 != 0) /* it slept: a new request */
        request_left_vns = slice_vns;
    else if (request_left_vns <= 0) /* it is new */
        request_left_vns = slice_vns / 2;
    if (rq->w == 0)
        rq->v0 = v_now;
    else if (lag_vns > 0)
        lag_vns += (int64_t)fixmul_div((uint64_t)lag_vns, c->weight, (uint64_t)rq->w);
    c->v = vtime_add(v_now, -lag_vns);
    c->vdeadline = vtime_add(c->v, request_left_vns);
    c->v_cpu_plus_1 = (uint16_t)(cpu + 1);
    sums_add(rq, c);
}

void fair_leave(struct sched *s, uint32_t cpu, uint32_t sc, struct mono now, bool moves)
{
    struct rq *rq = rq_of(s, cpu);
    struct sc *c = sc_of(s, sc);
    int64_t bound = lag_bound_vns(rq, c);
    struct vtime v_now = fair_now(rq, now);
    int64_t lag_vns = vtime_diff_vns(v_now, c->v);

    ASSERT(c->v_cpu_plus_1 == cpu + 1);
    c->lag_vns = clamp(lag_vns, moves ? -bound : INT64_MIN, bound);
    if (moves)
        c->v_cpu_plus_1 = 0;
    sums_remove(rq, c);
    if (rq->w == 0) {
        rq->v0 = v_now;
        rq->empty_since = now;
    }
}

void fair_rejoin(struct sched *s, uint32_t cpu, uint32_t sc)
{
    struct sc *c = sc_of(s, sc);

    c->v_cpu_plus_1 = (uint16_t)(cpu + 1);
    sums_add(rq_of(s, cpu), c);
}

void fair_charge(struct sched *s, struct rq *rq, uint32_t sc, uint64_t run_ns)
{
    struct sc *c = sc_of(s, sc);
    int64_t advance_vns = sc_charge(c, run_ns);

    rq->s = wide_add_mul(rq->s, advance_vns, (int64_t)c->weight);
    if (vtime_diff_vns(c->v, c->vdeadline) >= 0)
        c->vdeadline = vtime_add(c->v, sc_virtual_vns(sc_slice_ns(c), c->weight));
    int64_t key = vtime_diff_vns(c->v, rq->v0);

    if (key > REBASE_VNS || key < -REBASE_VNS)
        rebase(rq);
}

void fair_queue(struct sched *s, struct rq *rq, uint32_t sc)
{
    struct sc *c = sc_of(s, sc);

    ASSERT(c->kind == SC_FAIR);
    eedq_insert(s, &rq->fair, sc, (struct eedq_key){c->v.vns, c->vdeadline.vns});
    rq->class_count[c->latency_class]++;
}

void fair_unqueue(struct sched *s, struct rq *rq, uint32_t sc)
{
    struct sc *c = sc_of(s, sc);

    ASSERT(rq->class_count[c->latency_class] > 0);
    eedq_remove(s, &rq->fair, sc);
    rq->class_count[c->latency_class]--;
}

/* (v - V0) * W <= S, exactly. */
static bool is_eligible(int64_t eligible_at, const void *clock)
{
    const struct fair_clock *at = clock;
    int64_t key = vtime_diff_vns((struct vtime){eligible_at}, at->v0);

    return wide_mul_le(key, at->w, at->s);
}

static struct fair_clock clock_of(const struct rq *rq)
{
    return (struct fair_clock){rq->v0, rq->s, rq->w};
}

uint32_t fair_pick(const struct sched *s, const struct rq *rq)
{
    struct fair_clock clock = clock_of(rq);
    uint32_t sc = eedq_pick(s, &rq->fair, is_eligible, &clock);

    ASSERT(sc != SLOT_NONE || rq->fair.count == 0); /* F2 */
    return sc;
}

bool fair_preempts(const struct sched *s, const struct rq *rq, uint32_t sc)
{
    struct fair_clock clock = clock_of(rq);
    const struct sc *waking = sc_of(s, sc);
    const struct sc *running = sc_of(s, rq->current_sc);

    if (sc_slice_ns(waking) >= sc_slice_ns(running))
        return false;
    return is_eligible(waking->v.vns, &clock);
}

void fair_yield(struct sched *s, struct rq *rq, uint32_t sc)
{
    struct sc *c = sc_of(s, sc);

    ASSERT(rq->current_sc == sc);
    if (vtime_diff_vns(c->vdeadline, c->v) < REWEIGHT_VNS_MAX / 2) /* who only yields stays here */
        c->vdeadline = vtime_add(c->vdeadline, sc_virtual_vns(sc_slice_ns(c), c->weight));
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
