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
    assert_int_equal(rq_of(f->s, 1)->stat.steal_count + rq_of(f->s, 2)->stat.steal_count +
                         rq_of(f->s, 3)->stat.steal_count,
                     3);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balance_spreads_a_queue_over_idle_cpus),
        cmocka_unit_test(test_balance_leaves_pinned_work),
        cmocka_unit_test(test_balance_comes_back_for_a_busy_victim),
        cmocka_unit_test(test_balance_searches_beyond_its_tries),
        cmocka_unit_test(test_balance_steals_from_an_inbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
