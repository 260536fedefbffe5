/* SPDX-License-Identifier: MIT */
#include "sim/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 4u

static bool is_zero(const unsigned char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (memory[i] != 0)
            return false;
    return true;
}

/* Goal: memory is zero and on its boundary, small or large, also where something was before.
 * Method: sizes around a large page; each is filled and given back, and asked for again. */
static void test_memory_is_zero(void **state)
{
    static const size_t sizes[] = {1, 64, 100, (2u << 20) - 1, 2u << 20, (2u << 20) + 1, 5u << 20};

    (void)state;
    for (uint32_t i = 0; i < ROUNDS * sizeof sizes / sizeof sizes[0]; i++) {
        size_t bytes = sizes[i % (sizeof sizes / sizeof sizes[0])];
        unsigned char *memory = memory_aligned(64, bytes);

        assert_non_null(memory);
        assert_true((uintptr_t)memory % 64 == 0);
        assert_true(is_zero(memory, bytes));
        for (size_t k = 0; k < bytes; k++)
            memory[k] = 0xa5;
        free(memory);
    }
}

/* Goal: a product that wraps is refused.  Method: half of all addresses times four. */
static void test_memory_refuses_what_wraps(void **state)
{
    (void)state;
    assert_null(memory_zeroed(SIZE_MAX / 2, 4));
    void *nothing = memory_zeroed(0, 8);

    assert_non_null(nothing);
    free(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zero),
        cmocka_unit_test(test_memory_refuses_what_wraps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
