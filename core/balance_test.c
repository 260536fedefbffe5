/* SPDX-License-Identifier: MIT */
#include "core/balance.h"
#include "core/fixture/fixture.h"

static struct thread_ref queued_on_0(struct fixture *f, uint64_t mask)
{
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)fixture_wake(f, 0, ref);
    thread_mask_set(f->s, ref.slot, &mask);
    return ref;
}

/* Goal: work queued on one CPU spreads to the idle ones without further events.  Method: four
 * threads on CPU 0's queue, masks widened; one decision there and the kicks it causes. */
static void test_balance_spreads_a_queue_over_idle_cpus(void **state)
{
    struct fixture *f = fixture_new(4, 8, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        (void)queued_on_0(f, 0xf);
    for (unsigned i = 0; i < 4; i++) {
        fixture_decide(f, 0);
        fixture_deliver_all(f);
    }
    for (uint32_t cpu = 0; cpu < 4; cpu++)
        assert_int_not_equal(fixture_current(f, cpu), SLOT_NONE);
    uint64_t steal_count = rq_of(f->s, 1)->stat.steal_count + rq_of(f->s, 2)->stat.steal_count +
                           rq_of(f->s, 3)->stat.steal_count;

    assert_in_range(steal_count, 3, 4); /* the first thief may take two */
    fixture_free(f);
}

/* Goal: pinned work is left alone, and nobody is kicked for it. */
static void test_balance_leaves_pinned_work(void **state)
{
    struct fixture *f = fixture_new(4, 8, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        (void)queued_on_0(f, 1);
    fixture_decide(f, 0);
    assert_int_equal(f->last.kick_count, 0);
    fixture_deliver_all(f);
    fixture_decide(f, 2);
    assert_int_equal(fixture_current(f, 2), SLOT_NONE);
    assert_true(mono_is_never(f->arm_at[2]));
    fixture_free(f);
}

/* Goal: a busy lock is no reason to wait: the CPU goes idle with a second look armed. */
static void test_balance_comes_back_for_a_busy_victim(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref waiting;

    (void)state;
    (void)queued_on_0(f, 1);
    waiting = queued_on_0(f, 3);
    rq_of(f->s, 0)->lock.refuse_count = 1;
    fixture_decide(f, 1);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    assert_int_equal(f->arm_at[1].ns, f->now.ns + STEAL_RETRY_NS);
    assert_int_equal(rq_of(f->s, 1)->stat.contended_count, 1);
    fixture_run(f, STEAL_RETRY_NS);
    assert_int_equal(fixture_current(f, 1), waiting.slot);
    fixture_free(f);
}

/* Goal: work is found however many CPUs have only pinned work queued.  Method: more of those than
 * tries, between the idle CPU and the one with work; then that one has none either. */
static void test_balance_searches_beyond_its_tries(void **state)
{
    struct fixture *f = fixture_new(STEAL_TRY_MAX + 3, 32, 0);
    uint32_t last = STEAL_TRY_MAX + 2;
    uint64_t either = UINT64_C(1) | UINT64_C(1) << last;
    struct thread_ref ref = THREAD_REF_NONE;

    (void)state;
    for (uint32_t cpu = 1; cpu <= last; cpu++) {
        for (unsigned i = 0; i < 2; i++) {
            ref = fixture_thread(f, 1024, LATENCY_NORMAL, UINT64_C(1) << cpu, cpu);
            (void)fixture_wake(f, cpu, ref);
        }
    }
    fixture_decide(f, 0);
    fixture_run(f, 10 * STEAL_RETRY_NS);
    assert_int_equal(fixture_current(f, 0), SLOT_NONE);
    assert_true(mono_is_never(f->arm_at[0])); /* it has looked everywhere */
    thread_mask_set(f->s, ref.slot, &either);
    fixture_decide(f, last);
    fixture_deliver_all(f);
    fixture_run(f, 10 * STEAL_RETRY_NS);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    fixture_free(f);
}

/* Goal: after a busy lock the second look is a whole one: the hint for what was queued meanwhile on
 * a CPU passed before may have gone to another, which took what the lock hid.  Method: CPU 1 passes
 * CPU 2 and finds CPU 0's lock taken; CPU 2's hint goes to CPU 3, which steals from CPU 0. */
static void test_balance_looks_everywhere_again(void **state)
{
    struct fixture *f = fixture_new(4, 8, 0);
    uint64_t not_0 = 0xe;

    (void)state;
    (void)queued_on_0(f, 1);
    struct thread_ref hidden = queued_on_0(f, 0xb);
    struct thread_ref late = THREAD_REF_NONE;

    rq_of(f->s, 0)->lock.refuse_count = 1;
    fixture_decide(f, 1);
    assert_int_equal(f->arm_at[1].ns, f->now.ns + STEAL_RETRY_NS);
    for (unsigned i = 0; i < 2; i++) {
        late = fixture_thread(f, 1024, LATENCY_NORMAL, 4, 2);
        (void)fixture_wake(f, 2, late);
    }
    thread_mask_set(f->s, late.slot, &not_0);
    fixture_decide(f, 2);
    assert_false(fixture_deliver(f, 1));
    assert_true(fixture_deliver(f, 3));
    assert_int_equal(fixture_current(f, 3), hidden.slot);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    fixture_run(f, STEAL_RETRY_NS);
    assert_int_equal(fixture_current(f, 1), late.slot);
    fixture_free(f);
}

/* Goal: a thread that still sits in a busy CPU's inbox can be stolen too. */
static void test_balance_steals_from_an_inbox(void **state)
{
    struct fixture *f = fixture_new(3, 8, 0);
    struct thread_ref posted;

    (void)state;
    (void)queued_on_0(f, 1);
    (void)queued_on_0(f, 1);
    for (uint32_t cpu = 1; cpu < 3; cpu++) {
        uint64_t only = UINT64_C(1) << cpu;

        (void)fixture_wake(f, cpu, fixture_thread(f, 1024, LATENCY_NORMAL, only, cpu));
        fixture_deliver_all(f);
    }
    posted = fixture_thread(f, 1024, LATENCY_NORMAL, 5, 0);
    assert_int_equal(fixture_wake(f, 1, posted).kick_count, 0);
    assert_int_equal(thread_word_read(f->s, posted.slot).state, THREAD_INBOX);
    fixture_block(f, 2);
    assert_int_equal(fixture_current(f, 2), posted.slot);
    fixture_free(f);
}

/* A hog pinned to each of `count` CPUs, so that nobody is idle. */
static void occupy(struct fixture *f, uint32_t count)
{
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        struct thread_ref ref =
            fixture_thread(f, 1024, LATENCY_NORMAL, UINT64_C(1) << cpu, cpu);

        (void)fixture_wake(f, cpu, ref);
        fixture_deliver_all(f);
    }
}

/* Goal: a CPU whose clock is behind by more than H gives, and not before.  Method: 1 and 2 hogs on
 * two CPUs; the gap grows by half of the time that passes. */
static void test_balance_pushes_to_who_leads(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref moved;

    (void)state;
    occupy(f, 2);
    moved = fixture_thread(f, 1024, LATENCY_NORMAL, 3, 0);
    (void)fixture_wake(f, 0, moved);
    fixture_run(f, 2 * PUSH_LEAD_NS - NS_PER_MS);
    assert_int_equal(rq_of(f->s, 0)->stat.push_count, 0);
    fixture_run(f, 4 * PUSH_CHECK_NS);
    assert_int_equal(rq_of(f->s, 0)->stat.push_count, 1);
    assert_int_equal(thread_of(f->s, moved.slot)->ledger.migration_count, 1);
    assert_int_equal(thread_word_read(f->s, moved.slot).cpu, 1);
    fixture_free(f);
}

/* Goal: who has least of others' time gains nothing by it: three hogs on two CPUs come out equal.
 * Method: 10 s; each within a slice and H of two thirds. */
static void test_balance_shares_three_on_two(void **state)
{
    struct fixture *f = fixture_new(2, 3, 0);
    struct thread_ref refs[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        refs[i] = fixture_thread(f, 1024, LATENCY_NORMAL, 3, i % 2);
        (void)fixture_wake(f, i % 2, refs[i]);
        fixture_deliver_all(f);
    }
    fixture_run(f, 10 * NS_PER_S);
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(fixture_runtime_ns(f, refs[i]), 20 * NS_PER_S / 3 - 2 * PUSH_LEAD_NS,
                        20 * NS_PER_S / 3 + 2 * PUSH_LEAD_NS);
    fixture_free(f);
}

/* Goal: pinned threads are never candidates, however far behind their CPU is. */
static void test_balance_never_pushes_the_pinned(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);

    (void)state;
    occupy(f, 2);
    for (unsigned i = 0; i < 3; i++)
        (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    fixture_run(f, 5 * NS_PER_S);
    assert_int_equal(rq_of(f->s, 0)->stat.push_count, 0);
    assert_int_equal(rq_of(f->s, 1)->stat.push_count, 0);
    fixture_free(f);
}

/* Goal: the pinned are no candidates, so they take no look from who may go.  Method: seven of them
 * and one that may leave, on a CPU that falls behind by 7 ms in 8: it is given away at the first
 * look after the gap is more than H. */
static void test_balance_pinned_take_no_turn(void **state)
{
    struct fixture *f = fixture_new(2, 16, 0);
    struct thread_ref free;

    (void)state;
    occupy(f, 2);
    for (unsigned i = 0; i < 6; i++)
        (void)fixture_wake(f, 0, fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0));
    free = queued_on_0(f, 3);
    fixture_run(f, PUSH_LEAD_NS * 8 / 7 + 2 * PUSH_CHECK_NS);
    assert_int_equal(rq_of(f->s, 0)->stat.push_count, 1);
    assert_int_equal(thread_of(f->s, free.slot)->ledger.migration_count, 1);
    fixture_free(f);
}

