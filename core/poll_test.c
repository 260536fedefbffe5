/* SPDX-License-Identifier: MIT */
#include "core/poll.h"
#include "core/fixture/fixture.h"

#define US NS_PER_US

static struct thread_ref pinned(struct fixture *f, uint32_t cpu, enum latency_class class)
{
    return fixture_thread(f, 1024, class, UINT64_C(1) << cpu, cpu);
}

/* Goal: who wakes a thread of a CPU that polls sends no interrupt, and it runs all the same; it is
 * counted.  Method: three wakes, then the end of the polling. */
static void test_poll_needs_no_interrupt(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);

    (void)state;
    fixture_poll(f, 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_wake(f, 0, pinned(f, 1, LATENCY_NORMAL)).kick_count, 0);
        assert_true(poll_has_come(rq_of(f->s, 1)));
    }
    assert_true(fixture_poll_end(f, 1));
    assert_int_not_equal(fixture_current(f, 1), SLOT_NONE);
    assert_int_equal(rq_queued_count(rq_of(f->s, 1)), 2);
    assert_int_equal(rq_of(f->s, 1)->stat.poll_count, 1);
    assert_int_equal(rq_of(f->s, 1)->stat.kick_count, 0);
    fixture_free(f);
}

/* Goal: a CPU whose polling is over is interrupted as before.  Method: poll, nothing comes,
 * wake. */
static void test_poll_ends_before_the_halt(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);

    (void)state;
    fixture_poll(f, 1);
    assert_false(fixture_poll_end(f, 1));
    assert_int_equal(fixture_wake(f, 0, pinned(f, 1, LATENCY_NORMAL)).kick_count, 1);
    assert_true(fixture_deliver(f, 1));
    assert_int_not_equal(fixture_current(f, 1), SLOT_NONE);
    assert_int_equal(rq_of(f->s, 1)->stat.poll_count, 0);
    fixture_free(f);
}

/* Goal: nobody begins to poll with an interrupt on its way, nor without another CPU. */
static void test_poll_does_not_begin_in_vain(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct fixture *alone = fixture_new(1, 4, 0);

    (void)state;
    assert_int_equal(fixture_wake(f, 0, pinned(f, 1, LATENCY_NORMAL)).kick_count, 1);
    assert_false(poll_begin(f->s, 1));
    assert_true(fixture_deliver(f, 1));
    assert_int_not_equal(fixture_current(f, 1), SLOT_NONE);
    assert_false(poll_begin(alone->s, 0));
    fixture_free(f);
    fixture_free(alone);
}

/* Goal: a steal hint to a CPU that polls is no interrupt, and the CPU takes what is queued. */
static void test_poll_sees_a_steal_hint(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);

    (void)state;
    (void)fixture_wake(f, 0, pinned(f, 0, LATENCY_NORMAL));
    struct thread_ref free = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    fixture_poll(f, 1);
    assert_int_equal(fixture_wake(f, 0, free).kick_count, 0);
    assert_true(fixture_poll_end(f, 1));
    assert_int_equal(fixture_current(f, 1), free.slot);
    fixture_free(f);
}

/* Goal: the time spent polling is idle time, to the nanosecond. */
static void test_poll_is_idle_time(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct rq *rq = rq_of(f->s, 1);

    (void)state;
    fixture_poll(f, 1);
    fixture_run(f, 12345);
    (void)fixture_wake(f, 0, pinned(f, 1, LATENCY_NORMAL));
    assert_true(fixture_poll_end(f, 1));
    assert_int_equal(rq->idle_ns, 12345);
    assert_int_equal(rq->busy_ns + rq->irq_ns + rq->kernel_ns, 0);
    fixture_free(f);
}

static uint64_t window_after(struct poll *p, uint64_t idle_ns, bool was_woken, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        poll_note(p, idle_ns, was_woken);
    return poll_window_ns(p);
}

/* Goal: the window follows what idle periods take: none before anything came, within its bounds
 * then, none again when nothing comes, or comes late, or by the CPU's own timer. */
static void test_poll_window_follows_the_wakes(void **state)
{
    struct poll p;

    (void)state;
    poll_init(&p);
    assert_int_equal(poll_window_ns(&p), 0);
    assert_int_equal(window_after(&p, 5 * US, true, 15), 0); /* it has been alone for long */
    assert_in_range(window_after(&p, 5 * US, true, 1), POLL_NS_MIN, POLL_NS_MAX);
    assert_int_equal(window_after(&p, 5 * US, true, 30), POLL_NS_MIN);
    assert_in_range(window_after(&p, 20 * US, true, 30), 79 * US, 80 * US);
    assert_in_range(window_after(&p, 50 * US, true, 30), POLL_NS_MAX - US, POLL_NS_MAX);
    assert_int_equal(window_after(&p, 60 * US, true, 30), 0);
    assert_int_equal(window_after(&p, 5 * US, true, 30), POLL_NS_MIN);
    assert_int_equal(window_after(&p, 5 * US, false, 1), 0);
    assert_int_equal(window_after(&p, 5 * US, true, 10), 0);
    assert_in_range(window_after(&p, 5 * US, true, 1), POLL_NS_MIN, POLL_NS_MAX);
    assert_int_equal(window_after(&p, UINT64_MAX, true, 1), 0);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll_needs_no_interrupt),
        cmocka_unit_test(test_poll_ends_before_the_halt),
        cmocka_unit_test(test_poll_does_not_begin_in_vain),
        cmocka_unit_test(test_poll_sees_a_steal_hint),
        cmocka_unit_test(test_poll_is_idle_time),
        cmocka_unit_test(test_poll_window_follows_the_wakes),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
