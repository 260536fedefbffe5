/* SPDX-License-Identifier: MIT */
/*
 * arguments.h - loadgen's arguments: words of the form name=value, separated by single spaces.
 *
 *   duration_ns=N   0..WORKLOAD_DURATION_NS_MAX, decimal digits only; replaces the duration in the
 *                   image (0: until every thread has ended)
 *   histogram_us=N  1..STREAM_HISTOGRAM_US_MAX: count wake latencies exactly up to N us, and write
 *                   them behind the result (abi/stream.h)
 *   watch_ms=N      1..STREAM_WATCH_MS_MAX: write a snapshot every N ms of the run (abi/stream.h)
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
    uint64_t histogram_us; /* 0: not given */
    uint64_t watch_ms;     /* 0: not given */
};

/*
 * Read `bytes` characters at `text`, without a NUL; no characters are no arguments.
 * Returns: false if anything is not as above; `arguments` is then untouched.
 */
MUST_USE bool arguments_parse(struct arguments *arguments, const char *text, uint64_t bytes);

#endif /* USER_LOADGEN_ARGUMENTS_H */