/* Goal: a thief takes half of what is queued, not all.  Method: six queued on CPU 0, one thief. */
static void test_balance_steals_half(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);

    (void)state;
    for (unsigned i = 0; i < 7; i++)
        (void)queued_on_0(f, 3);
    assert_int_equal(rq_queued_count(rq_of(f->s, 0)), 6);
    fixture_decide(f, 1);
    assert_int_equal(rq_of(f->s, 1)->stat.steal_count, 3);
    assert_int_equal(rq_queued_count(rq_of(f->s, 0)), 3);
    assert_int_equal(rq_queued_count(rq_of(f->s, 1)), 2);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* CPU 0 has 16 queued for anybody; `thief` runs dry and steals.  Returns: how many it took. */
static uint64_t steal_once(struct fixture *f, uint32_t thief)
{
    const uint64_t *count = &rq_of(f->s, thief)->stat.steal_count;
    uint64_t before = *count;

    while (rq_queued_count(rq_of(f->s, 0)) < 2 * STEAL_SCAN_MAX)
        (void)queued_on_0(f, (UINT64_C(1) << f->s->cpu_count) - 1);
    if (fixture_current(f, thief) == SLOT_NONE)
        fixture_decide(f, thief);
    while (*count == before) /* at most what it stole last */
        fixture_exit(f, thief);
    return *count - before;
}

