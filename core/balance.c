/* SPDX-License-Identifier: MIT */
#include "core/balance.h"
#include "core/inbox.h"
#include "core/overload.h"
#include "core/wake.h"
#include "core/why.h"

static bool may_run_on(const struct sched *s, uint32_t sc, uint32_t cpu)
{
    return thread_allows(s, sc_thread(sc_of(s, sc)), cpu);
}

static void explain_steal(struct sched *s, struct rq *rq, uint32_t victim, uint32_t thread,
                          struct mono now)
{
    rq->stat.steal_count++;
    why_migrated(s, rq, thread, (struct why){.rule = WHY_MIGRATED_STOLEN,
                                             .time_ns = now.ns,
                                             .a = rq->cpu,
                                             .b = victim});
}

/* Threads on their way from a victim to a thief. */
struct loot {
    uint32_t count;
    uint32_t threads[STEAL_SCAN_MAX]; /* contexts at first, then who executes on them */
};

/* Count anew if `now` is in another window than the one that was counted. */
static void enter_window(uint32_t *window, uint32_t *count, struct mono now)
{
    uint32_t number = (uint32_t)(now.ns / STEAL_WINDOW_NS);

    if (*window == number)
        return;
    *window = number;
    *count = 0;
}

static uint32_t left_of(uint32_t max, uint32_t count)
{
    return count < max ? max - count : 0;
}

/* How many `thief` may take of those queued on `from`, whose lock is held: half, as far as both
 * budgets reach; but one always, or an idle CPU would stay idle beside work. */
static uint32_t most_of(struct rq *thief, struct rq *from, struct mono now)
{
    uint32_t count = (rq_queued_count(from) + 1) / 2;

    enter_window(&thief->taken_window, &thief->taken_count, now); /* its CPU's alone: no lock */
    enter_window(&from->lost_window, &from->lost_count, now);
    uint32_t take = left_of(STEAL_TAKE_MAX, thief->taken_count);
    uint32_t lose = left_of(STEAL_LOSE_MAX, from->lost_count);

    count = count < take ? count : take;
    count = count < lose ? count : lose;
    return count > 0 ? count : 1;
}

/* One victim, whose lock was free. */
static void take_from(struct sched *s, uint32_t victim, uint32_t cpu, struct mono now,
                      struct decision *d, struct loot *loot)
{
    struct rq *from = rq_of(s, victim);
    struct rq *thief = rq_of(s, cpu);

    bool has_drained = inbox_drain(s, from, cpu, now) > 0;
    uint32_t most = most_of(thief, from, now);
    uint32_t found_count = eedq_search(s, &from->fair, may_run_on, cpu, loot->threads);

    loot->count = found_count < most ? found_count : most;
    thief->taken_count += loot->count;
    from->lost_count += loot->count;
    for (uint32_t i = 0; i < loot->count; i++) {
        loot->threads[i] = sc_thread(sc_of(s, loot->threads[i]));
        rq_detach(s, from, loot->threads[i], cpu, now);
    }
    bool must_look = rq_publish_overload(s, from);

    /* The owner may be about to halt, or to go on without a timer: what we took out of its inbox it
     * will not find there any more. */
    if (has_drained && rq_queued_count(from) > 0)
        must_look |= (port_load32(&from->published) & (PUBLISHED_IDLE | PUBLISHED_SOLO)) != 0;
    if (must_look && d->kick_count < KICK_MAX)
        wake_kick(s, victim, KICK_INBOX, d);
}

static enum steal_result try_victim(struct sched *s, uint32_t victim, uint32_t cpu,
                                    struct mono now, struct decision *d)
{
    struct rq *from = rq_of(s, victim);
    struct rq *rq = rq_of(s, cpu);

    if (!port_trylock(&from->lock)) {
        rq->stat.contended_count++;
        return STEAL_CONTENDED;
    }
    struct loot loot;

    take_from(s, victim, cpu, now, d, &loot);
    port_unlock(&from->lock);
    if (loot.count == 0)
        return STEAL_NOTHING;
    port_lock(&rq->lock);
    for (uint32_t i = 0; i < loot.count; i++) {
        rq_attach(s, rq, loot.threads[i], cpu, now);
        explain_steal(s, rq, victim, loot.threads[i], now);
    }
    /* Of one the overload bit is the next decision's: set here, it would let idle CPUs take the
     * same thread from one another for ever. */
    if (rq_queued_count(rq) > 1) {
        rq_publish_queued(s, rq);
        (void)balance_offer(s, rq, d);
    }
    port_unlock(&rq->lock);
    return STEAL_DONE;
}

/* Which of the overloaded CPUs of `cluster` come from CPU `first` on and before CPU `end`? */
static uint64_t victims(const struct sched *s, uint32_t cluster, uint32_t first, uint32_t end)
{
    uint64_t word = port_load64(&s->clusters[cluster].overload.bits);
    uint32_t base = cluster * CLUSTER_CPUS;

    if (first > base)
        word &= first < base + CLUSTER_CPUS ? UINT64_MAX << (first - base) : 0;
    if (end < base + CLUSTER_CPUS)
        word &= end > base ? ~(UINT64_MAX << (end - base)) : 0;
    return word;
}

