/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the result stream of a run: records one behind the other, of which the result
 * (result.h) is one and the only one that is always there.
 *
 *     snapshot ...   how far the run is, when asked for them
 *     result
 *     histograms     exact wake latencies, when asked for them
 *
 * Every record begins like struct stream_record, is a multiple of 8 bytes long and has a checksum
 * as the result has it.  Records are written whole and in order, so a reader of a stream that still
 * grows waits until a record is complete.  UNKNOWN is RESULT_UNKNOWN.
 */
#ifndef ABI_STREAM_H
#define ABI_STREAM_H

#include <stdint.h>

#include "abi/result.h"

#define STREAM_MAGIC_SNAPSHOT UINT64_C(0x31706e7372706163)   /* "caprsnp1" */
#define STREAM_MAGIC_HISTOGRAMS UINT64_C(0x3174736872706163) /* "caprhst1" */

#define STREAM_HISTOGRAM_US_MAX 10000u
#define STREAM_WATCH_MS_MAX 3600000u
/* All snapshots of a run together; what would be more is not written. */
#define STREAM_SNAPSHOTS_BYTES_MAX (UINT64_C(64) << 20)

struct stream_record {
    uint64_t magic;
    uint64_t bytes;    /* of the whole record */
    uint64_t checksum; /* FNV-1a (hash_sealed) over everything, with 0 here */
};

/* ---- Snapshot: this, then a stream_thread for each thread, then a result_cpu for each CPU ---- */

struct stream_snapshot {
    uint64_t magic;
    uint64_t bytes;
    uint64_t checksum;
    uint64_t at_ns; /* since the start of the run; so do all its figures count */
    uint32_t thread_count;
    uint32_t cpu_count;
};

struct stream_thread {
    int64_t runtime_ns; /* UNKNOWN: it has not begun, and nothing else is known of it */
    int64_t activations;
    int64_t wake_latency_p99_ns;
    int64_t cpu; /* where it runs or last ran; UNKNOWN: it has not begun, or has ended */
    int64_t is_running;
};

/* ---- Histograms: this, then for each thread a stream_histogram and its counts ---- */

struct stream_histograms {
    uint64_t magic;
    uint64_t bytes;
    uint64_t checksum;
    uint32_t thread_count;
    uint32_t us_count; /* 1..STREAM_HISTOGRAM_US_MAX: latencies below so many us are counted */
};

/* `count` numbers of 32 bits follow, how many latencies were 0 us, 1 us, ... rounded down; those
 * behind are 0.  An odd number of them is followed by 4 bytes of 0. */
struct stream_histogram {
    uint64_t beyond; /* latencies of us_count us and more */
    uint32_t count;  /* at most us_count */
    uint32_t reserved;
};

#endif /* ABI_STREAM_H */
