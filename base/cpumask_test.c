/* SPDX-License-Identifier: MIT */
#include "base/cpumask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static const uint32_t sizes[] = {1, 2, 63, 64, 65, 127, 128, 129, 1000, 1023, 1024};

/* Goal: a row has one bit for every CPU and no word more.  Method: the edges of a word. */
static void test_cpumask_words_cover_cpus(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint32_t words = cpumask_words_for(sizes[i]);

        assert_true(words * CPUMASK_WORD_BITS >= sizes[i]);
        assert_true((words - 1) * CPUMASK_WORD_BITS < sizes[i]);
    }
    assert_int_equal(cpumask_words_for(CPU_MAX), CPUMASK_WORDS);
}

/* Goal: setting and clearing one CPU touches no other, and the readers agree with the set.
 * Method: 20,000 random changes beside an array of bools, read back in full now and then. */
static void test_cpumask_agrees_with_an_array(void **state)
{
    (void)state;
    static bool model[CPU_MAX];
    struct cpumask mask = {{0}};
    struct prng p = prng_seed(3);

    for (int turn = 0; turn < 20000; turn++) {
        uint32_t cpu = (uint32_t)prng_below(&p, CPU_MAX);
        bool on = prng_below(&p, 2) == 0;

        (on ? cpumask_set : cpumask_clear)(mask.words, cpu);
        model[cpu] = on;
        if (turn % 100 != 0)
            continue;

        uint32_t count = 0;
        uint32_t first = CPU_NONE;

        for (uint32_t i = CPU_MAX; i-- > 0;) {
            assert_int_equal(cpumask_test(mask.words, i), model[i]);
            count += model[i];
            first = model[i] ? i : first;
        }
        assert_int_equal(cpumask_count(mask.words, CPUMASK_WORDS), count);
        assert_int_equal(cpumask_first(mask.words, CPUMASK_WORDS), first);
        assert_int_equal(cpumask_is_empty(mask.words, CPUMASK_WORDS), count == 0);
    }
}

/* Goal: fill sets exactly the CPUs that exist.  Method: each size over a dirty row. */
static void test_cpumask_fill_is_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct cpumask mask;

        memset(&mask, 0xa5, sizeof mask);
        cpumask_fill(mask.words, CPUMASK_WORDS, sizes[i]);
        assert_int_equal(cpumask_count(mask.words, CPUMASK_WORDS), sizes[i]);
        assert_true(cpumask_test(mask.words, sizes[i] - 1));
        if (sizes[i] < CPU_MAX)
            assert_false(cpumask_test(mask.words, sizes[i]));
    }
}

/* Goal: each CPU alone is found.  Method: all 1024 sets of one CPU. */
static void test_cpumask_first_finds_each_cpu(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
        struct cpumask mask = {{0}};

        assert_true(cpumask_is_empty(mask.words, CPUMASK_WORDS));
        assert_int_equal(cpumask_first(mask.words, CPUMASK_WORDS), CPU_NONE);
        cpumask_set(mask.words, cpu);
        assert_false(cpumask_is_empty(mask.words, CPUMASK_WORDS));
        assert_int_equal(cpumask_first(mask.words, CPUMASK_WORDS), cpu);
    }
}

/* Goal: nth counts the CPUs of the set in their order, across words, and ends with it.
 * Method: random sets beside a walk over all CPUs; rows cut short, and none at all. */
static void test_cpumask_nth_walks_the_set(void **state)
{
    (void)state;
    struct prng p = prng_seed(5);

    for (uint32_t turn = 0; turn < 200; turn++) {
        struct cpumask mask = {{0}};
        uint32_t words = turn % (CPUMASK_WORDS + 1);
        uint32_t count = 0;

        for (uint64_t i = prng_below(&p, 300); i > 0; i--)
            cpumask_set(mask.words, (uint32_t)prng_below(&p, CPU_MAX));
        for (uint32_t cpu = 0; cpu < words * CPUMASK_WORD_BITS; cpu++)
            if (cpumask_test(mask.words, cpu))
                assert_int_equal(cpumask_nth(mask.words, words, count++), cpu);
        assert_int_equal(cpumask_nth(mask.words, words, count), CPU_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpumask_words_cover_cpus),
        cmocka_unit_test(test_cpumask_agrees_with_an_array),
        cmocka_unit_test(test_cpumask_fill_is_exact),
        cmocka_unit_test(test_cpumask_first_finds_each_cpu),
        cmocka_unit_test(test_cpumask_nth_walks_the_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
