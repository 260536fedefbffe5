/* SPDX-License-Identifier: MIT */
/*
 * arguments.h - loadgen's arguments: words of the form name=value, separated by single spaces.
 *
 *   duration_ns=N   0..WORKLOAD_DURATION_NS_MAX, decimal digits only; replaces the duration in the
 *                   image (0: until every thread has ended)
 *
 * Nothing else is accepted: an unknown or repeated name, an empty word or value, a sign, a number
 * beyond its limit.
 */
#ifndef USER_LOADGEN_ARGUMENTS_H
#define USER_LOADGEN_ARGUMENTS_H

#include "base/types.h"

#define ARGUMENTS_BYTES_MAX 4096u

struct arguments {
    bool has_duration;
    uint64_t duration_ns;
};

/*
 * Read `bytes` characters at `text`, without a NUL; no characters are no arguments.
 * Returns: false if anything is not as above; `arguments` is then untouched.
 */
MUST_USE bool arguments_parse(struct arguments *arguments, const char *text, uint64_t bytes);

#endif /* USER_LOADGEN_ARGUMENTS_H */
