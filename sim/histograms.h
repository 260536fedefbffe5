/* SPDX-License-Identifier: MIT */
/*
 * histograms.h - each thread's exact wake latencies: counted, then an abi/stream.h record.
 *
 * Memory: a count for each thread and microsecond, made at the start; the system gives pages as
 * they are counted in.
 */
#ifndef SIM_HISTOGRAMS_H
#define SIM_HISTOGRAMS_H

#include "abi/stream.h"
#include "sim/script.h"

struct histograms {
    uint32_t us_count; /* 0: nobody asked for them */
    uint32_t *counts;  /* `us_count` for each thread */
};

/* The most bytes that a stream of `thread_count` threads and `cpu_count` CPUs can have. */
uint64_t histograms_stream_bytes_max(uint32_t thread_count, uint32_t cpu_count, uint32_t us_count);

/* Let the threads of `script` count exactly from now on.  False: no memory. */
MUST_USE bool histograms_begin(struct histograms *h, struct script *script, uint32_t us_count);

/* Append the record to the malloc'ed `*stream` of `*bytes`.  False: no memory; both stay. */
MUST_USE bool histograms_append(const struct histograms *h, const struct script *script,
                                unsigned char **stream, size_t *bytes);

void histograms_fini(struct histograms *h);

#endif /* SIM_HISTOGRAMS_H */