/* The first overloaded CPU from `*at` on round to `cpu`, or CPU_NONE; *at moves behind it. */
static uint32_t next_victim(const struct sched *s, uint32_t cpu, uint32_t *at)
{
    uint32_t all = s->mask_words * CLUSTER_CPUS;

    for (uint32_t part = 0; part < 2; part++) { /* up to the last CPU, then from 0 up to `cpu` */
        uint32_t end = *at > cpu ? all : cpu;

        for (uint32_t cluster = *at / CLUSTER_CPUS; cluster * CLUSTER_CPUS < end; cluster++) {
            uint64_t word = victims(s, cluster, *at, end);

            if (word != 0) {
                uint32_t victim = cluster * CLUSTER_CPUS + bits_lowest(word);

                *at = victim + 1;
                return victim;
            }
        }
        if (end == cpu)
            break;
        *at = 0;
    }
    return CPU_NONE;
}

enum steal_result balance_steal(struct sched *s, uint32_t cpu, struct mono now,
                                struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);
    uint32_t at = rq->steal_from;
    bool is_hidden = false; /* what some victim has: its lock was taken */

    for (unsigned tries = 0; tries < STEAL_TRY_MAX; tries++) {
        uint32_t victim = next_victim(s, cpu, &at);

        if (victim == CPU_NONE)
            break;
        if (d->kick_count == KICK_MAX) { /* it might have to be kicked */
            is_hidden = true;
            break;
        }
        enum steal_result one = try_victim(s, victim, cpu, now, d);

        if (one == STEAL_DONE)
            return STEAL_DONE;
        is_hidden |= one == STEAL_CONTENDED;
    }
    /*
     * A second look begins where this one has not been, so that it comes round.  But after a lock
     * that was taken it is a whole one: if another CPU takes what that hid, on its way to what was
     * queued meanwhile on a CPU passed here, that is for this one.
     */
    rq->steal_from = is_hidden ? cpu + 1 : at;
    if (is_hidden || next_victim(s, cpu, &at) != CPU_NONE)
        return STEAL_CONTENDED;
    rq->steal_from = cpu + 1;
    return STEAL_NOTHING;
}

/* Is some CPU idle that this context may use?  `near` names the cluster to begin with. */
static bool has_idle_cpu(const struct sched *s, uint32_t sc, uint32_t near)
{
    uint32_t thread = sc_thread(sc_of(s, sc));
    uint32_t cluster = near / CLUSTER_CPUS;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        if ((port_load64(&s->clusters[cluster].idle.bits) &
             thread_mask_word(s, thread, cluster)) != 0)
            return true;
        cluster = cluster + 1 == s->mask_words ? 0 : cluster + 1;
    }
    return false;
}

static NOINLINE void kick_idle(struct sched *s, const struct rq *rq, struct decision *d)
{
    uint32_t found[STEAL_SCAN_MAX];

    if (eedq_search(s, &rq->fair, has_idle_cpu, rq->cpu, found) == 0)
        return;
    uint32_t idle = wake_claim_idle(s, sc_thread(sc_of(s, found[0])), rq->cpu);

    if (idle != CPU_NONE)
        wake_kick(s, idle, KICK_STEAL_HINT, d);
}

/* Is nobody idle where has_idle_cpu looks?  Then the queue, which may be cold, is left alone. */
static NOINLINE bool all_are_busy(const struct sched *s, uint32_t near)
{
    uint32_t cluster = near / CLUSTER_CPUS;
    uint64_t idle = 0;

    for (uint32_t i = 0; i < s->mask_words && i < CLUSTER_SCAN_MAX; i++) {
        idle |= port_load64(&s->clusters[cluster].idle.bits);
        cluster = cluster + 1 == s->mask_words ? 0 : cluster + 1;
    }
    return idle == 0;
}

HOT bool balance_offer(struct sched *s, const struct rq *rq, struct decision *d)
{
    if (LIKELY(s->mask_words == 1 && port_load64(&s->clusters[0].idle.bits) == 0))
        return false; /* the common case of a small machine */
    if (s->mask_words > 1 && all_are_busy(s, rq->cpu))
        return false;
    if (d->kick_count < KICK_MAX)
        kick_idle(s, rq, d);
    return true;
}

/* ---- Pushes ---- */

/* May this context run anywhere but on `cpu`? */
static bool is_migratable(const struct sched *s, uint32_t sc, uint32_t cpu)
{
    return thread_mask_count(s, sc_thread(sc_of(s, sc)), cpu) > 0;
}

/* Keep the least urgent of the `count` contexts: a short run moves no load, and who woke for one
 * should not wait elsewhere.  Returns: how many they are. */
static uint32_t keep_least_urgent(const struct sched *s, uint32_t *found, uint32_t count)
{
    uint32_t least = LATENCY_CLASS_COUNT;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (sc_of(s, found[i])->latency_class < least)
            least = sc_of(s, found[i])->latency_class;
    for (uint32_t i = 0; i < count; i++)
        if (sc_of(s, found[i])->latency_class == least)
            found[kept++] = found[i];
    return kept;
}

