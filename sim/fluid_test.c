/* SPDX-License-Identifier: MIT */
/* fluid_test.c - the reference in time, against what a hand computes. */
#include "sim/fluid.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define THREADS 12u

static const uint64_t all = 0x3;
static const uint64_t cpu_0 = 0x1;
static const struct ideal_machine one = {.cpu_count = 1, .unit = 1};
static const struct ideal_machine two = {.cpu_count = 2, .unit = 1};

static uint64_t served_ns(const struct fluid *f, uint32_t thread)
{
    return (fluid_served(f, thread) + (1u << FLUID_SHIFT) / 2) >> FLUID_SHIFT;
}

static void begin(struct fluid *f, const struct ideal_machine *machine)
{
    assert_true(fluid_init(f, machine, THREADS));
}

static void advance_ms(struct fluid *f, uint64_t ms)
{
    fluid_advance(f, (struct mono){ms * NS_PER_MS});
}

/* Goal: three threads on two CPUs have two thirds each, from when they come.  Method: one comes
 * alone for 3 ms; then three for 3 ms; one leaves, and keeps what it has. */
static void test_fluid_hogs_share(void **state)
{
    (void)state;
    struct fluid f;

    begin(&f, &two);
    uint32_t class = fluid_class(&f, &all, 1024);

    fluid_join(&f, 0, class, true);
    advance_ms(&f, 3);
    fluid_join(&f, 1, class, true);
    fluid_join(&f, 2, class, true);
    advance_ms(&f, 6);
    fluid_leave(&f, 0);
    advance_ms(&f, 9);
    assert_int_equal(served_ns(&f, 0), 5 * NS_PER_MS);
    assert_int_equal(served_ns(&f, 1), 5 * NS_PER_MS);
    fluid_check(&f);
    fluid_fini(&f);
}

/* Goal: a sleeper's work is done at the shared rate, then the others have its part.  Method: a hog
 * and a sleeper of 1 ms share one CPU: done after 2 ms; at 10 ms the hog has 9. */
static void test_fluid_work_ends(void **state)
{
    (void)state;
    struct fluid f;

    begin(&f, &one);
    fluid_join(&f, 0, fluid_class(&f, &cpu_0, 1024), true);
    fluid_join(&f, 1, fluid_class(&f, &cpu_0, 1024), false);
    fluid_work(&f, 1, (struct mono){NS_PER_MS}, NS_PER_MS);
    advance_ms(&f, 2);
    assert_int_equal(served_ns(&f, 1), NS_PER_MS / 2);
    assert_int_equal(f.threads[1].state, FLUID_BUSY);
    advance_ms(&f, 4);
    assert_int_equal(f.threads[1].state, FLUID_IDLE);
    advance_ms(&f, 10);
    assert_int_equal(served_ns(&f, 1), NS_PER_MS);
    assert_int_equal(served_ns(&f, 0), 9 * NS_PER_MS);
    fluid_check(&f);
    fluid_fini(&f);
}

/* Goal: work that arrives before the last is done adds up.  Method: 3 ms at 1 ms and 2 more at 2 ms
 * beside a hog: done at 11 ms. */
static void test_fluid_work_adds_up(void **state)
{
    (void)state;
    struct fluid f;

    begin(&f, &one);
    fluid_join(&f, 0, fluid_class(&f, &cpu_0, 1024), true);
    fluid_join(&f, 1, fluid_class(&f, &cpu_0, 1024), false);
    fluid_work(&f, 1, (struct mono){NS_PER_MS}, 3 * NS_PER_MS);
    advance_ms(&f, 2);
    fluid_work(&f, 1, (struct mono){2 * NS_PER_MS}, 2 * NS_PER_MS);
    fluid_advance(&f, (struct mono){11 * NS_PER_MS - 2});
    assert_int_equal(f.threads[1].state, FLUID_BUSY);
    fluid_advance(&f, (struct mono){11 * NS_PER_MS + 2});
    assert_int_equal(f.threads[1].state, FLUID_IDLE);
    assert_int_equal(served_ns(&f, 1), 5 * NS_PER_MS);
    fluid_fini(&f);
}

/* Goal: another CPU set changes the rate from then on.  Method: three on two CPUs, two of them
 * pinned to CPU 0: 1/2 each and a whole CPU; then the third is pinned too. */
static void test_fluid_moves(void **state)
{
    (void)state;
    struct fluid f;

    begin(&f, &two);
    uint32_t pinned = fluid_class(&f, &cpu_0, 1024);

    fluid_join(&f, 0, pinned, true);
    fluid_join(&f, 1, pinned, true);
    fluid_join(&f, 2, fluid_class(&f, &all, 1024), true);
    advance_ms(&f, 6);
    fluid_move(&f, 2, pinned);
    advance_ms(&f, 12);
    assert_int_equal(served_ns(&f, 0), 5 * NS_PER_MS);
    assert_int_equal(served_ns(&f, 2), 8 * NS_PER_MS);
    fluid_fini(&f);
}

/* Goal: no time is lost or made.  Method: 12 threads on two CPUs come, sleep, change their sets and
 * weights at random; while one hog per CPU is there, the sum is the CPUs' time, less at most 1 ns
 * for each end of work. */
static void test_fluid_conserves_time(void **state)
{
    (void)state;
    struct prng p = prng_seed(3);
    struct fluid f;
    uint64_t end_count = 0; /* at most */

    begin(&f, &two);
    for (uint32_t i = 0; i < THREADS; i++)
        fluid_join(&f, i, fluid_class(&f, &all, 1024), i < 3);
    for (uint64_t at_ns = 1; at_ns < NS_PER_S; at_ns += prng_below(&p, NS_PER_MS)) {
        uint32_t thread = (uint32_t)prng_below(&p, THREADS);
        uint32_t weight = 300 * (1 + (uint32_t)prng_below(&p, 5));
        uint64_t sum_ns = 0;

        fluid_advance(&f, (struct mono){at_ns});
        for (uint32_t i = 0; i < THREADS; i++)
            sum_ns += served_ns(&f, i);
        assert_in_range(sum_ns + THREADS + end_count - 2 * at_ns, 0, 2 * THREADS + end_count);
        if (thread >= 2) /* two hogs may always run anywhere: no CPU is idle */
            fluid_move(&f, thread, fluid_class(&f, thread % 2 ? &all : &cpu_0, weight));
        if (thread >= 3 && !event_is_set(&f.arrivals, thread)) {
            end_count++;
            fluid_work(&f, thread, (struct mono){at_ns + prng_below(&p, NS_PER_MS)},
                       prng_below(&p, NS_PER_MS));
        }
        fluid_check(&f);
    }
    assert_in_range(f.solve_count, 2, 10000);
    fluid_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fluid_hogs_share),    cmocka_unit_test(test_fluid_work_ends),
        cmocka_unit_test(test_fluid_work_adds_up),  cmocka_unit_test(test_fluid_moves),
        cmocka_unit_test(test_fluid_conserves_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
