/* SPDX-License-Identifier: MIT */
/* ideal_test.c - the ideal against what a hand computes, and against a slower way. */
#include "sim/ideal.h"

#include "base/bits.h"
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SMALL_CLASSES 5u
#define SMALL_CPUS 4u

struct want {
    uint64_t mask;
    uint32_t weight;
    uint32_t count;
    uint64_t num;
    uint64_t den;
};

static void check(const struct ideal_machine *machine, const struct want *wants, uint32_t count)
{
    struct ideal_class classes[16];
    struct ideal_share shares[16];

    for (uint32_t i = 0; i < count; i++)
        classes[i] = (struct ideal_class){&wants[i].mask, wants[i].weight, wants[i].count};
    assert_true(ideal_solve(machine, classes, count, shares));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(shares[i].num, wants[i].num);
        assert_int_equal(shares[i].den, wants[i].den);
    }
}

static const struct ideal_machine two = {.cpu_count = 2, .unit = 1};
static const struct ideal_machine four = {.cpu_count = 4, .unit = 1};
static const struct ideal_machine eight = {.cpu_count = 8, .unit = 1};

/* Goal: equal threads share alike, and nobody gets more than a CPU.  Method: 3 on 2, 2 on 4. */
static void test_ideal_equal_threads(void **state)
{
    (void)state;
    check(&two, &(struct want){0x3, 1024, 3, 2, 3}, 1);
    check(&four, &(struct want){0xf, 1024, 2, 1, 1}, 1);
    check(&eight, &(struct want){0xff, 3, 12, 2, 3}, 1);
}

/* Goal: a thread whose weight asks for more than a CPU gets one, the others share the rest.
 * Method: weight 1000 and eleven of weight 1 on 8 CPUs: 7/11 each. */
static void test_ideal_giant_weight(void **state)
{
    (void)state;
    const struct want wants[] = {{0xff, 1000, 1, 1, 1}, {0xff, 1, 11, 7, 11}};

    check(&eight, wants, 2);
}

/* Goal: capping one thread raises the level until the next one is capped.  Method: weights 8, 3, 1,
 * 1 on 3 CPUs: at first 8 is capped, then 3 of the 5 that share two CPUs. */
static void test_ideal_caps_in_turn(void **state)
{
    (void)state;
    const struct ideal_machine three = {.cpu_count = 3, .unit = 1};
    const struct want wants[] = {{0x7, 8, 1, 1, 1}, {0x7, 3, 1, 1, 1}, {0x7, 1, 2, 1, 2}};

    check(&three, wants, 3);
}

/* Goal: who may go elsewhere does.  Method: 10 pinned to CPU 0 and 7 free on 4: the free ones take
 * the other three CPUs, 3/7 each; with 1 pinned, all share alike. */
static void test_ideal_pinned_and_free(void **state)
{
    (void)state;
    const struct want pinned[] = {{0x1, 1024, 10, 1, 10}, {0xf, 1024, 7, 3, 7}};
    const struct want one[] = {{0x1, 1024, 1, 1, 2}, {0xf, 1024, 7, 1, 2}};

    check(&four, pinned, 2);
    check(&four, one, 2);
}

/* Goal: disjoint sets do not know of each other.  Method: 10 on four CPUs, 1 alone, 5 on three. */
static void test_ideal_disjoint(void **state)
{
    (void)state;
    const struct want wants[] = {{0x0f, 1, 10, 2, 5}, {0x10, 1, 1, 1, 1}, {0xe0, 1, 5, 3, 5}};

    check(&eight, wants, 3);
}

/* Goal: sets inside sets.  Method: 4 on CPU 0, 2 on CPUs 0-1, 2 on CPUs 0-3: the outer ones leave
 * the inner CPUs to the inner ones: 1/4, 1/2, and a CPU each. */
static void test_ideal_nested(void **state)
{
    (void)state;
    const struct want wants[] = {{0x1, 1, 4, 1, 4}, {0x3, 1, 2, 1, 2}, {0xf, 1, 2, 1, 1}};

    check(&four, wants, 3);
}

/* Goal: load moves along a chain of CPU sets.  Method: sets {0,1}, {1,2}, {2,3} of 3, 1 and 2
 * threads: all six share the four CPUs; of 3, 2 and 1: the last has CPU 3, the others share three;
 * of 6, 1 and 1: the first six have CPUs 0 and 1 to themselves. */
