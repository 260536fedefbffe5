/* SPDX-License-Identifier: MIT */
/* machine_test.c - the embedder's part, with programs smaller than a workload. */
#include "sim/machine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CPUS 4u
#define THREADS 8u
#define HOGS 4u
#define ALL UINT64_MAX
#define INTERRUPT_NS UINT64_C(5000)

enum class { CLASS_CPU_0, CLASS_ALL, CLASS_OTHERS, CLASS_COUNT };

static const uint64_t rows[CLASS_COUNT] = {0x1, 0xf, 0xe};
static const struct thread_params plain = {.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};

/* A program that a test steers: every thread is a hog, unless the test's hook does something. */
struct puppet {
    struct machine m;
    bool (*hook)(struct puppet *p, uint32_t cpu, uint32_t thread); /* true: it did something */
    uint64_t count;
};

static bool hog(void *context, uint32_t cpu, uint32_t thread)
{
    struct puppet *p = context;

    if (p->hook != NULL && p->hook(p, cpu, thread))
        return false;
    machine_spend_until(&p->m, cpu, mono_add(p->m.now, NS_PER_S));
    return true;
}

/* All threads blocked on CPU 0 with the CPU set of `class`. */
static void begin_with_cost(struct puppet *p, uint32_t class, uint64_t interrupt_ns)
{
    struct machine_config config = {.cpu_count = CPUS,
                                    .thread_count = THREADS,
                                    .interrupt_ns = interrupt_ns,
                                    .check_every = 1,
                                    .rows = rows,
                                    .row_count = CLASS_COUNT,
                                    .program = {hog, p}};

    *p = (struct puppet){.hook = NULL};
    assert_true(machine_init(&p->m, &config));
    for (uint32_t thread = 0; thread < THREADS; thread++)
        machine_thread_start(&p->m, thread, 0, class, &plain);
}

static void begin(struct puppet *p, uint32_t class)
{
    begin_with_cost(p, class, 0);
}

static void run_until(struct puppet *p, uint64_t ns)
{
    assert_int_equal(machine_run(&p->m, (struct mono){ns}, ALL), MACHINE_AT_END);
}

/* Goal: threads are there, blocked, have used nothing, and no event is pending. */
static void test_machine_starts_blocked(void **state)
{
    (void)state;
    struct puppet p;

    begin(&p, CLASS_ALL);
    machine_check(&p.m);
    assert_true(mono_is_never(event_next_at(&p.m.events)));
    for (uint32_t thread = 0; thread < THREADS; thread++)
        assert_true(machine_ledger(&p.m, thread).runtime_ns == 0);
    machine_fini(&p.m);
}

static bool widen_all(struct puppet *p, uint32_t cpu, uint32_t thread)
{
    (void)thread;
    if (p->count != 0 || p->m.now.ns < 20 * NS_PER_MS)
        return false;
    p->count = 1;
    for (uint32_t i = 0; i < HOGS; i++)
        machine_set_mask(&p->m, cpu, i, CLASS_ALL);
    return true;
}

/* Goal: four hogs queued on one CPU are on four CPUs within 2 ms of being allowed to.  Method: they
 * share CPU 0 for 20 ms and some; then the one that runs widens all CPU sets. */
static void test_machine_spreads_queued_hogs(void **state)
{
    (void)state;
    struct puppet p;

    begin(&p, CLASS_CPU_0);
    p.hook = widen_all;
    for (uint32_t thread = 0; thread < HOGS; thread++)
        machine_sleep_until(&p.m, 0, thread, (struct mono){NS_PER_MS});
    while (p.count == 0)
        assert_int_equal(machine_run(&p.m, MONO_NEVER, 1), MACHINE_AT_COUNT);
    for (uint32_t cpu = 1; cpu < CPUS; cpu++)
        assert_true(machine_times(&p.m, cpu).busy_ns == 0);
    run_until(&p, p.m.now.ns + 2 * NS_PER_MS);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        assert_true(p.m.cpus[cpu].thread != MACHINE_THREAD_NONE);
    machine_fini(&p.m);
}

/* Goal: a kick takes MACHINE_IPI_NS.  Method: two sleepers of CPU 0 wake at one instant; the second
 * runs on another CPU exactly that much later, and the CPU counts one interrupt. */
static void test_machine_kick_takes_its_time(void **state)
{
    (void)state;
    struct puppet p;

    begin(&p, CLASS_ALL);
    machine_sleep_until(&p.m, 0, 0, (struct mono){NS_PER_MS});
    machine_sleep_until(&p.m, 0, 1, (struct mono){NS_PER_MS});
    run_until(&p, 2 * NS_PER_MS);
    assert_true(p.m.threads[0].used_ns + p.m.threads[1].used_ns == 0); /* nothing interrupted */
    assert_true(machine_ledger(&p.m, 0).runtime_ns == NS_PER_MS);
    assert_true(machine_ledger(&p.m, 1).runtime_ns == NS_PER_MS - MACHINE_IPI_NS);
    assert_int_equal(p.m.cpus[0].timer_count, 1); /* one interrupt for both */
    machine_fini(&p.m);
}

