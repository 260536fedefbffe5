/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

/* Goal: charging loses nothing.  Method: 10^6 random charges at one weight each; afterwards
 * weight * dv + remainder == 1024 * service, to the last bit. */
static void test_sc_charge_is_exact(void **state)
{
    struct prng p = prng_seed(1);
    uint32_t charges = 0;

    (void)state;
    for (uint32_t round = 0; round < 1000; round++) {
        struct sc c = {.weight = 1 + (uint32_t)prng_below(&p, WEIGHT_MAX)};
        uint64_t service_ns = 0;

        for (uint32_t i = 0; i < 1000; i++, charges++) {
            uint64_t delta_ns = prng_below(&p, 5000000);
            int64_t before = c.v.vns;
            int64_t advance = sc_charge(&c, delta_ns);

            assert_int_equal(before + advance, c.v.vns);
            service_ns += delta_ns;
        }
        assert_int_equal((uint64_t)c.v.vns * c.weight + c.remainder, service_ns * WEIGHT_UNIT);
        assert_int_equal(c.consumed_ns, service_ns);
    }
    assert_int_equal(charges, 1000000);
}

/* Goal: splitting a charge changes nothing.  Method: 24 ms at once and in 24 million pieces of 1 ns
 * give one v at an awkward weight. */
static void test_sc_charge_does_not_depend_on_how_it_is_cut(void **state)
{
    struct sc whole = {.weight = 110};
    struct sc pieces = {.weight = 110};

    (void)state;
    (void)sc_charge(&whole, 2400000);
    for (uint32_t i = 0; i < 2400000; i++)
        (void)sc_charge(&pieces, 1);
    assert_int_equal(whole.v.vns, pieces.v.vns);
    assert_int_equal(whole.remainder, pieces.remainder);
}

/* Goal: the longest charge at the least weight fits.  Method: CHARGE_NS_MAX at weight 1; one more
 * nanosecond is a bug of the caller. */
static void test_sc_charge_at_its_limits(void **state)
{
    struct sc c = {.weight = WEIGHT_MIN};

    (void)state;
    assert_int_equal(sc_charge(&c, CHARGE_NS_MAX), (int64_t)(CHARGE_NS_MAX * WEIGHT_UNIT));
    expect_assert_failure((void)sc_charge(&c, CHARGE_NS_MAX + 1));
}

/* Goal: the slice follows the latency class and nothing else. */
static void test_sc_slice_follows_the_class(void **state)
{
    struct fixture *f = fixture_new(1, 3, 0);

    (void)state;
    sc_init_fair(f->s, 0, 1, LATENCY_BATCH);
    sc_init_fair(f->s, 1, 99, LATENCY_NORMAL);
    sc_init_fair(f->s, 2, WEIGHT_MAX, LATENCY_INTERACTIVE);
    assert_int_equal(sc_slice_ns(sc_of(f->s, 0)->latency_class), SLICE_BATCH_NS);
    assert_int_equal(sc_slice_ns(sc_of(f->s, 1)->latency_class), SLICE_NORMAL_NS);
    assert_int_equal(sc_slice_ns(sc_of(f->s, 2)->latency_class), SLICE_INTERACTIVE_NS);
    expect_assert_failure(sc_init_fair(f->s, 0, 0, LATENCY_BATCH));
    expect_assert_failure(sc_init_fair(f->s, 0, WEIGHT_MAX + 1, LATENCY_BATCH));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sc_charge_is_exact),
        cmocka_unit_test(test_sc_charge_does_not_depend_on_how_it_is_cut),
        cmocka_unit_test(test_sc_charge_at_its_limits),
        cmocka_unit_test(test_sc_slice_follows_the_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
