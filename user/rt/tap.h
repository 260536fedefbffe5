/* SPDX-License-Identifier: MIT */
/*
 * tap.h - test results in the Test Anything Protocol, version 12, on the console.
 *
 * A program begins with tap_plan and ends with `return tap_end();` in rt_main.  Only the first
 * thread calls these functions.
 */
#ifndef USER_RT_TAP_H
#define USER_RT_TAP_H

#include "base/types.h"

/* From now on all lines are indented: this is a part of somebody else's test.  Call first. */
void tap_indent(void);

void tap_plan(uint32_t count);

/* One test: did `what` hold?  Returns `is_ok`, to add a tap_note where it failed. */
bool tap_ok(bool is_ok, const char *what);

/* One test: is `got` what was wanted?  If not, notes say both. */
bool tap_equal(int64_t got, int64_t wanted, const char *what);

/* One test: low <= got <= high?  If not, notes say all three. */
bool tap_within(int64_t got, int64_t low, int64_t high, const char *what);

/* One test that cannot run here, counted as passed. */
void tap_skip(const char *what, const char *why);

/* A remark: "# text value". */
void tap_note(const char *text, int64_t value);

/* 0 if as many tests ran as planned and all passed, else 1. */
int64_t tap_end(void);

#endif /* USER_RT_TAP_H */
