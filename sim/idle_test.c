/* SPDX-License-Identifier: MIT */
/* idle_test.c - two CPUs that wake each other: polling spares the interrupts. */
#include "sim/idle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CPUS 2u
#define SHORT_NS UINT64_C(5000)
#define LONG_NS NS_PER_MS
#define ALL UINT64_MAX

static const uint64_t rows[CPUS] = {0x1, 0x2};
static const struct thread_params plain = {.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};

/* Thread i lives on CPU i: it runs for run_ns, wakes the other, waits. */
struct pair {
    struct machine m;
    uint64_t run_ns;
    uint32_t step[CPUS];
    uint64_t wake_count;
    struct mono began; /* when thread 0 ran last, and the time before */
    struct mono began_before;
    bool has_ended;
};

static bool turn(void *context, uint32_t cpu, uint32_t thread)
{
    struct pair *p = context;

    switch (p->step[thread]++ % 3) {
    case 0:
        if (thread == 0) {
            p->began_before = p->began;
            p->began = p->m.now;
        }
        machine_spend_until(&p->m, cpu, mono_add(p->m.now, p->run_ns));
        return true;
    case 1:
        if (p->m.threads[1 - thread].has_ended)
            return false;
        p->wake_count++;
        machine_wake(&p->m, cpu, 1 - thread, WAKE_PARK);
        return false;
    default:
        if (p->has_ended)
            machine_exit(&p->m, cpu);
        else
            machine_block(&p->m, cpu, WAKE_PARK, MONO_NEVER);
        return false;
    }
}

/* Thread 0 begins after 1 ms. */
static void begin(struct pair *p, uint64_t run_ns, bool has_polling)
{
    struct machine_config config = {.cpu_count = CPUS,
                                    .thread_count = CPUS,
                                    .interrupt_ns = MACHINE_INTERRUPT_NS,
                                    .has_polling = has_polling,
                                    .check_every = 1,
                                    .rows = rows,
                                    .row_count = CPUS,
                                    .program = {turn, p}};

    *p = (struct pair){.run_ns = run_ns};
    assert_true(machine_init(&p->m, &config));
    for (uint32_t thread = 0; thread < CPUS; thread++)
        machine_thread_start(&p->m, thread, thread, thread, &plain);
    machine_sleep_until(&p->m, 0, 0, (struct mono){NS_PER_MS});
}

static void run_until(struct pair *p, uint64_t ns)
{
    assert_int_equal(machine_run(&p->m, (struct mono){ns}, ALL), MACHINE_AT_END);
}

static uint64_t kick_count(const struct pair *p)
{
    return rq_of(p->m.sched, 0)->stat.kick_count + rq_of(p->m.sched, 1)->stat.kick_count;
}

static uint64_t poll_count(const struct pair *p)
{
    return rq_of(p->m.sched, 0)->stat.poll_count + rq_of(p->m.sched, 1)->stat.poll_count;
}

/* Goal: each wake of a halted CPU is an interrupt; where CPUs poll nearly none is.  Method: 100 ms
 * of short turns without and with polling. */
static void test_idle_polling_spares_interrupts(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, SHORT_NS, false);
    run_until(&p, 100 * NS_PER_MS);
    assert_in_range(p.wake_count - kick_count(&p), 0, 1);
    assert_int_equal(poll_count(&p), 0);
    machine_fini(&p.m);
    begin(&p, SHORT_NS, true);
    run_until(&p, 100 * NS_PER_MS);
    assert_true(p.wake_count > 19000);
    assert_in_range(kick_count(&p), 2, 40); /* until both have seen that wakes come soon */
    assert_in_range(p.wake_count - kick_count(&p) - poll_count(&p), 0, 1);
    machine_fini(&p.m);
}

/* Goal: what comes while a CPU polls runs MACHINE_POLL_NS later, without an interrupt's time. */
static void test_idle_polling_takes_its_time(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, SHORT_NS, true);
    run_until(&p, 20 * NS_PER_MS);
    assert_int_equal(mono_diff_ns(p.began, p.began_before), 2 * (SHORT_NS + MACHINE_POLL_NS));
    machine_fini(&p.m);
}

/* Goal: whose wakes are far apart does not poll. */
static void test_idle_halts_when_wakes_are_seldom(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, LONG_NS, true);
    run_until(&p, 200 * NS_PER_MS);
    assert_true(p.wake_count > 190);
    assert_int_equal(poll_count(&p), 0);
    machine_fini(&p.m);
}

/* Goal: polling is idle time, conserved at each event. */
static void test_idle_polling_conserves_time(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, SHORT_NS, true);
    while (machine_run(&p.m, (struct mono){5 * NS_PER_MS}, 1) == MACHINE_AT_COUNT)
        for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
            struct machine_times t = machine_times(&p.m, cpu);

            assert_true(t.busy_ns + t.idle_ns + t.kernel_ns == p.m.now.ns);
        }
    assert_true(poll_count(&p) > 100);
    machine_fini(&p.m);
}

/* Goal: once all threads have ended nobody polls on, so the machine ends with the last of them. */
static void test_idle_polling_ends_with_the_threads(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, SHORT_NS, true);
    run_until(&p, 5 * NS_PER_MS);
    assert_true(p.m.polling_count > 0);
    p.has_ended = true;
    assert_int_equal(machine_run(&p.m, MONO_NEVER, ALL), MACHINE_DRAINED);
    assert_int_equal(p.m.ended_count, CPUS);
    assert_int_equal(p.m.polling_count, 0);
    assert_true(p.m.now.ns < 5 * NS_PER_MS + 4 * (SHORT_NS + MACHINE_POLL_NS));
    machine_fini(&p.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_polling_spares_interrupts),
        cmocka_unit_test(test_idle_polling_takes_its_time),
        cmocka_unit_test(test_idle_halts_when_wakes_are_seldom),
        cmocka_unit_test(test_idle_polling_conserves_time),
        cmocka_unit_test(test_idle_polling_ends_with_the_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
