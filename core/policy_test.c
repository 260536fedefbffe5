/* SPDX-License-Identifier: MIT */
#include "core/policy.h"
#include "base/prng.h"
#include "core/balance.h"
#include "core/fixture/fixture.h"

static const struct sc *context_of(const struct fixture *f, struct thread_ref ref)
{
    return sc_of(f->s, ref.slot);
}

static bool is_pending(const struct fixture *f, struct thread_ref ref)
{
    return thread_word_read(f->s, ref.slot).policy_pending;
}

static enum thread_state state_of(const struct fixture *f, struct thread_ref ref)
{
    return thread_word_read(f->s, ref.slot).state;
}

/* Set both from `cpu`; neither may be refused. */
static void set(struct fixture *f, uint32_t cpu, struct thread_ref ref, uint32_t weight,
                enum latency_class class)
{
    assert_int_equal(fixture_set_weight(f, cpu, ref, weight), STATUS_OK);
    assert_int_equal(fixture_set_class(f, cpu, ref, class), STATUS_OK);
}

static void assert_has(const struct fixture *f, struct thread_ref ref, uint32_t weight,
                       enum latency_class class)
{
    const struct sc *c = context_of(f, ref);

    assert_false(is_pending(f, ref));
    assert_int_equal(c->weight, weight);
    assert_int_equal(c->latency_class, class);
    assert_int_equal(c->slice_vns, sc_virtual_vns(sc_slice_ns(class), weight));
    sched_check(f->s);
}

/* Goal: values outside their range and stale references are refused, and change nothing. */
static void test_policy_refuses_what_it_must(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref stale = {ref.slot, ref.gen + 1};
    struct thread_ref nobody = {4, 1};
    uint64_t none[CPUMASK_WORDS] = {UINT64_C(4)};

    (void)state;
    assert_int_equal(sched_set_weight(f->s, 0, ref, 0, f->now).status, STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_weight(f->s, 0, ref, WEIGHT_MAX + 1, f->now).status,
                     STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_weight(f->s, 0, stale, 5, f->now).status, STATUS_STALE);
    assert_int_equal(sched_set_weight(f->s, 0, nobody, 5, f->now).status, STATUS_STALE);
    assert_int_equal(sched_set_class(f->s, 0, ref, (enum latency_class)3, f->now).status,
                     STATUS_BAD_ARGUMENT);
    assert_int_equal(sched_set_class(f->s, 0, stale, LATENCY_BATCH, f->now).status, STATUS_STALE);
    assert_int_equal(sched_set_mask(f->s, 0, ref, none, f->now).status, STATUS_OUTSIDE_MASK);
    assert_int_equal(sched_set_mask(f->s, 0, stale, none, f->now).status, STATUS_STALE);
    assert_has(f, ref, 1024, LATENCY_NORMAL);
    fixture_free(f);
}

/* Goal: who runs here is changed by the decision that follows, charged by the old weight until
 * then; the class counts for protection at once. */
static void test_policy_changes_who_runs_here(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref a = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref b = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    (void)state;
    (void)fixture_wake(f, 0, a);
    (void)fixture_wake(f, 0, b);
    assert_int_equal(fixture_current(f, 0), a.slot);
    f->now = mono_add(f->now, 100000);
    set(f, 0, a, 2048, LATENCY_INTERACTIVE);
    assert_has(f, a, 2048, LATENCY_INTERACTIVE);
    assert_int_equal(fixture_runtime_ns(f, a), 100000);
    assert_int_equal(f->arm_at[0].ns, SLICE_INTERACTIVE_NS); /* of a stretch from 0 on */
    fixture_free(f);
}

/* Goal: who runs elsewhere is changed when the kick for it arrives, not before. */
static void test_policy_changes_who_runs_elsewhere(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)state;
    (void)fixture_wake(f, 0, ref);
    f->now = mono_add(f->now, 1000);
    set(f, 1, ref, 4096, LATENCY_BATCH);
    assert_true(is_pending(f, ref));
    assert_int_equal(context_of(f, ref)->weight, 1024);
    fixture_deliver_all(f);
    assert_has(f, ref, 4096, LATENCY_BATCH);
    fixture_free(f);
}

/* Goal: who is queued is changed at once, by its own CPU or another: V and lag * w stay, the counts
 * of classes follow, and a shorter slice takes the CPU.  Method: the running thread has run, so
 * that the queued one is owed; set from both CPUs. */
