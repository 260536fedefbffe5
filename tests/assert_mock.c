/* SPDX-License-Identifier: MIT */
/* assert_mock.c - assert_fail of unit tests: seen by expect_assert_failure(), or a failure. */
#include "base/assert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void assert_fail(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
    abort(); /* mock_assert jumps away; this says so to the compiler */
}
