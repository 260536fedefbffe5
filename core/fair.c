/* SPDX-License-Identifier: MIT */
#include "core/fair.h"
#include "core/overload.h"
#include "core/why.h"

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* -2^bits <= key < 2^bits, in the fewest instructions. */
static HOT bool is_within(int64_t key, unsigned bits)
{
    return ((uint64_t)key + (UINT64_C(1) << bits)) >> (bits + 1) == 0;
}

static HOT int64_t key_of(const struct rq *rq, struct vtime v)
{
    int64_t key = vtime_diff_vns(v, rq->v0);

    ASSERT(is_within(key, VKEY_VNS_BITS));
    return key;
}

/* V - V0 while somebody competes. */
static HOT int64_t average_vns(const struct rq *rq)
{
    return wide_floor_div(rq->s, rq->w);
}

/* V now; who runs alone is at V to the last bit, as S = w (v - V0). */
HOT struct vtime fair_now(const struct sched *s, const struct rq *rq, struct mono now)
{
    if (LIKELY(rq->fair.count == 0 && rq->current != SLOT_NONE))
        return rq_current_sc(s, rq)->v;
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

/* The least urgent class of the queued and `class`. */
static HOT uint32_t least_class(const struct rq *rq, uint32_t class)
{
    if (rq->class_count[LATENCY_BATCH] > 0)
        return LATENCY_BATCH;
    if (rq->class_count[LATENCY_NORMAL] > 0 && class > LATENCY_NORMAL)
        return LATENCY_NORMAL;
    return class;
}

uint32_t fair_least_class(const struct rq *rq)
{
    return least_class(rq, rq_running_count(rq) > 0 ? rq->current_class : LATENCY_INTERACTIVE);
}

/* L: how much lag may be carried in or out. */
static HOT int64_t lag_bound_vns(const struct rq *rq, const struct sc *c)
{
    uint32_t least = least_class(rq, c->latency_class);

    if (LIKELY(least == c->latency_class))
        return c->bound_vns;
    return sc_virtual_vns(sc_slice_ns(least) + GRANULARITY_NS, c->weight);
}

/* Where to join, by the table in fair.h. */
struct joining {
    int64_t lag_vns; /* before inflation */
    int64_t left_vns; /* of the request */
    bool keeps_position; /* lag_vns says where it is, not what it is owed */
};

/*
 * V has not come to where it was when it left: how much of that is its own debt?  At most what it
 * left with, seen from V as its leaving made it: lag (W + w) / W, with the W of now.
 */
static int64_t debt_vns(const struct rq *rq, const struct sc *c, int64_t passed_vns)
{
    int64_t lag_vns = c->lag_vns;

    if (lag_vns >= 0)
        return 0;
    if (rq->w > 0)
        lag_vns -= (int64_t)fixmul_div((uint64_t)-lag_vns, c->weight, (uint64_t)rq->w);
    return passed_vns > lag_vns ? passed_vns : lag_vns;
}

/* Of a wake where it slept: V has passed it by so much. */
static HOT int64_t waking_lag_vns(const struct rq *rq, const struct sc *c, int64_t passed_vns)
{
    if (!LIKELY(passed_vns >= 0))
        return debt_vns(rq, c, passed_vns);
    if (LIKELY(c->lag_vns <= 0))
        return 0;
    return passed_vns < c->lag_vns ? passed_vns : c->lag_vns;
}

/* B and L of `c` between two CPUs: how far apart it may be from V here. */
static int64_t reach_vns(const struct rq *rq, const struct sc *c, const struct clock *own,
                         const struct clock *from)
{
    return sc_virtual_vns(clock_contact_ns(own, from, c->latency_class), c->weight) +
           lag_bound_vns(rq, c);
}

/* It slept on the CPU with the clock `from`, and wakes on the one with `own`. */
static struct joining join_awake(const struct rq *rq, const struct sc *c, const struct clock *own,
                                 const struct clock *from)
{
    int64_t passed_vns = clock_g(own) - vtime_add(c->v, from->zone_vns).vns;
    struct joining j = {.left_vns = c->slice_vns};

    if (passed_vns < -reach_vns(rq, c, own, from)) /* out of contact: its position means nothing */
        j.lag_vns = c->lag_vns < 0 ? c->lag_vns : 0;
    else
        j.lag_vns = clamp(passed_vns, INT64_MIN, c->lag_vns > 0 ? c->lag_vns : 0);
    return j;
}

/* It ran or was queued on the CPU with the clock `from`, and goes on here. */
static struct joining join_moved(const struct rq *rq, const struct sc *c, const struct clock *own,
                                 const struct clock *from)
{
    struct joining j = {.left_vns = vtime_diff_vns(c->vdeadline, c->v)};
    uint16_t epoch = clock_epoch_bit(own->time);

    /* Halved on its way, a position says nothing; that is seldom. */
    if ((c->v_clock & SC_EPOCH) == epoch &&
        clock_in_contact(own, from, c->weight, c->latency_class)) {
        j.lag_vns = clock_g(own) - c->v.vns;
        if (j.lag_vns > 0) /* a credit makes it eligible, not urgent: the deadline counts from V */
            j.left_vns += j.lag_vns;
        j.keeps_position = true;
        return j;
    }
    j.lag_vns = clamp(c->lag_vns, -reach_vns(rq, c, own, from), lag_bound_vns(rq, c));
    if ((c->v_clock & SC_FORCED) != 0 && j.lag_vns > -c->bound_vns)
        j.lag_vns = -c->bound_vns;
    return j;
}

/* V while somebody competes; apart, so that the sums need not be at hand for it. */
static NOINLINE struct vtime v_of_sums(const struct rq *rq)
{
    return vtime_add(rq->v0, average_vns(rq));
}

/* Compete from now on, at `j` of V.  Returns: V with it. */
static HOT struct vtime join_at(struct rq *rq, struct sc *c, struct vtime v_now, struct joining j)
{
    int64_t lag_vns = j.lag_vns;

    if (rq->w == 0)
        rq->v0 = v_now;
    else if (lag_vns > 0 && !j.keeps_position)
        lag_vns += (int64_t)fixmul_div((uint64_t)lag_vns, c->weight, (uint64_t)rq->w);
    c->v = vtime_add(v_now, -lag_vns);
    c->vdeadline = vtime_add(c->v, j.left_vns);
    sums_add(rq, c);
    /* S' = S + w floor(S/W), so floor(S'/(W + w)) is floor(S/W): who joins at V leaves it there. */
    return LIKELY(lag_vns == 0) ? v_now : v_of_sums(rq);
}

/* Where one from another CPU joins. */
static struct joining join_across(const struct sched *s, struct rq *rq, const struct sc *c,
                                  struct mono now)
{
    struct clock own = clock_own(s, rq, now);
    uint32_t origin = (c->v_clock & SC_CLOCK_CPU) - 1u;
    struct clock from = own;

    if (origin != rq->cpu && !clock_read(s, origin, now, &from)) /* only its lag is known */
        return (struct joining){.lag_vns = clamp(c->lag_vns, -c->bound_vns, c->bound_vns),
                                .left_vns = c->slice_vns};
    int64_t behind_vns = clock_g(&from) - clock_g(&own);

    if (rq->w == 0 && (behind_vns > 0 || from.count > 0)) /* an idle clock compares with nobody */
        own = clock_shift(s, rq, behind_vns, now);
    return (c->v_clock & SC_MOVED) != 0 ? join_moved(rq, c, &own, &from)
                                        : join_awake(rq, c, &own, &from);
}

/* Was it given another lag than it left with? */
static void note_clamped(const struct rq *rq, const struct sc *c, const struct joining *j,
                         struct mono now)
{
    if ((c->v_clock & SC_MOVED) == 0 || j->keeps_position || j->lag_vns == c->lag_vns)
        return;
    why_tell(rq_arena(rq), rq, sc_thread(c),
             &(struct why){.rule = WHY_CLAMPED_ARRIVING,
                           .subject_slot = SLOT_NONE,
                           .time_ns = now.ns,
                           .a = c->lag_vns,
                           .b = j->lag_vns});
}

/* A new one joins at V, but not before who left a debt behind here, nor before who made it. */
static struct joining join_new(const struct sched *s, struct rq *rq, const struct sc *c,
                               struct mono now)
{
    struct vtime v_now = fair_now(s, rq, now);
    int64_t ahead_vns = vtime_diff_vns(rq->v_ended, v_now);

    if (ahead_vns < 0) /* so that it stays near */
        rq->v_ended = v_now;
    int64_t debt_vns = ahead_vns > -c->lag_vns ? ahead_vns : -c->lag_vns;

    return (struct joining){.lag_vns = -clamp(debt_vns, 0, c->bound_vns),
                            .left_vns = c->slice_vns / 2};
}

void fair_inherit(const struct sched *s, const struct rq *rq, struct sc *c)
{
    int64_t lag_vns = vtime_diff_vns(v_of_sums(rq), rq_current_sc(s, rq)->v);

    c->lag_vns = lag_vns < 0 ? lag_vns : 0;
}

void fair_end(struct rq *rq, const struct sc *c)
{
    if (c->lag_vns < 0 && vtime_diff_vns(c->v, rq->v_ended) > 0)
        rq->v_ended = c->v;
}

static NOINLINE struct vtime join_from_elsewhere(const struct sched *s, struct rq *rq,
                                                 struct sc *c, struct mono now)
{
    struct joining j = {0};

    if (c->v_clock != 0)
        j = join_across(s, rq, c, now);
    else
        j = join_new(s, rq, c, now);
    note_clamped(rq, c, &j, now);
    if (rq->w == 0 && j.lag_vns != 0) {
        /* Its position becomes the queue's.  G goes there and V stays, so that who sleeps here is
         * where it was to V: else each arrival with a credit would leave the sleepers in debt. */
        (void)clock_shift(s, rq, -j.lag_vns, now);
        j.lag_vns = 0;
    }
    /*
     * Who comes with more than a slice is far behind whoever runs here, and should run first: were
     * it to wait, the CPU that gave it away, idle a moment later, would take it back unserved.  Not
     * before the end of a shorter slice, though.
     */
    if (j.keeps_position && j.lag_vns > c->slice_vns && c->latency_class >= rq->current_class)
        rq->need_pick = PICK_ASKED;
    c->v_clock = (uint16_t)(rq->cpu + 1);
    return join_at(rq, c, fair_now(s, rq, now), j);
}

HOT struct vtime fair_join(struct sched *s, struct rq *rq, struct sc *c, struct mono now)
{
    if (!LIKELY(c->v_clock == rq->cpu + 1)) /* it did not sleep here */
        return join_from_elsewhere(s, rq, c, now);
    struct vtime v_now = fair_now(s, rq, now);
    struct joining j = {.lag_vns = waking_lag_vns(rq, c, vtime_diff_vns(v_now, c->v)),
                        .left_vns = c->slice_vns};

    return join_at(rq, c, v_now, j);
}

/* Its position is on G from now on: who comes to this queue may move the zone before it arrives. */
static NOINLINE void leave_for_another(const struct rq *rq, struct sc *c, struct mono now)
{
    int64_t zone_vns = clock_zone_vns(rq, now);

    c->v = vtime_add(c->v, zone_vns);
    c->vdeadline = vtime_add(c->vdeadline, zone_vns);
    c->v_clock |= SC_MOVED | clock_epoch_bit(now);
}

/* More than may be carried out is not. */
static COLD void clamp_credit(const struct rq *rq, struct sc *c, int64_t bound_vns,
                              struct mono now)
{
    why_tell(rq_arena(rq), rq, sc_thread(c),
             &(struct why){.rule = WHY_CLAMPED_LEAVING,
                           .subject_slot = SLOT_NONE,
                           .time_ns = now.ns,
                           .a = c->lag_vns,
                           .b = bound_vns});
    c->lag_vns = bound_vns;
}

HOT void fair_leave(struct rq *rq, struct sc *c, struct mono now, bool moves)
{
    int64_t bound = lag_bound_vns(rq, c);
    struct vtime v_now = vtime_add(rq->v0, average_vns(rq)); /* it still counts here */
    int64_t lag_vns = vtime_diff_vns(v_now, c->v);

    ASSERT(c->v_clock == rq->cpu + 1);
    c->lag_vns = lag_vns;
    if (!LIKELY(lag_vns <= bound))
        clamp_credit(rq, c, bound, now);
    sums_remove(rq, c);
    if (rq->w == 0) {
        rq->v0 = v_now;
        rq->empty_since = now;
    }
    if (moves)
        leave_for_another(rq, c, now);
}

void fair_rejoin(struct rq *rq, struct sc *c)
{
    c->v_clock = (uint16_t)(rq->cpu + 1);
    sums_add(rq, c);
}

HOT void fair_charge(struct rq *rq, struct sc *c, uint64_t run_ns)
{
    int64_t advance_vns = sc_charge(c, run_ns);

    rq->s = wide_add_mul(rq->s, advance_vns, (int64_t)c->weight);
    if (vtime_diff_vns(c->v, c->vdeadline) >= 0)
        c->vdeadline = vtime_add(c->v, c->slice_vns);
    int64_t key = vtime_diff_vns(c->v, rq->v0);

    if (!LIKELY(is_within(key, REBASE_VNS_BITS)))
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
    if (waking->latency_class <= rq->current_class || overload_is_on(rq))
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

/* `lag_vns` at `weight` instead of `old`: lag * w stays. */
static int64_t scaled_vns(int64_t lag_vns, uint32_t old, uint32_t weight)
{
    uint64_t magnitude = fixmul_div(lag_vns >= 0 ? (uint64_t)lag_vns : (uint64_t)-lag_vns, old,
                                    weight);

    return lag_vns >= 0 ? (int64_t)magnitude : -(int64_t)magnitude;
}

static void set_weight(struct sc *c, uint32_t weight)
{
    c->remainder = (uint32_t)((uint64_t)c->remainder * weight / c->weight);
    c->weight = weight;
    sc_rate(c);
}

void fair_reweight_at_rest(struct sc *c, uint32_t weight)
{
    int64_t lag_vns = clamp(c->lag_vns, -REWEIGHT_VNS_MAX, REWEIGHT_VNS_MAX);
    int64_t kept_vns = scaled_vns(lag_vns, c->weight, weight);

    c->v = vtime_add(c->v, lag_vns - kept_vns);
    c->lag_vns = kept_vns;
    set_weight(c, weight);
}

void fair_reweight(struct sched *s, struct rq *rq, uint32_t sc, uint32_t weight)
{
    struct sc *c = sc_of(s, sc);
    int64_t key = average_vns(rq);
    int64_t lag_vns = clamp(key - key_of(rq, c->v), -REWEIGHT_VNS_MAX, REWEIGHT_VNS_MAX);
    int64_t left_vns = vtime_diff_vns(c->vdeadline, c->v);

    ASSERT(weight >= WEIGHT_MIN);
    ASSERT(weight <= WEIGHT_MAX);
    sums_remove(rq, c);
    c->v = vtime_add(rq->v0, key - scaled_vns(lag_vns, c->weight, weight));
    c->vdeadline = vtime_add(c->v, (int64_t)fixmul_div((uint64_t)left_vns, c->weight, weight));
    set_weight(c, weight);
    sums_add(rq, c);
}

static void count_in(const struct rq *rq, const struct sc *c, struct wide *sum, int64_t *weight)
{
    *sum = wide_add_mul(*sum, key_of(rq, c->v), (int64_t)c->weight);
    *weight += c->weight;
}

void fair_check(const struct sched *s, uint32_t cpu)
{
    const struct rq *rq = rq_of(s, cpu);
    struct wide sum = {0, 0};
    int64_t weight = 0;

    eedq_check(s, &rq->fair);
    for (uint32_t sc = eedq_first(s, &rq->fair); sc != SLOT_NONE;
         sc = eedq_next(s, &rq->fair, sc))
        count_in(rq, sc_of(s, sc), &sum, &weight);
    if (rq->current != SLOT_NONE)
        count_in(rq, rq_current_sc(s, rq), &sum, &weight);
    ASSERT(weight == rq->w);
    ASSERT(sum.high == rq->s.high);
    ASSERT(sum.low == rq->s.low);
}