static void test_policy_changes_the_queued(void **state)
{
    (void)state;
    for (uint32_t by = 0; by < 2; by++) {
        struct fixture *f = fixture_new(2, 2, 0);
        struct thread_ref a = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct thread_ref b = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct rq *rq = rq_of(f->s, 0);

        (void)fixture_wake(f, 0, a);
        (void)fixture_wake(f, 0, b);
        f->now = mono_add(f->now, 1000000);
        fixture_decide(f, 0); /* which charges nobody: a is protected */
        (void)fixture_set_weight(f, by, b, 2048);
        int64_t charged_ns = by == 0 ? 1000000 : 0; /* only its own CPU brings current up to date */
        int64_t lag_vns = vtime_diff_vns(fair_now(f->s, rq, f->now), context_of(f, b)->v);

        assert_int_equal(lag_vns, charged_ns / 4);
        assert_has(f, b, 2048, LATENCY_NORMAL);
        assert_int_equal(fixture_current(f, 0), a.slot);
        (void)fixture_set_class(f, by, b, LATENCY_INTERACTIVE);
        fixture_deliver_all(f);
        assert_has(f, b, 2048, LATENCY_INTERACTIVE);
        assert_int_equal(fixture_current(f, 0), b.slot);
        assert_int_equal(rq->class_count[LATENCY_NORMAL], 1);
        assert_int_equal(rq->class_count[LATENCY_INTERACTIVE], 0);
        fixture_free(f);
    }
}

/* Goal: a queue whose lock is taken is not waited for: BUSY, its CPU is kicked, and the thread is
 * changed when it is picked. */
static void test_policy_waits_for_the_pick(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct thread_ref a = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref b = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)state;
    (void)fixture_wake(f, 0, a);
    (void)fixture_wake(f, 0, b);
    port_lock(&rq_of(f->s, 0)->lock);
    assert_int_equal(fixture_set_weight(f, 1, b, 512), STATUS_BUSY);
    port_unlock(&rq_of(f->s, 0)->lock);
    assert_true(cpumask_test(f->kicks, 0));
    fixture_deliver_all(f);
    assert_true(is_pending(f, b));
    fixture_run(f, 2 * SLICE_NORMAL_NS);
    assert_has(f, b, 512, LATENCY_NORMAL);
    fixture_free(f);
}

/* Goal: who is new, and who waits, is changed by the wake that queues it, here or elsewhere; its
 * new class counts for its request, and for whether a busy CPU is told. */
static void test_policy_changes_who_waits(void **state)
{
    (void)state;
    for (uint32_t by = 0; by < 2; by++) {
        struct fixture *f = fixture_new(2, 3, 0);
        struct thread_ref hog = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct thread_ref other = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

        set(f, 1, ref, 2048, LATENCY_NORMAL);
        assert_int_equal(state_of(f, ref), THREAD_NEW);
        (void)fixture_wake(f, by, ref);
        fixture_deliver_all(f);
        assert_has(f, ref, 2048, LATENCY_NORMAL);
        fixture_block(f, 0);
        (void)fixture_wake(f, 0, hog);
        (void)fixture_wake(f, 0, other); /* so that CPU 0 is not SOLO */
        set(f, 1, ref, 4096, LATENCY_INTERACTIVE);
        assert_int_equal(state_of(f, ref), THREAD_BLOCKED);
        assert_true(is_pending(f, ref));
        (void)fixture_wake(f, by, ref);
        assert_int_equal(cpumask_test(f->kicks, 0), by == 1);
        fixture_deliver_all(f);
        assert_has(f, ref, 4096, LATENCY_INTERACTIVE);
        assert_int_equal(fixture_current(f, 0), ref.slot);
        fixture_free(f);
    }
}

/* Goal: who is in an inbox is changed by who drains it, its owner, who is told, or a thief. */
static void test_policy_changes_the_posted(void **state)
{
    (void)state;
    for (uint32_t thief = 0; thief < 2; thief++) {
        struct fixture *f = fixture_new(2, 4, 0);
        struct thread_ref a = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct thread_ref b = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
        struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, thief != 0 ? 0 : 1, 0);
        struct thread_ref busy = fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1);

        (void)fixture_wake(f, 0, a);
        (void)fixture_wake(f, 0, b);
        (void)fixture_wake(f, 1, busy);
        (void)fixture_wake(f, 1, ref); /* CPU 0 is busy with two: no kick */
        assert_int_equal(state_of(f, ref), THREAD_INBOX);
        (void)fixture_set_class(f, 1, ref, LATENCY_INTERACTIVE);
        assert_true(cpumask_test(f->kicks, 0));
        if (thief != 0) {
            fixture_block(f, 1);
            assert_int_equal(fixture_current(f, 1), ref.slot);
        } else {
            fixture_decide(f, 0);
            assert_int_equal(fixture_current(f, 0), ref.slot);
        }
        assert_has(f, ref, 1024, LATENCY_INTERACTIVE);
        fixture_free(f);
    }
}

