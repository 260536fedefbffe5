/* SPDX-License-Identifier: MIT */
/*
 * assert.h - assertions that stay on in every build.
 *
 * ASSERT is for bugs, never for bad input: what an outsider can cause is a refusal (abi/status.h).
 * The host of the code (kernel, tool, simulator, explorer) supplies assert_fail, which must not
 * return.  One condition per line, so that the line says what was wrong.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/types.h"

NORETURN void assert_fail(const char *condition, const char *file, int line);

#define ASSERT(condition) \
    ((condition) ? (void)0 : assert_fail(#condition, __FILE__, __LINE__))

#define UNREACHABLE() assert_fail("unreachable", __FILE__, __LINE__)

#endif /* BASE_ASSERT_H */
