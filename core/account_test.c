/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

static struct thread_ref start(struct fixture *f, uint32_t cpu)
{
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, UINT64_C(1) << cpu, cpu);

    (void)fixture_wake(f, cpu, ref);
    return ref;
}

/* Goal: time goes to the thread that runs, and to nobody's ledger while it waits. */
static void test_account_runtime_grows_while_running_and_stops_while_blocked(void **state)
{
    struct fixture *f = fixture_new(1, 1, 1000);
    struct thread_ref ref = start(f, 0);

    (void)state;
    f->now = mono_add(f->now, 700);
    fixture_block(f, 0);
    assert_int_equal(fixture_runtime_ns(f, ref), 700);
    f->now = mono_add(f->now, 5000);
    (void)fixture_wake(f, 0, ref);
    assert_int_equal(fixture_runtime_ns(f, ref), 700);
    f->now = mono_add(f->now, 11);
    fixture_block(f, 0);
    assert_int_equal(fixture_runtime_ns(f, ref), 711);
    assert_int_equal(rq_of(f->s, 0)->idle_ns, 5000);
    assert_int_equal(rq_of(f->s, 0)->busy_ns, 711);
    fixture_free(f);
}

/* Goal: an interrupt's time is nobody's, whoever ran, and also in an idle interval. */
static void test_account_interrupt_time_is_nobodys(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref ref = start(f, 0);

    (void)state;
    f->now.ns = 100;
    fixture_decide(f, 0);
    account_interrupt(f->s, 0, (struct mono){100}, (struct mono){130});
    assert_int_equal(account_effective_since(f->s, 0).ns, 30);
    f->now.ns = 200;
    fixture_block(f, 0);
    assert_int_equal(fixture_runtime_ns(f, ref), 170);
    assert_int_equal(rq_of(f->s, 0)->irq_ns, 30);
    account_interrupt(f->s, 0, (struct mono){200}, (struct mono){205});
    f->now.ns = 300;
    (void)fixture_wake(f, 0, ref);
    fixture_decide(f, 0);
    assert_int_equal(rq_of(f->s, 0)->idle_ns, 95);
    assert_int_equal(rq_of(f->s, 0)->irq_ns, 35);
    assert_int_equal(rq_of(f->s, 0)->kernel_ns, 0);
    account_check(f->s, 0);
    fixture_free(f);
}

/* Goal: what account_interrupt answers adds up to the interrupts' account.  Method: one interrupt
 * that began before the open interval did, one within it, one that took no time. */
static void test_account_interrupt_says_what_it_took(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref ref = start(f, 0);

    (void)state;
    f->now.ns = 100;
    fixture_block(f, 0);
    assert_int_equal(account_interrupt(f->s, 0, (struct mono){90}, (struct mono){130}), 30);
    assert_int_equal(account_interrupt(f->s, 0, (struct mono){150}, (struct mono){155}), 5);
    assert_int_equal(account_interrupt(f->s, 0, (struct mono){160}, (struct mono){160}), 0);
    f->now.ns = 300;
    (void)fixture_wake(f, 0, ref);
    fixture_decide(f, 0);
    assert_int_equal(rq_of(f->s, 0)->irq_ns, 35);
    account_check(f->s, 0);
    fixture_free(f);
}

/* Goal: a clock that runs backwards charges nobody and is counted; nothing is lost afterwards. */
static void test_account_refuses_a_clock_that_runs_backwards(void **state)
{
    struct fixture *f = fixture_new(1, 1, 1000);
    struct thread_ref ref = start(f, 0);

    (void)state;
    f->now.ns = 1500;
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    account_charge(f->s, rq_of(f->s, 0), (struct mono){1400}, CHARGE_PREEMPT);
    assert_int_equal(fixture_runtime_ns(f, ref), 500);
    assert_int_equal(rq_of(f->s, 0)->stat.clock_refused_count, 1);
    f->now.ns = 1600;
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_int_equal(fixture_runtime_ns(f, ref), 600);
    fixture_free(f);
}