/* Goal: who is on its way between two CPUs is changed where it arrives. */
static void test_policy_changes_who_migrates(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct thread_ref running = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref queued = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)state;
    (void)fixture_wake(f, 0, running);
    (void)fixture_wake(f, 0, queued);
    rq_detach(f->s, rq_of(f->s, 0), queued.slot, 1, f->now);
    set(f, 0, queued, 77, LATENCY_BATCH);
    assert_true(is_pending(f, queued));
    rq_attach(f->s, rq_of(f->s, 1), queued.slot, 1, f->now);
    assert_int_equal(context_of(f, queued)->weight, 77);
    (void)rq_publish_overload(f->s, rq_of(f->s, 0));
    (void)rq_publish_overload(f->s, rq_of(f->s, 1));
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: a killed thread may be changed, to no effect, and what was wanted of it is nothing to the
 * next in its slot: neither what was not taken over, nor what a late setter leaves there. */
static void test_policy_of_the_dead_is_forgotten(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref old = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref new;
    struct sc *c = sc_of(f->s, old.slot);

    (void)state;
    set(f, 0, old, 5, LATENCY_BATCH);
    fixture_act(f, 0, sched_kill(f->s, 0, old, f->now));
    assert_int_equal(sched_set_weight(f->s, 0, old, 6, f->now).status, STATUS_STALE);
    sched_release(f->s, sched_take_reaped(f->s, 0));
    new = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    assert_int_equal(new.slot, old.slot);
    assert_has(f, new, 1024, LATENCY_NORMAL);
    port_store64(&c->wanted, (uint64_t)old.gen << WORD_GEN_SHIFT | 7); /* the late setter's */
    (void)fixture_set_class(f, 0, new, LATENCY_INTERACTIVE);
    (void)fixture_wake(f, 0, new);
    assert_has(f, new, 1024, LATENCY_INTERACTIVE);
    fixture_free(f);
}

/* Goal: two setters of different fields do not undo each other, the later of two of one wins. */
static void test_policy_requests_add_up(void **state)
{
    struct fixture *f = fixture_new(2, 1, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)state;
    (void)fixture_wake(f, 0, ref);
    set(f, 1, ref, 3, LATENCY_BATCH);
    (void)fixture_set_weight(f, 1, ref, 9);
    fixture_deliver_all(f);
    assert_has(f, ref, 9, LATENCY_BATCH);
    fixture_free(f);
}

#define RANDOM_CPUS 3u
#define RANDOM_THREADS 12u

struct random_life {
    struct fixture *f;
    struct prng p;
    struct thread_ref refs[RANDOM_THREADS];
    uint32_t weight[RANDOM_THREADS];
    enum latency_class class[RANDOM_THREADS];
};

static void random_policy(struct random_life *l, uint32_t cpu)
{
    uint32_t i = (uint32_t)prng_below(&l->p, RANDOM_THREADS);
    bool is_locked = prng_below(&l->p, 4) == 0 && cpu != 0;

    if (is_locked)
        port_lock(&rq_of(l->f->s, 0)->lock);
    struct decision w, c;

    l->weight[i] = 1 + (uint32_t)prng_below(&l->p, i % 3 == 0 ? WEIGHT_MAX : 3000);
    l->class[i] = (enum latency_class)prng_below(&l->p, 3);
    w = sched_set_weight(l->f->s, cpu, l->refs[i], l->weight[i], l->f->now);
    c = sched_set_class(l->f->s, cpu, l->refs[i], l->class[i], l->f->now);
    if (is_locked)
        port_unlock(&rq_of(l->f->s, 0)->lock);
    fixture_act(l->f, cpu, w);
    fixture_act(l->f, cpu, c);
}