/* Goal: an interrupt takes interrupt_ns of its CPU, which no thread and no idle time pays for.
 * Method: two sleepers wake at one instant, one interrupt; the first runs that much later, the
 * other after the kick's way and the interrupt that the kick is. */
static void test_machine_interrupt_takes_kernel_time(void **state)
{
    (void)state;
    struct puppet p;

    begin_with_cost(&p, CLASS_ALL, INTERRUPT_NS);
    machine_sleep_until(&p.m, 0, 0, (struct mono){NS_PER_MS});
    machine_sleep_until(&p.m, 0, 1, (struct mono){NS_PER_MS});
    run_until(&p, 2 * NS_PER_MS);
    assert_true(machine_ledger(&p.m, 0).runtime_ns == NS_PER_MS - INTERRUPT_NS);
    assert_true(machine_ledger(&p.m, 1).runtime_ns == NS_PER_MS - MACHINE_IPI_NS - INTERRUPT_NS);
    assert_true(machine_times(&p.m, 0).kernel_ns == INTERRUPT_NS);
    assert_true(machine_times(&p.m, 0).idle_ns == NS_PER_MS);
    assert_true(machine_times(&p.m, 1).kernel_ns + machine_times(&p.m, 2).kernel_ns +
                    machine_times(&p.m, 3).kernel_ns ==
                INTERRUPT_NS);
    machine_fini(&p.m);
}

/* Goal: what happens to a CPU while the kernel has it waits until it is free, and the books are
 * right meanwhile.  Method: three sleepers of CPU 0; the second and the third are due within the
 * first one's interrupt, so they share the next one. */
static void test_machine_interrupt_waits_for_the_kernel(void **state)
{
    (void)state;
    struct puppet p;

    begin_with_cost(&p, CLASS_CPU_0, INTERRUPT_NS);
    for (uint32_t thread = 0; thread < 3; thread++)
        machine_sleep_until(&p.m, 0, thread, (struct mono){NS_PER_MS + thread});
    run_until(&p, NS_PER_MS + INTERRUPT_NS / 2);
    assert_int_equal(p.m.cpus[0].timer_count, 1);
    assert_true(machine_times(&p.m, 0).kernel_ns == INTERRUPT_NS / 2);
    machine_check(&p.m);
    run_until(&p, 2 * NS_PER_MS);
    assert_int_equal(p.m.cpus[0].timer_count, 2);
    assert_true(machine_times(&p.m, 0).kernel_ns == 2 * INTERRUPT_NS);
    assert_true(machine_times(&p.m, 0).busy_ns == NS_PER_MS - 2 * INTERRUPT_NS);
    machine_fini(&p.m);
}

/* Goal: time taken from outside is the kernel's, to the nanosecond, and what was asked of the core
 * at that instant is decided on.  Method: a hog runs on CPU 0; at 10 ms a second thread is woken
 * there and 4 ms are taken; at 20 ms 2 ms more; and 1 ms of an idle CPU. */
static void test_machine_interrupt_from_outside(void **state)
{
    (void)state;
    struct puppet p;

    begin(&p, CLASS_CPU_0);
    machine_sleep_until(&p.m, 0, 0, (struct mono){NS_PER_MS});
    run_until(&p, 10 * NS_PER_MS);
    machine_wake(&p.m, 0, 1, WAKE_TIMER);
    machine_interrupt(&p.m, 0, 4 * NS_PER_MS);
    machine_check(&p.m);
    run_until(&p, 12 * NS_PER_MS);
    assert_false(machine_is_free(&p.m, 0));
    assert_true(machine_times(&p.m, 0).kernel_ns == 2 * NS_PER_MS);
    expect_assert_failure(machine_interrupt(&p.m, 0, NS_PER_MS));
    run_until(&p, 20 * NS_PER_MS);
    machine_interrupt(&p.m, 0, 2 * NS_PER_MS);
    machine_interrupt(&p.m, 1, NS_PER_MS);
    run_until(&p, 30 * NS_PER_MS);
    machine_check(&p.m);
    assert_true(machine_times(&p.m, 0).kernel_ns == 6 * NS_PER_MS);
    assert_true(machine_times(&p.m, 1).kernel_ns == NS_PER_MS);
    assert_true(machine_times(&p.m, 0).busy_ns == 23 * NS_PER_MS);
    assert_true(machine_ledger(&p.m, 1).runtime_ns >= 6 * NS_PER_MS);
    machine_fini(&p.m);
}

/* Eight hogs on CPU 0 for 100 ms: after each event busy + idle + kernel is the time since boot. */
static void check_conservation(uint64_t interrupt_ns)
{
    struct puppet p;

    begin_with_cost(&p, CLASS_CPU_0, interrupt_ns);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        machine_sleep_until(&p.m, 0, thread, (struct mono){(1 + thread) * NS_PER_MS});
    while (machine_run(&p.m, (struct mono){100 * NS_PER_MS}, 1) == MACHINE_AT_COUNT)
        for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
            struct machine_times t = machine_times(&p.m, cpu);

            assert_true(t.busy_ns + t.idle_ns + t.kernel_ns == p.m.now.ns);
        }
    assert_true(p.m.event_count > 30);
    machine_fini(&p.m);
}