/* Goal: a charge above the limit is refused and goes to the kernel, so that time still adds up. */
static void test_account_refuses_an_absurd_charge(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref ref = start(f, 0);

    (void)state;
    f->now.ns = CHARGE_NS_MAX + 1;
    account_charge(f->s, rq_of(f->s, 0), f->now, CHARGE_PREEMPT);
    assert_int_equal(fixture_runtime_ns(f, ref), 0);
    assert_int_equal(rq_of(f->s, 0)->kernel_ns, CHARGE_NS_MAX + 1);
    assert_int_equal(rq_of(f->s, 0)->stat.clock_refused_count, 1);
    account_check(f->s, 0);
    fixture_free(f);
}

/* Goal: both views agree and every CPU's time adds up to the nanosecond.  Method: 10^5 random
 * events on 4 CPUs with interrupts; then sum ledgers, contexts and CPUs. */
static void test_account_conserves_every_nanosecond(void **state)
{
    struct fixture *f = fixture_new(4, 24, 77);
    struct prng p = prng_seed(5);
    struct thread_ref refs[24];
    uint64_t threads_ns = 0;
    uint64_t contexts_ns = 0;
    uint64_t busy_ns = 0;

    (void)state;
    for (unsigned i = 0; i < 24; i++)
        refs[i] = fixture_thread(f, 1 + (uint32_t)prng_below(&p, 4000), (enum latency_class)(i % 3),
                                 i % 5 ? 0 : UINT64_C(3), i % 2);
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t cpu = (uint32_t)prng_below(&p, 4);
        struct mono begin = f->now;

        f->now = mono_add(f->now, 1 + prng_below(&p, 300000));
        if (prng_below(&p, 2) != 0)
            (void)fixture_wake(f, cpu, refs[prng_below(&p, 24)]);
        else if (fixture_current(f, cpu) != SLOT_NONE)
            fixture_block(f, cpu);
        fixture_deliver_all(f);
        begin = mono_add(f->now, prng_below(&p, 100));
        account_interrupt(f->s, cpu, f->now, begin);
        f->now = begin;
    }
    f->now = mono_add(f->now, 1000);
    for (uint32_t cpu = 0; cpu < 4; cpu++) {
        if (fixture_current(f, cpu) != SLOT_NONE)
            account_charge(f->s, rq_of(f->s, cpu), f->now, CHARGE_PREEMPT);
        else
            account_idle(f->s, rq_of(f->s, cpu), f->now);
        account_check(f->s, cpu);
        assert_int_equal(rq_of(f->s, cpu)->since.ns, f->now.ns);
        busy_ns += rq_of(f->s, cpu)->busy_ns;
    }
    for (unsigned i = 0; i < 24; i++) {
        threads_ns += fixture_runtime_ns(f, refs[i]);
        contexts_ns += sc_of(f->s, refs[i].slot)->consumed_ns;
    }
    assert_int_equal(threads_ns, busy_ns);
    assert_int_equal(contexts_ns, busy_ns);
    assert_true(busy_ns > 0);
    assert_true(account_balances(f->s));
    thread_of(f->s, refs[3].slot)->ledger.runtime_ns++;
    assert_false(account_balances(f->s));
    thread_of(f->s, refs[3].slot)->ledger.runtime_ns--;
    rq_of(f->s, 2)->idle_ns++;
    assert_false(account_balances(f->s));
    rq_of(f->s, 2)->idle_ns--;
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_runtime_grows_while_running_and_stops_while_blocked),
        cmocka_unit_test(test_account_interrupt_time_is_nobodys),
        cmocka_unit_test(test_account_interrupt_says_what_it_took),
        cmocka_unit_test(test_account_refuses_a_clock_that_runs_backwards),
        cmocka_unit_test(test_account_refuses_an_absurd_charge),
        cmocka_unit_test(test_account_conserves_every_nanosecond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