static void random_event(struct random_life *l)
{
    uint32_t cpu = (uint32_t)prng_below(&l->p, RANDOM_CPUS);
    bool runs = fixture_current(l->f, cpu) != SLOT_NONE;
    uint64_t mask[CPUMASK_WORDS] = {1 + prng_below(&l->p, (1u << RANDOM_CPUS) - 1)};
    struct thread_ref ref = l->refs[prng_below(&l->p, RANDOM_THREADS)];

    switch (prng_below(&l->p, 8)) {
    case 0:
    case 1:
        (void)fixture_wake(l->f, cpu, ref);
        break;
    case 2:
        if (runs)
            fixture_block(l->f, cpu);
        break;
    case 3:
        if (runs)
            fixture_yield(l->f, cpu);
        break;
    case 4:
        fixture_act(l->f, cpu, sched_set_mask(l->f->s, cpu, ref, mask, l->f->now));
        break;
    case 5:
        (void)fixture_deliver(l->f, cpu);
        break;
    case 6:
        fixture_run(l->f, prng_below(&l->p, 4000000));
        break;
    default:
        random_policy(l, cpu);
    }
}

/* Whoever has nothing pending has what was last asked for. */
static void check_random(const struct random_life *l)
{
    for (uint32_t i = 0; i < RANDOM_THREADS; i++)
        if (!is_pending(l->f, l->refs[i])) {
            assert_int_equal(context_of(l->f, l->refs[i])->weight, l->weight[i]);
            assert_int_equal(context_of(l->f, l->refs[i])->latency_class, l->class[i]);
        }
    sched_check(l->f->s);
}

/* Goal: whatever threads do meanwhile, nothing asked for is lost or changed, and all sums stay
 * exact.  Method: 10^5 random events on 3 CPUs, a quarter of the changes while the queue of CPU 0
 * is locked; after each, who has no change pending has the last; at the end, once all have run,
 * nobody has one pending. */
static void test_policy_survives_random_lives(void **state)
{
    struct random_life l = {.f = fixture_new(RANDOM_CPUS, RANDOM_THREADS, 777), .p = prng_seed(12)};

    (void)state;
    for (uint32_t i = 0; i < RANDOM_THREADS; i++) {
        l.refs[i] = fixture_thread(l.f, 1024, LATENCY_NORMAL, 0, i % RANDOM_CPUS);
        l.weight[i] = 1024;
        l.class[i] = LATENCY_NORMAL;
    }
    for (uint32_t i = 0; i < 100000; i++) {
        random_event(&l);
        check_random(&l);
    }
    for (uint32_t i = 0; i < RANDOM_THREADS; i++) {
        set(l.f, 0, l.refs[i], 1024, LATENCY_NORMAL);
        l.weight[i] = 1024;
        l.class[i] = LATENCY_NORMAL;
        (void)fixture_wake(l.f, 0, l.refs[i]);
    }
    fixture_run(l.f, 50 * SLICE_BATCH_NS);
    for (uint32_t i = 0; i < RANDOM_THREADS; i++)
        assert_has(l.f, l.refs[i], 1024, LATENCY_NORMAL);
    fixture_free(l.f);
}

/* Goal: a running thread whose mask leaves its CPU moves at the next decision. */
static void test_policy_mask_moves_the_caller(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    uint64_t second[CPUMASK_WORDS] = {UINT64_C(2)};

    (void)state;
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    f->now = mono_add(f->now, 1000);
    fixture_act(f, 0, sched_set_mask(f->s, 0, ref, second, f->now));
    assert_int_equal(fixture_current(f, 0), SLOT_NONE);
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), ref.slot);
    assert_int_equal(thread_of(f->s, ref.slot)->ledger.migration_count, 1);
    assert_int_equal(fixture_runtime_ns(f, ref), 1000);
    fixture_free(f);
}

/* Goal: the same for a thread running, and for one queued, on another CPU: that CPU is kicked. */
static void test_policy_mask_moves_others(void **state)
{
    struct fixture *f = fixture_new(3, 4, 0);
    struct thread_ref running = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref queued = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    uint64_t second[CPUMASK_WORDS] = {UINT64_C(2)};
    uint64_t third[CPUMASK_WORDS] = {UINT64_C(4)};

    (void)state;
    (void)fixture_wake(f, 0, running);
    (void)fixture_wake(f, 0, queued);
    fixture_act(f, 2, sched_set_mask(f->s, 2, running, second, f->now));
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), running.slot);
    assert_int_equal(fixture_current(f, 0), queued.slot);
    (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    fixture_run(f, SLICE_NORMAL_NS); /* now `queued` waits again */
    assert_int_equal(thread_word_read(f->s, queued.slot).state, THREAD_QUEUED);
    fixture_act(f, 1, sched_set_mask(f->s, 1, queued, third, f->now));
    fixture_run(f, 3 * SLICE_NORMAL_NS);
    assert_int_equal(fixture_current(f, 2), queued.slot);
    fixture_free(f);
}