/* Where a push may go to, and by how much that CPU leads. */
struct lead {
    uint32_t cpu;
    bool is_idle; /* and claimed */
    int64_t gap_vns;
};

/* Look at one CPU: idle is best, else who leads most. */
static void consider(struct sched *s, uint32_t cpu, const struct clock *own, struct lead *best)
{
    struct clock other;

    if (wake_claim(s, cpu)) {
        *best = (struct lead){cpu, true, 0};
        return;
    }
    if (!clock_read(s, cpu, own->time, &other))
        return;
    int64_t gap_vns = clock_g(&other) - clock_g(own);

    if (gap_vns > best->gap_vns)
        *best = (struct lead){cpu, false, gap_vns};
}

/* Look at some CPUs of the thread's mask. */
static struct lead sample_cpus(struct sched *s, struct rq *rq, uint32_t thread,
                               const struct clock *own)
{
    struct lead best = {.cpu = CPU_NONE};
    uint32_t count = thread_mask_count(s, thread, rq->cpu);

    for (uint32_t i = 0; i < PUSH_SAMPLE_COUNT && i < count && !best.is_idle; i++) {
        uint32_t nth = bits_walk(rq->push_sample++ + rq->cpu, count);
        uint32_t cpu = thread_mask_nth(s, thread, rq->cpu, nth);

        if (cpu != CPU_NONE)
            consider(s, cpu, own, &best);
    }
    return best;
}

/* Service that a gap is worth at the mean weight of `c`, which has somebody. */
static int64_t service_ns(const struct clock *c, int64_t gap_vns)
{
    return wide_floor_div(wide_add_mul((struct wide){0, 0}, gap_vns, c->w),
                          (int64_t)c->count * WEIGHT_UNIT);
}

static void push(struct sched *s, struct rq *rq, uint32_t thread, struct lead to,
                 const struct clock *own, struct decision *d)
{
    rq->stat.push_count++;
    rq_detach(s, rq, thread, to.cpu, own->time);
    (void)thread_change(thread_of(s, thread), THREAD_POST, to.cpu, 0);
    why_migrated(s, rq, thread, (struct why){.rule = WHY_MIGRATED_PUSHED,
                                             .time_ns = own->time.ns,
                                             .a = service_ns(own, to.gap_vns),
                                             .b = (int64_t)PUSH_LEAD_NS});
    wake_deliver(s, thread, to.cpu, d); /* from here on the thread is the target's */
}

/*
 * Is the gap more than H of service, at the queue's mean weight or the thread's own, whichever is
 * more?  By the mean alone, spinners of weight 1 beside a hog would stretch the hog's H; by its own
 * alone, a light thread would wait for seconds where everybody else is heavy.
 */
static bool is_behind(const struct sched *s, uint32_t thread, int64_t gap_vns,
                      const struct clock *own)
{
    int64_t weight = sc_of(s, thread_sc(thread_of(s, thread)))->weight;

    return clock_gap_exceeds(own, gap_vns, WEIGHT_UNIT, PUSH_LEAD_NS) ||
           !wide_mul_le(gap_vns, weight, (struct wide){0, PUSH_LEAD_NS * WEIGHT_UNIT});
}

void balance_push(struct sched *s, struct rq *rq, struct mono now, struct decision *d)
{
    uint32_t found[STEAL_SCAN_MAX];

    if (s->cpu_count == 1 || d->kick_count >= KICK_MAX - 1)
        return;
    uint32_t count = eedq_search(s, &rq->fair, is_migratable, rq->cpu, found);

    if (count == 0)
        return;
    struct clock own = clock_own(s, rq, now);
    struct lead best = {.cpu = CPU_NONE};

    count = keep_least_urgent(s, found, count);
    for (uint32_t i = 0; i < PUSH_TRY_MAX && i < count; i++) {
        uint32_t thread = sc_thread(sc_of(s, found[bits_walk(rq->push_cursor++, count)]));
        struct lead to = sample_cpus(s, rq, thread, &own);

        if (to.gap_vns > best.gap_vns)
            best = to;
        if (to.is_idle || is_behind(s, thread, to.gap_vns, &own)) {
            push(s, rq, thread, to, &own, d);
            break;
        }
    }
    overload_note_push(rq, clock_gap_exceeds(&own, best.gap_vns, WEIGHT_UNIT,
                                             clock_contact_ns_of(own.least_class)),
                       service_ns(&own, best.gap_vns));
}

void balance_set_idle(struct sched *s, uint32_t cpu)
{
    struct port_atomic64 *word = &s->clusters[cpu / CLUSTER_CPUS].idle.bits;
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    bool is_new = (port_or64(word, bit) & bit) == 0;

    if (is_new) /* idle since now, or claimed and kicked: it may be for work already passed */
        rq_of(s, cpu)->steal_from = cpu + 1;
}
