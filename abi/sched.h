/* SPDX-License-Identifier: MIT */
/*
 * sched.h - what scheduling looks like from outside: weights, latency classes, telemetry.
 *
 * Telemetry is a read-only region of every process at TELEMETRY_BASE: a header with the clock's
 * conversion, then one 64-byte record per thread, indexed like its ring page.  A thread reads its
 * own CPU time without a system call:
 *     do { s = seq; r = runtime_ns; t = since_ns; } while (seq changed or s is odd)
 *     own CPU time = r + (now - t)
 * The kernel rewrites the record whenever it puts the thread on a CPU.
 */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include <stdint.h>

#define WEIGHT_MIN 1u
#define WEIGHT_MAX (1u << 17)
#define WEIGHT_UNIT 1024u /* nice 0; virtual time runs like real time at this weight */

enum latency_class { LATENCY_BATCH = 0, LATENCY_NORMAL = 1, LATENCY_INTERACTIVE = 2 };
#define LATENCY_CLASS_COUNT 3u

#define SLICE_BATCH_NS UINT64_C(24000000)
#define SLICE_NORMAL_NS UINT64_C(3000000)
#define SLICE_INTERACTIVE_NS UINT64_C(300000)

#define TELEMETRY_BASE UINT64_C(0x30000000) /* PROGRAM_END */
#define TELEMETRY_RECORD_BYTES 64u

/* now_ns = base_ns + ((rdtsc() - base_tsc) * multiplier >> shift), in 128 bits. */
struct telemetry_header {
    uint64_t base_tsc;
    uint64_t base_ns;
    uint64_t multiplier;
    uint32_t shift;
    uint32_t cpu_count;
    uint32_t thread_max;
    uint32_t reserved[7];
};

struct telemetry_record {
    uint32_t seq; /* odd while the kernel writes */
    uint32_t cpu;
    uint32_t gen; /* thread generation; 0 = unused */
    uint32_t reserved0;
    uint64_t runtime_ns; /* charged up to since_ns */
    uint64_t since_ns;
    uint64_t switches;
    uint64_t preemptions;
    uint64_t voluntary_blocks;
    uint64_t migrations;
};

_Static_assert(sizeof(struct telemetry_header) == TELEMETRY_RECORD_BYTES, "abi");
_Static_assert(sizeof(struct telemetry_record) == TELEMETRY_RECORD_BYTES, "abi");

#endif /* ABI_SCHED_H */