/* Goal: widening a queued thread's mask wakes an idle CPU for it. */
static void test_policy_wider_mask_uses_an_idle_cpu(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref first = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    struct thread_ref second = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    uint64_t both[CPUMASK_WORDS] = {UINT64_C(3)};

    (void)state;
    (void)fixture_wake(f, 0, first);
    (void)fixture_wake(f, 0, second);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    fixture_act(f, 0, sched_set_mask(f->s, 0, second, both, f->now));
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), second.slot);
    fixture_free(f);
}

/* Two threads of equal weight on one CPU, the first of a shorter slice; it runs that slice. */
static struct fixture *after_one_slice(enum fair_policy policy, struct thread_ref *first,
                                       struct thread_ref *second)
{
    struct fixture *f = fixture_new(1, 2, 0);

    sched_set_fair_policy(f->s, policy);
    *first = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);
    *second = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);
    (void)fixture_wake(f, 0, *first);
    (void)fixture_wake(f, 0, *second);
    fixture_run(f, SLICE_NORMAL_NS);
    return f;
}

/* Goal: EEVDF asks who is eligible, weighted fair queueing does not.  Method: the first has the
 * earlier deadline still, but has had its share: EEVDF takes the second, WFQ goes on with it. */
static void test_policy_wfq_picks_the_not_eligible(void **state)
{
    struct thread_ref first;
    struct thread_ref second;
    struct fixture *f = after_one_slice(FAIR_EEVDF, &first, &second);

    (void)state;
    assert_int_equal(fixture_current(f, 0), second.slot);
    fixture_free(f);
    f = after_one_slice(FAIR_WFQ, &first, &second);
    assert_int_equal(fixture_current(f, 0), first.slot);
    assert_true(sc_of(f->s, first.slot)->vdeadline.vns < sc_of(f->s, second.slot)->vdeadline.vns);
    fixture_run(f, 100 * SLICE_BATCH_NS); /* in the long run it is fair all the same */
    fixture_decide(f, 0);
    assert_in_range(fixture_runtime_ns(f, first), 49 * SLICE_BATCH_NS, 51 * SLICE_BATCH_NS);
    fixture_free(f);
}

/* A thread of the shortest slice overruns its share, sleeps and wakes at once beside a hog. */
static bool debtor_preempts(enum fair_policy policy)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref debtor = fixture_thread(f, 1024, LATENCY_INTERACTIVE, 1, 0);
    struct thread_ref hog = fixture_thread(f, 1024, LATENCY_BATCH, 1, 0);

    sched_set_fair_policy(f->s, policy);
    (void)fixture_wake(f, 0, debtor);
    (void)fixture_wake(f, 0, hog);
    f->now = mono_add(f->now, SLICE_INTERACTIVE_NS / 2);
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), hog.slot);
    (void)fixture_wake(f, 0, debtor);
    bool preempts = fixture_current(f, 0) == debtor.slot;

    fixture_free(f);
    return preempts;
}

/* Goal: the same for a wake: who is not eligible preempts in WFQ only. */
static void test_policy_wfq_lets_debtors_preempt(void **state)
{
    (void)state;
    assert_false(debtor_preempts(FAIR_EEVDF));
    assert_true(debtor_preempts(FAIR_WFQ));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_refuses_what_it_must),
        cmocka_unit_test(test_policy_changes_who_runs_here),
        cmocka_unit_test(test_policy_changes_who_runs_elsewhere),
        cmocka_unit_test(test_policy_changes_the_queued),
        cmocka_unit_test(test_policy_waits_for_the_pick),
        cmocka_unit_test(test_policy_changes_who_waits),
        cmocka_unit_test(test_policy_changes_the_posted),
        cmocka_unit_test(test_policy_changes_who_migrates),
        cmocka_unit_test(test_policy_of_the_dead_is_forgotten),
        cmocka_unit_test(test_policy_requests_add_up),
        cmocka_unit_test(test_policy_survives_random_lives),
        cmocka_unit_test(test_policy_mask_moves_the_caller),
        cmocka_unit_test(test_policy_mask_moves_others),
        cmocka_unit_test(test_policy_wider_mask_uses_an_idle_cpu),
        cmocka_unit_test(test_policy_wfq_picks_the_not_eligible),
        cmocka_unit_test(test_policy_wfq_lets_debtors_preempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