static void test_ideal_chain(void **state)
{
    (void)state;
    const struct want even[] = {{0x3, 1, 3, 2, 3}, {0x6, 1, 1, 2, 3}, {0xc, 1, 2, 2, 3}};
    const struct want bent[] = {{0x3, 1, 3, 3, 5}, {0x6, 1, 2, 3, 5}, {0xc, 1, 1, 1, 1}};
    const struct want steep[] = {{0x3, 1, 6, 1, 3}, {0x6, 1, 1, 1, 1}, {0xc, 1, 1, 1, 1}};

    check(&four, even, 3);
    check(&four, bent, 3);
    check(&four, steep, 3);
}

/* Goal: a stolen share makes a CPU smaller.  Method: of 10 each, CPU 0 has 1 and CPU 1 has 5 left;
 * nine threads on 4 share 26. */
static void test_ideal_stolen_share(void **state)
{
    (void)state;
    const uint64_t capacity[] = {1, 5, 10, 10};
    const struct ideal_machine slow = {.cpu_count = 4, .unit = 10, .capacity = capacity};
    const struct want pinned[] = {{0x1, 1, 2, 1, 2}, {0xf, 1, 1, 10, 1}, {0x2, 1, 1, 5, 1}};

    check(&slow, &(struct want){0xf, 1024, 9, 26, 9}, 1);
    check(&slow, pinned, 3);
}

/* Goal: a set without CPUs, or without what they give, gets 0 and harms nobody. */
static void test_ideal_nothing_left(void **state)
{
    (void)state;
    const uint64_t capacity[] = {0, 1};
    const struct ideal_machine half = {.cpu_count = 2, .unit = 1, .capacity = capacity};
    const struct want wants[] = {{0x1, 1, 3, 0, 1}, {0x3, 1, 2, 1, 2}, {0x0, 1, 1, 0, 1}};

    check(&half, wants, 3);
}

/* ---- Against a slower way -------------------------------------------------------------------- */

static uint64_t capacity_of(uint64_t cpus, const uint64_t *capacity)
{
    uint64_t sum = 0;

    for (uint32_t cpu = 0; cpu < SMALL_CPUS; cpu++)
        sum += (cpus >> cpu & 1) != 0 ? capacity[cpu] : 0;
    return sum;
}

/* Sums of shares; five denominators of at most 75 each fit. */
struct fraction {
    uint64_t num;
    uint64_t den;
};

static struct fraction add(struct fraction a, struct ideal_share b, uint64_t times)
{
    return (struct fraction){a.num * b.den + b.num * times * a.den, a.den * b.den};
}

/*
 * A vector is the max-min one iff it is feasible and every thread below one unit belongs to a tight
 * set whose members have no greater share over weight, except what is a whole unit anyway
 * (Bertsekas and Gallager, Data Networks, 6.5.2: the bottleneck criterion, with sets for links).
 */
static bool is_feasible(const struct ideal_class *classes, const struct ideal_share *shares,
                        const uint64_t *capacity)
{
    for (uint32_t set = 1; set < 1u << SMALL_CLASSES; set++) {
        struct fraction sum = {0, 1};
        uint64_t cpus = 0;

        for (uint32_t i = 0; i < SMALL_CLASSES; i++) {
            if ((set >> i & 1) == 0 || classes[i].count == 0)
                continue;
            cpus |= classes[i].mask[0];
            sum = add(sum, shares[i], classes[i].count);
        }
        if (sum.num > capacity_of(cpus, capacity) * sum.den)
            return false;
    }
    return true;
}

static bool is_no_greater(struct ideal_share a, uint32_t a_weight, struct ideal_share b,
                          uint32_t b_weight)
{
    return a.num * b.den * b_weight <= b.num * a.den * a_weight;
}