/* Goal: time is conserved on every CPU at every event.  Method: interrupts that cost nothing, a
 * little, and more than the 1 ms between the threads' starts. */
static void test_machine_conserves_time(void **state)
{
    (void)state;
    check_conservation(0);
    check_conservation(INTERRUPT_NS);
    check_conservation(1300 * NS_PER_US);
}

static bool evict_others(struct puppet *p, uint32_t cpu, uint32_t thread)
{
    if (p->count != 0 || p->m.now.ns < 20 * NS_PER_MS)
        return false;
    p->count = 1;
    for (uint32_t i = 0; i < THREADS; i++)
        if (i != thread)
            machine_set_mask(&p->m, cpu, i, CLASS_OTHERS);
    return true;
}

/* Goal: more threads than one decision may kick about leave a CPU that they may not use any more.
 * Method: eight share CPU 0; the running one takes it away from the others.  They all get time
 * elsewhere, and CPU 0 belongs to the one that is left. */
static void test_machine_many_leave_at_once(void **state)
{
    (void)state;
    struct puppet p;
    struct ledger before[THREADS];

    begin(&p, CLASS_CPU_0);
    p.hook = evict_others;
    for (uint32_t thread = 0; thread < THREADS; thread++)
        machine_sleep_until(&p.m, 0, thread, (struct mono){NS_PER_MS});
    while (p.count == 0)
        assert_int_equal(machine_run(&p.m, MONO_NEVER, 1), MACHINE_AT_COUNT);
    run_until(&p, p.m.now.ns + 10 * NS_PER_MS); /* one slice, then the last of them has left */
    assert_int_equal(rq_queued_count(rq_of(p.m.sched, 0)), 0);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        before[thread] = machine_ledger(&p.m, thread);
    run_until(&p, p.m.now.ns + 100 * NS_PER_MS);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        assert_true(machine_ledger(&p.m, thread).runtime_ns > before[thread].runtime_ns);
    machine_fini(&p.m);
}

static bool exit_first(struct puppet *p, uint32_t cpu, uint32_t thread)
{
    if (thread != 0 || p->count++ == 0)
        return false;
    machine_exit(&p->m, cpu);
    return true;
}

/* Goal: the ledger of an ended thread stays.  Method: one hog ends after 1 s of CPU time. */
static void test_machine_keeps_ledger_of_ended(void **state)
{
    (void)state;
    struct puppet p;

    begin(&p, CLASS_ALL);
    p.hook = exit_first;
    machine_sleep_until(&p.m, 0, 0, (struct mono){NS_PER_MS});
    assert_int_equal(machine_run(&p.m, MONO_NEVER, ALL), MACHINE_DRAINED);
    assert_int_equal(p.m.ended_count, 1);
    assert_true(machine_ledger(&p.m, 0).runtime_ns == NS_PER_S);
    assert_true(machine_times(&p.m, 0).busy_ns == NS_PER_S);
    machine_fini(&p.m);
}

/* Goal: a failing trylock is seen as contention, and the thief comes back.  Method: CPU 0 is
 * overloaded, its lock refuses the next thieves; they get their threads all the same. */
static void test_machine_contended_steal_is_repeated(void **state)
{
    (void)state;
    struct puppet p;
    uint64_t contended_count = 0;

    begin(&p, CLASS_CPU_0);
    p.hook = widen_all;
    for (uint32_t thread = 0; thread < HOGS; thread++)
        machine_sleep_until(&p.m, 0, thread, (struct mono){NS_PER_MS});
    while (p.count == 0)
        assert_int_equal(machine_run(&p.m, MONO_NEVER, 1), MACHINE_AT_COUNT);
    rq_of(p.m.sched, 0)->lock.refuse_count = 5;
    run_until(&p, p.m.now.ns + 2 * NS_PER_MS);
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        assert_true(p.m.cpus[cpu].thread != MACHINE_THREAD_NONE);
        contended_count += rq_of(p.m.sched, cpu)->stat.contended_count;
    }
    assert_true(contended_count == 5);
    machine_fini(&p.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine_starts_blocked),
        cmocka_unit_test(test_machine_spreads_queued_hogs),
        cmocka_unit_test(test_machine_many_leave_at_once),
        cmocka_unit_test(test_machine_kick_takes_its_time),
        cmocka_unit_test(test_machine_interrupt_takes_kernel_time),
        cmocka_unit_test(test_machine_interrupt_waits_for_the_kernel),
        cmocka_unit_test(test_machine_interrupt_from_outside),
        cmocka_unit_test(test_machine_conserves_time),
        cmocka_unit_test(test_machine_keeps_ledger_of_ended),
        cmocka_unit_test(test_machine_contended_steal_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
