/* SPDX-License-Identifier: MIT */
#include "kernel/pauses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/arch.h"
#include "kernel/console.h"

#define ACCESSES 100000u
#define CPUS 4u
#define TEXT_BYTES 200u

static uint32_t cpu_number;
static uint32_t pause_count;
static char said[TEXT_BYTES];

uint32_t arch_cpu(void)
{
    return cpu_number;
}

void arch_pause(void)
{
    pause_count++;
}

void console_line(const struct fmt *line)
{
    assert_true(fmt_is_whole(line));
    memcpy(said, line->text, fmt_length(line) + 1);
}

/* Boot with a seed; each CPU in turn makes accesses.  at[cpu]: at which of its first 64 it pauses,
 * in bits.  Returns at how many of all. */
static uint32_t run(uint64_t seed, uint64_t at[CPUS])
{
    struct port_atomic32 word = {0};
    uint32_t count = 0;

    pause_count = 0;
    said[0] = '\0';
    assert_true(pauses_begin(seed));
    for (uint32_t i = 0; i < ACCESSES; i++) {
        uint32_t before = pause_count;

        cpu_number = i % CPUS;
        port_store32(&word, i);
        assert_in_range(pause_count - before, 0, 8);
        if (pause_count == before)
            continue;
        count++;
        if (i / CPUS < 64)
            at[cpu_number] |= UINT64_C(1) << (i / CPUS);
    }
    pauses_report();
    return count;
}

/* Goal: seed 0 is the kernel without pauses.  Method: many accesses; no pause, no line. */
static void test_pauses_seed_0_has_none(void **state)
{
    (void)state;
    uint64_t at[CPUS] = {0};

    assert_int_equal(run(0, at), 0);
    assert_string_equal(said, "");
}

/* Goal: a seed's remainder by 5 says how often.  Method: count, within a tenth. */
static void test_pauses_rate_is_the_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint32_t expected = ACCESSES >> (2 + seed % 5);
        uint64_t at[CPUS] = {0};
        uint32_t count = run(seed, at);

        assert_in_range(count, expected - expected / 10, expected + expected / 10);
        assert_in_range(4 * pause_count / count, 14, 16); /* 1 + 2 + 4 + 8 of 4 */
    }
}

/* Goal: one seed, one sequence; another seed or CPU, another.  Method: seeds of the same rate. */
static void test_pauses_follow_the_seed(void **state)
{
    (void)state;
    uint64_t first[CPUS] = {0}, again[CPUS] = {0}, other[CPUS] = {0};
    char line[TEXT_BYTES];

    (void)run(10, first);
    memcpy(line, said, sizeof(line));
    (void)run(15, other);
    (void)run(10, again);
    assert_string_equal(said, line);
    assert_memory_equal(first, again, sizeof(first));
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        assert_int_not_equal(first[cpu], other[cpu]);
        assert_int_not_equal(first[cpu], first[(cpu + 1) % CPUS]);
    }
}

/* Goal: the hash tells orders apart.  Method: the same accesses of two CPUs, in two orders. */
static void test_pauses_order_is_told_apart(void **state)
{
    (void)state;
    static const uint32_t orders[2][4] = {{0, 1, 0, 1}, {0, 0, 1, 1}};
    char lines[2][TEXT_BYTES];

    for (uint32_t i = 0; i < 2; i++) {
        assert_true(pauses_begin(4));
        for (uint32_t step = 0; step < 4; step++) {
            cpu_number = orders[i][step];
            port_fence();
        }
        pauses_report();
        memcpy(lines[i], said, sizeof(said));
    }
    assert_non_null(strstr(lines[0], " at 4 accesses"));
    assert_string_not_equal(lines[0], lines[1]);
}

/* Goal: no access of the port is without its step.  Method: one of each, count. */
static void test_pauses_every_access_is_a_step(void **state)
{
    (void)state;
    struct port_atomic32 a = {0};
    struct port_atomic64 b = {0};
    struct port_lock lock = {0};
    uint32_t seen32 = 0;
    uint64_t seen64 = 0;

    assert_true(pauses_begin(4));
    (void)port_load32(&a);
    port_store32(&a, 1);
    (void)!port_cas32(&a, &seen32, 1);
    (void)port_or32(&a, 1);
    (void)port_xchg32(&a, 1);
    (void)port_load64(&b);
    port_store64(&b, 1);
    (void)!port_cas64(&b, &seen64, 1);
    (void)port_or64(&b, 1);
    (void)port_and64(&b, 1);
    port_fence();
    port_lock(&lock);
    assert_false(port_trylock(&lock));
    port_unlock(&lock);
    pauses_report();
    assert_non_null(strstr(said, " at 14 accesses, 0 turns"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses_seed_0_has_none),
        cmocka_unit_test(test_pauses_rate_is_the_seeds),
        cmocka_unit_test(test_pauses_follow_the_seed),
        cmocka_unit_test(test_pauses_order_is_told_apart),
        cmocka_unit_test(test_pauses_every_access_is_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
