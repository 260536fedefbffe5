/* SPDX-License-Identifier: MIT */
/*
 * result.h - the result of a run, as both engines write it and the tools read it: a header, one
 * record per thread, one per CPU.  One X-macro table per record: the fields of the binary form, of
 * the JSON (`capos-result-1`) and of the table people see are the same list.
 *
 * All fields are 64 bits.  UNKNOWN means "not measured" and becomes null, never 0.
 */
#ifndef ABI_RESULT_H
#define ABI_RESULT_H

#include <stdint.h>

#define RESULT_MAGIC UINT64_C(0x3274736c72706163) /* "caprlst2" */
#define RESULT_UNKNOWN INT64_MIN
#define RESULT_BYTES_MAX (UINT64_C(256) << 20)

/* X(field, JSON path below the thread); `process`: in which it ran (abi/workload.h) */
#define RESULT_THREAD_TABLE(X)                            \
    X(process, "process")                                 \
    X(runtime_ns, "runtime_ns")                           \
    X(activations, "activations")                         \
    X(wake_latency_min_ns, "wake_latency_ns.min")         \
    X(wake_latency_mean_ns, "wake_latency_ns.mean")       \
    X(wake_latency_p50_ns, "wake_latency_ns.p50")         \
    X(wake_latency_p99_ns, "wake_latency_ns.p99")         \
    X(wake_latency_max_ns, "wake_latency_ns.max")         \
    X(slack_min_ns, "slack_ns.min")                       \
    X(slack_mean_ns, "slack_ns.mean")                     \
    X(deadline_misses, "deadline_misses")                 \
    X(switches, "switches")                               \
    X(preemptions, "preemptions")                         \
    X(voluntary_blocks, "voluntary_blocks")               \
    X(migrations, "migrations")                           \
    X(ideal_ns, "ideal_ns")                               \
    X(lag_min_ns, "lag_ns.min")                           \
    X(lag_max_ns, "lag_ns.max")

#define RESULT_CPU_TABLE(X)                   \
    X(busy_ns, "busy_ns")                     \
    X(idle_ns, "idle_ns")                     \
    X(kernel_ns, "kernel_ns")                 \
    X(switches, "switches")                   \
    X(timer_interrupts, "timer_interrupts")   \
    X(resched_ipis, "resched_ipis")           \
    X(steals, "steals")                       \
    X(pushes, "pushes")

struct result_thread {
#define RESULT_FIELD(name, path) int64_t name;
    RESULT_THREAD_TABLE(RESULT_FIELD)
};

struct result_cpu {
    RESULT_CPU_TABLE(RESULT_FIELD)
#undef RESULT_FIELD
};

/* Why a run's verdict failed: bits. */
#define RESULT_VERDICT_TABLE(X)                                                         \
    X(CONSERVATION, 0, "the CPUs' times do not add up to wall time")                    \
    X(LEDGER, 1, "the threads' ledgers do not add up to the CPUs' busy time")           \
    X(INCOMPLETE, 2, "the run ended before its duration was over")                      \
    X(SPAWN, 3, "a thread of the workload could not be started")                        \
    X(SYNC, 4, "a mutex was unlocked by a thread that does not hold it")                \
    X(FORK, 5, "more threads were forked than the workload has room for")               \
    X(PROCESS, 6, "a process of the workload could not be started, or did not end by itself")

enum result_verdict {
#define RESULT_VERDICT_ENUM(name, bit, sentence) RESULT_FAILED_##name = 1 << (bit),
    RESULT_VERDICT_TABLE(RESULT_VERDICT_ENUM)
#undef RESULT_VERDICT_ENUM
    RESULT_VERDICT_OK = 0
};

struct result_header {
    uint64_t magic;
    uint64_t bytes;    /* header, threads and CPUs */
    uint64_t checksum; /* FNV-1a (hash_sealed) over everything, with 0 here */
    uint64_t duration_ns; /* measured: from the first thread's start to the end */
    uint64_t failed;      /* enum result_verdict bits; 0 = held */
    uint32_t thread_count;
    uint32_t cpu_count;
    int64_t wasted_ns; /* or RESULT_UNKNOWN */
    uint64_t trace_hash; /* simulator: hash of every event; kernel: 0 */
};

#endif /* ABI_RESULT_H */
