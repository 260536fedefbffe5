/* SPDX-License-Identifier: MIT */
/*
 * number.h - numbers as people write them on a command line, and as tables show them.
 * Exact: no floating point between the text and the nanosecond.
 */
#ifndef TOOLS_NUMBER_H
#define TOOLS_NUMBER_H

#include "base/types.h"

#define NUMBER_TEXT_BYTES 32u

/* Decimal or 0x hexadecimal, nothing before or behind.  false: no number, or above `max`. */
MUST_USE bool number_parse(const char *text, uint64_t max, uint64_t *value);

/* Seconds with up to nine decimals ("3", "0.25") in nanoseconds; 0 and above `max_ns` are false. */
MUST_USE bool number_parse_seconds(const char *text, uint64_t max_ns, uint64_t *ns);

/*
 * `value` divided by 10^`shift`, with `decimals` digits behind the point, rounded half away from 0.
 * RESULT_UNKNOWN reads "-".  `text` has NUMBER_TEXT_BYTES.  Returns `text`.
 */
const char *number_scaled(char *text, int64_t value, unsigned shift, unsigned decimals);

#endif /* TOOLS_NUMBER_H */
