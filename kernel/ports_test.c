/* SPDX-License-Identifier: MIT */
#include "kernel/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/arch.h"

#define PORTS 0x10000u
#define OPEN_FIRST 0x70u
#define OPEN_COUNT 2u
#define ROUNDS 20000u

bool arch_port_is_open(uint32_t port)
{
    return port >= OPEN_FIRST && port < OPEN_FIRST + OPEN_COUNT;
}

static uint32_t narrow(uint32_t range, uint64_t offset, uint64_t count)
{
    uint32_t narrower = 0;

    assert_int_equal(ports_narrow(range, offset, count, &narrower), STATUS_OK);
    return narrower;
}

/* Goal: the range of all ports has them all, and only those open to programs are reached.  Method:
 * every one, and the first that is none. */
static void test_ports_all(void **state)
{
    (void)state;
    uint32_t port = 0;

    for (uint32_t i = 0; i < PORTS; i++) {
        enum status wanted = arch_port_is_open(i) ? STATUS_OK : STATUS_BAD_ADDRESS;

        assert_int_equal(ports_find(ports_all(), i, &port), wanted);
        assert_int_equal(port, i);
    }
    assert_int_equal(ports_find(ports_all(), PORTS, &port), STATUS_BAD_ARGUMENT);
}

/* Goal: a port is counted from its range's first.  Method: both ends of a range. */
static void test_ports_are_counted_from_the_first(void **state)
{
    (void)state;
    uint32_t clock = narrow(ports_all(), OPEN_FIRST, OPEN_COUNT), port = 0;

    assert_int_equal(ports_find(clock, 1, &port), STATUS_OK);
    assert_int_equal(port, OPEN_FIRST + 1);
    assert_int_equal(ports_find(clock, OPEN_COUNT, &port), STATUS_BAD_ARGUMENT);
    assert_int_equal(ports_find(clock, UINT64_MAX, &port), STATUS_BAD_ARGUMENT);
}

/* Goal: no range reaches beyond the one it was made of.  Method: ranges of ranges at random, some
 * asked for too much, against first and count as plain numbers. */
static void test_ports_only_get_narrower(void **state)
{
    (void)state;
    struct prng p = prng_seed(1);
    uint64_t first = 0, count = PORTS;
    uint32_t range = ports_all();

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint64_t offset = prng_below(&p, (uint32_t)count + 2), length = prng_below(&p, 300);
        bool is_good = length > 0 && offset + length <= count;
        uint32_t narrower, port;

        assert_int_equal(ports_narrow(range, offset, length, &narrower),
                         is_good ? STATUS_OK : STATUS_BAD_ARGUMENT);
        if (is_good) {
            first += offset;
            count = length;
            range = narrower;
            (void)!ports_find(range, count - 1, &port);
            assert_int_equal(port, first + count - 1);
            assert_int_equal(ports_find(range, count, &port), STATUS_BAD_ARGUMENT);
        }
        if (prng_below(&p, 4) == 0) {
            range = ports_all();
            first = 0;
            count = PORTS;
        }
    }
    assert_int_equal(ports_narrow(ports_all(), 1, UINT64_MAX, &range), STATUS_BAD_ARGUMENT);
    assert_int_equal(ports_narrow(ports_all(), UINT64_MAX, 1, &range), STATUS_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports_all),
        cmocka_unit_test(test_ports_are_counted_from_the_first),
        cmocka_unit_test(test_ports_only_get_narrower),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