/* Is `set` full, and does nobody in it have more than `class` over weight? */
static bool holds_down(const struct ideal_class *classes, const struct ideal_share *shares,
                       const uint64_t *capacity, uint32_t class, uint32_t set)
{
    struct fraction sum = {0, 1};
    uint64_t cpus = 0;

    for (uint32_t i = 0; i < SMALL_CLASSES; i++) {
        if ((set >> i & 1) == 0 || classes[i].count == 0)
            continue;
        if (!is_no_greater(shares[i], classes[i].weight, shares[class], classes[class].weight))
            return false;
        cpus |= classes[i].mask[0];
        sum = add(sum, shares[i], classes[i].count);
    }
    return sum.num == capacity_of(cpus, capacity) * sum.den;
}

static bool has_bottleneck(const struct ideal_class *classes, const struct ideal_share *shares,
                           const uint64_t *capacity, uint64_t unit, uint32_t class)
{
    if (shares[class].num == unit * shares[class].den)
        return true;
    for (uint32_t set = 1; set < 1u << SMALL_CLASSES; set++)
        if ((set >> class & 1) != 0 && holds_down(classes, shares, capacity, class, set))
            return true;
    return false;
}

/* Goal: any machine.  Method: 20,000 random ones of 4 CPUs and 5 classes; all 31 sets of classes
 * are looked at for feasibility, and for the bottleneck of each. */
static void test_ideal_random_machines(void **state)
{
    (void)state;
    struct prng p = prng_seed(11);

    for (unsigned round = 0; round < 20000; round++) {
        uint64_t masks[SMALL_CLASSES];
        uint64_t capacity[SMALL_CPUS];
        struct ideal_class classes[SMALL_CLASSES];
        struct ideal_share shares[SMALL_CLASSES];
        struct ideal_machine machine = {SMALL_CPUS, 1 + prng_below(&p, 4), capacity};

        for (uint32_t cpu = 0; cpu < SMALL_CPUS; cpu++)
            capacity[cpu] = prng_below(&p, machine.unit + 1);
        for (uint32_t i = 0; i < SMALL_CLASSES; i++) {
            masks[i] = 1 + prng_below(&p, 15);
            classes[i] = (struct ideal_class){&masks[i], 1 + (uint32_t)prng_below(&p, 5),
                                              (uint32_t)prng_below(&p, 4)};
        }
        assert_true(ideal_solve(&machine, classes, SMALL_CLASSES, shares));
        assert_true(is_feasible(classes, shares, capacity));
        for (uint32_t i = 0; i < SMALL_CLASSES; i++)
            if (classes[i].count > 0)
                assert_true(has_bottleneck(classes, shares, capacity, machine.unit, i));
    }
}

/* Goal: the largest machine, in its largest numbers.  Method: 1024 CPUs in 64 sets of 16, 2^14
 * threads in each, of weight 2^17 in the first 8; and 1000 threads that may run anywhere. */
static void test_ideal_largest_machine(void **state)
{
    (void)state;
    static uint64_t masks[65][16];
    static struct ideal_class classes[65];
    static struct ideal_share shares[65];
    const struct ideal_machine machine = {.cpu_count = 1024, .unit = IDEAL_UNIT_MAX};

    for (uint32_t i = 0; i < 64; i++) {
        masks[i][i / 4] = UINT64_C(0xffff) << (i % 4 * 16);
        classes[i] = (struct ideal_class){masks[i], i < 8 ? 1u << 17 : 1, (1u << 14) - 16};
    }
    for (uint32_t word = 0; word < 16; word++)
        masks[64][word] = UINT64_MAX;
    classes[64] = (struct ideal_class){masks[64], 1, 56 * 16};
    assert_true(ideal_solve(&machine, classes, 65, shares));
    for (uint32_t i = 0; i < 65; i++) {
        uint64_t part = i < 8 ? (1u << 14) - 16 : 1u << 14;

        assert_true(shares[i].num / shares[i].den == IDEAL_UNIT_MAX * 16 / part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ideal_equal_threads),
        cmocka_unit_test(test_ideal_giant_weight),
        cmocka_unit_test(test_ideal_caps_in_turn),
        cmocka_unit_test(test_ideal_pinned_and_free),
        cmocka_unit_test(test_ideal_disjoint),
        cmocka_unit_test(test_ideal_nested),
        cmocka_unit_test(test_ideal_chain),
        cmocka_unit_test(test_ideal_stolen_share),
        cmocka_unit_test(test_ideal_nothing_left),
        cmocka_unit_test(test_ideal_random_machines),
        cmocka_unit_test(test_ideal_largest_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
