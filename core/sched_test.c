/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

/* Goal: a wake before the block is not lost: the block lets the thread go on, once. */
static void test_sched_pending_wake_cancels_one_block(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)state;
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(fixture_wake(f, 1, ref).rule, WHY_WAKE_PENDING);
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), ref.slot);
    assert_int_equal(thread_of(f->s, ref.slot)->ledger.block_count, 0);
    fixture_block(f, 0);
    assert_int_equal(fixture_current(f, 0), SLOT_NONE);
    assert_int_equal(thread_of(f->s, ref.slot)->ledger.block_count, 1);
    fixture_free(f);
}

/* Goal: bad parameters are refused and take no slot. */
static void test_sched_create_refuses_bad_parameters(void **state)
{
    struct fixture *f = fixture_new(2, 1, 0);
    uint64_t outside[CPUMASK_WORDS] = {UINT64_C(0xf0)};
    struct thread_params good = {.weight = 1, .latency_class = LATENCY_BATCH};
    struct thread_params bad = good;
    struct thread_ref ref;

    (void)state;
    bad.weight = 0;
    assert_int_equal(sched_thread_create(f->s, &bad, &ref), STATUS_BAD_ARGUMENT);
    bad = good;
    bad.latency_class = (enum latency_class)9;
    assert_int_equal(sched_thread_create(f->s, &bad, &ref), STATUS_BAD_ARGUMENT);
    bad = good;
    bad.start_cpu = 2;
    assert_int_equal(sched_thread_create(f->s, &bad, &ref), STATUS_BAD_ARGUMENT);
    bad = good;
    bad.mask = outside;
    assert_int_equal(sched_thread_create(f->s, &bad, &ref), STATUS_OUTSIDE_MASK);
    assert_int_equal(sched_thread_create(f->s, &good, &ref), STATUS_OK);
    assert_int_equal(sched_thread_create(f->s, &good, &ref), STATUS_NO_SLOT);
    fixture_free(f);
}

/* Goal: giving the CPU up lets the other run. */
static void test_sched_give_up_lets_the_other_run(void **state)
{
    struct fixture *f = fixture_new(1, 2, 0);
    struct thread_ref a = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref b = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    (void)state;
    (void)fixture_wake(f, 0, a);
    (void)fixture_wake(f, 0, b);
    assert_int_equal(fixture_current(f, 0), a.slot);
    f->now = mono_add(f->now, 1000);
    fixture_yield(f, 0);
    assert_int_equal(fixture_current(f, 0), b.slot);
    fixture_free(f);
}

/* Goal: nothing is lost or doubled over a long random life.  Method: 8 CPUs, 60 threads, 3 * 10^5
 * random events with masks, ends and new threads; sched_check on the way, and at the end nobody who
 * is runnable waits beside an idle CPU that it may use. */
static void random_event(struct fixture *f, struct prng *p)
{
    uint32_t cpu = (uint32_t)prng_below(p, 8);
    uint32_t slot = (uint32_t)prng_below(p, 60);
    struct thread_ref ref = thread_ref_of(f->s, slot);
    uint64_t mask[CPUMASK_WORDS] = {1 + prng_below(p, 255)};
    struct thread_params params = {.weight = 1 + (uint32_t)prng_below(p, 3000),
                                   .latency_class = (enum latency_class)prng_below(p, 3),
                                   .start_cpu = cpu,
                                   .mask = mask};

    switch (prng_below(p, 16)) {
    case 0:
        if (sched_thread_create(f->s, &params, &ref) == STATUS_OK)
            (void)fixture_wake(f, cpu, ref);
        break;
    case 1:
        if (fixture_current(f, cpu) != SLOT_NONE)
            fixture_exit(f, cpu);
        break;
    case 2:
        fixture_act(f, cpu, sched_set_mask(f->s, cpu, ref, mask, f->now));
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        if (fixture_current(f, cpu) != SLOT_NONE)
            fixture_block(f, cpu);
        break;
    case 7:
        fixture_run(f, prng_below(p, 5 * NS_PER_MS));
        break;
    case 8:
        (void)fixture_deliver(f, cpu);
        break;
    default:
        (void)fixture_wake(f, cpu, ref);
    }
}

static void test_sched_survives_random_events(void **state)
{
    struct fixture *f = fixture_new(8, 60, 3);
    struct prng p = prng_seed(2026);

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        f->now = mono_add(f->now, prng_below(&p, 50000));
        random_event(f, &p);
        if (i % 500 == 0)
            sched_check(f->s);
    }
    fixture_run(f, 200 * NS_PER_MS);
    uint64_t idle = port_load64(&f->s->clusters[0].idle.bits);

    for (uint32_t slot = 0; slot < 60; slot++) {
        struct thread_word word = thread_word_read(f->s, slot);

        assert_int_not_equal(word.state, THREAD_MIGRATING);
        if (word.state == THREAD_QUEUED || word.state == THREAD_INBOX)
            assert_int_equal(idle & thread_mask_word(f->s, slot, 0), 0);
    }
    fixture_free(f);
}

/* Goal: a clock that stands near 2^63 changes no decision.  Method: one script from two origins,
 * equally far from the next halving of the clocks; ledgers are equal to the nanosecond. */
static void run_script(uint64_t origin_ns, uint64_t runtime_ns[6])
{
    struct fixture *f = fixture_new(2, 6, origin_ns);
    struct thread_ref refs[6];

    for (unsigned i = 0; i < 6; i++) {
        refs[i] = fixture_thread(f, 200 + 300 * i, (enum latency_class)(i % 3), 0, i % 2);
        (void)fixture_wake(f, i % 2, refs[i]);
    }
    for (unsigned i = 0; i < 2000; i++) {
        fixture_run(f, 700000 + 1000 * (i % 97));
        if (i % 3 == 0 && fixture_current(f, i % 2) != SLOT_NONE)
            fixture_block(f, i % 2);
        (void)fixture_wake(f, (i + 1) % 2, refs[i % 6]);
    }
    for (unsigned i = 0; i < 6; i++)
        runtime_ns[i] = fixture_runtime_ns(f, refs[i]);
    fixture_free(f);
}

static void test_sched_does_not_depend_on_the_origin_of_time(void **state)
{
    uint64_t from_zero[6];
    uint64_t from_wrap[6];

    (void)state;
    run_script(CLOCK_EPOCH_NS - 600 * NS_PER_MS, from_zero);
    run_script((UINT64_C(1) << 63) - 600 * NS_PER_MS, from_wrap);
    assert_memory_equal(from_zero, from_wrap, sizeof(from_zero));
    assert_true(from_zero[0] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sched_pending_wake_cancels_one_block),
        cmocka_unit_test(test_sched_create_refuses_bad_parameters),
        cmocka_unit_test(test_sched_give_up_lets_the_other_run),
        cmocka_unit_test(test_sched_survives_random_events),
        cmocka_unit_test(test_sched_does_not_depend_on_the_origin_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