/* Goal: a thief takes STEAL_TAKE_MAX in a window, then one at a time, but one always; in the next
 * window it takes halves again.  Method: steal after steal, all that was stolen ending. */
static void test_balance_thief_has_a_budget(void **state)
{
    struct fixture *f = fixture_new(2, 64, 0);

    (void)state;
    for (unsigned window = 0; window < 2; window++) {
        for (unsigned i = 0; i < STEAL_TAKE_MAX / STEAL_SCAN_MAX; i++)
            assert_int_equal(steal_once(f, 1), STEAL_SCAN_MAX);
        for (unsigned i = 0; i < 40; i++)
            assert_int_equal(steal_once(f, 1), 1);
        f->now = mono_add(f->now, STEAL_WINDOW_NS);
        fixture_decide(f, 0);
    }
    fixture_free(f);
}

/* Goal: a victim loses STEAL_LOSE_MAX in a window, then one at a time, whoever the thieves are.
 * Method: twelve thieves, each with a budget of its own, steal once each. */
static void test_balance_victim_has_a_budget(void **state)
{
    struct fixture *f = fixture_new(13, 256, 0);

    (void)state;
    for (uint32_t thief = 1; thief <= 12; thief++)
        assert_int_equal(steal_once(f, thief),
                         thief <= STEAL_LOSE_MAX / STEAL_SCAN_MAX ? STEAL_SCAN_MAX : 1);
    fixture_deliver_all(f);
    fixture_free(f);
}

/* Goal: what is left of a budget is taken, no more.  Method: a steal of three before those of
 * eight: the last has five left. */
static void test_balance_budget_is_used_up(void **state)
{
    struct fixture *f = fixture_new(2, 64, 0);

    (void)state;
    for (unsigned i = 0; i < 7; i++)
        (void)queued_on_0(f, 3);
    fixture_decide(f, 1);
    assert_int_equal(rq_of(f->s, 1)->stat.steal_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(steal_once(f, 1), STEAL_SCAN_MAX);
    assert_int_equal(steal_once(f, 1), STEAL_TAKE_MAX - 3 - 3 * STEAL_SCAN_MAX);
    assert_int_equal(steal_once(f, 1), 1);
    fixture_deliver_all(f);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balance_pushes_to_who_leads),
        cmocka_unit_test(test_balance_shares_three_on_two),
        cmocka_unit_test(test_balance_never_pushes_the_pinned),
        cmocka_unit_test(test_balance_pinned_take_no_turn),
        cmocka_unit_test(test_balance_steals_half),
        cmocka_unit_test(test_balance_thief_has_a_budget),
        cmocka_unit_test(test_balance_victim_has_a_budget),
        cmocka_unit_test(test_balance_budget_is_used_up),
        cmocka_unit_test(test_balance_spreads_a_queue_over_idle_cpus),
        cmocka_unit_test(test_balance_leaves_pinned_work),
        cmocka_unit_test(test_balance_comes_back_for_a_busy_victim),
        cmocka_unit_test(test_balance_searches_beyond_its_tries),
        cmocka_unit_test(test_balance_looks_everywhere_again),
        cmocka_unit_test(test_balance_steals_from_an_inbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
