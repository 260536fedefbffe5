/* SPDX-License-Identifier: MIT */
/*
 * cap.h - the capabilities the first process holds, and the methods of their objects.
 *
 * A capability is a slot number in the process's table.  The interface is the permission.  The
 * table is fixed at start: one process, these slots, each named here.
 */
#ifndef ABI_CAP_H
#define ABI_CAP_H

#include <stdint.h>

/* name, slot, what it is */
#define CAP_TABLE(X)                                              \
    X(NONE, 0, "no object")                                       \
    X(CONSOLE, 1, "the machine's console and result stream")      \
    X(THREADS, 2, "making, joining and shaping threads here")     \
    X(MACHINE, 3, "facts of the machine and power-off")           \
    X(POLICY, 4, "weight, latency class and CPU set of threads")

enum cap_slot {
#define CAP_ENUM(name, slot, what) CAP_##name = (slot),
    CAP_TABLE(CAP_ENUM)
#undef CAP_ENUM
    CAP_SLOT_COUNT
};

/*
 * Methods, by capability.
 * CONSOLE
 *   WRITE         args[0] = address, args[1] = bytes (<= CONSOLE_WRITE_BYTES_MAX).  Text.
 *   RESULT        the same, to the result stream: binary, read by the host (abi/result.h).
 * THREADS
 *   SPAWN         args[0] = entry address, args[1] = stack top (16-aligned), args[2] = argument,
 *                 args[3] = address of struct cap_thread_params or 0 for defaults.  The new thread
 *                 starts with the argument in rdi and, so that it finds its ring, its own index in
 *                 rsi and its generation in rdx.
 *                 Result: the thread's index (its ring and telemetry record); value = generation.
 *                 The thread starts at once.
 *   JOIN          args[0] = index, args[1] = generation.  Completes when it has ended, with OK and
 *                 value = its exit status.  One joiner; an ended thread's record stays until then.
 *   SELF          Result: the caller's index; value = its generation.
 * MACHINE
 *   CPU_COUNT     Result: CPUs online.
 *   CPU_STAT      args[0] = cpu, args[1] = address of struct cap_cpu_stat to fill.
 *   POWER_OFF     args[0] = 0 for success, 1 for failure; ends the machine.  Does not return.
 *   CONSERVATION  Result: 1 if, on every CPU, thread + kernel + idle time equals wall time and
 *                 the threads' ledgers add up to the CPUs' thread time; else 0.
 * POLICY
 *   SET_WEIGHT    args[0] = thread index, args[1] = generation, args[2] = weight.
 *   SET_CLASS     args[2] = enum latency_class.
 *   SET_MASK      args[2] = address of a struct cpumask (1024 bits).  The thread leaves a CPU its
 *                 new mask does not have before this completes, if it is the caller itself.
 */
#define CONSOLE_WRITE_BYTES_MAX 1024u

enum cap_console_method { CONSOLE_WRITE = 0, CONSOLE_RESULT = 1 };
enum cap_threads_method { THREADS_SPAWN = 0, THREADS_JOIN = 1, THREADS_SELF = 2 };
enum cap_machine_method {
    MACHINE_CPU_COUNT = 0,
    MACHINE_CPU_STAT = 1,
    MACHINE_POWER_OFF = 2,
    MACHINE_CONSERVATION = 3
};
enum cap_policy_method { POLICY_SET_WEIGHT = 0, POLICY_SET_CLASS = 1, POLICY_SET_MASK = 2 };

struct cap_thread_params {
    uint32_t weight;        /* WEIGHT_MIN..WEIGHT_MAX; 0 = default */
    uint32_t latency_class; /* enum latency_class */
    uint32_t has_mask;      /* 0 or 1 */
    uint32_t reserved;
    uint64_t mask[16]; /* 1024 CPUs */
};

struct cap_cpu_stat {
    uint64_t busy_ns; /* user + system call, charged to threads */
    uint64_t idle_ns;
    uint64_t kernel_ns; /* boot and interrupt entry */
    uint64_t switches;
    uint64_t timer_interrupts;
    uint64_t resched_ipis;
    uint64_t steals;
    uint64_t pushes;
};

#endif /* ABI_CAP_H */
