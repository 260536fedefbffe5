/* SPDX-License-Identifier: MIT */
/* limits.h - every bound of the portable kernel, with how they relate. */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

#include "abi/bootinfo.h"
#include "abi/ring.h"
#include "abi/sched.h"
#include "kernel/arch.h"

#define THREADS_PER_PROCESS_MAX 1024u /* indexes, ring pages and telemetry records of a process */
#define THREADS_MAX 4096u             /* of all processes, reapers included */
#define THREAD_SLOTS (THREADS_MAX + ARCH_CPU_MAX) /* a CPU may be about to give one back */
#define GRANTS_MAX 2048u
#define OBJECTS_MAX 4096u /* of all processes: each kind has as many records, and boot's */
#define BOOT_OBJECTS_MAX 8u
#define PROCESSES_MAX (OBJECTS_MAX + BOOT_OBJECTS_MAX)
#define MEMORIES_MAX (OBJECTS_MAX + BOOT_OBJECTS_MAX)
#define MAPPINGS_MAX (OBJECTS_MAX + BOOT_OBJECTS_MAX)
#define CPUSETS_MAX (OBJECTS_MAX + BOOT_OBJECTS_MAX)
#define SESSIONS_MAX 256u
#define SESSION_WAITERS_MAX 64u /* who waits for one to be logged out */
#define IRQS_MAX ARCH_IRQ_LINES_MAX
#define ENDPOINTS_MAX OBJECTS_MAX
#define ENDPOINT_OLDEST_EVERY 8u /* messages, of which one is the oldest in the line */
#define CAP_SLOTS_MAX (1u << 20) /* of all processes: a ledger's first limit, no table */

/* Work is done in steps between which interrupts are let in: about 10,000 instructions each. */
#define FRAMES_PER_STEP 8u  /* frames taken and zeroed, or given back */
#define PAGES_PER_STEP 64u  /* pages mapped or unmapped */
#define SEATS_PER_STEP 16u  /* threads looked at, and killed */
#define RECORDS_PER_STEP 128u /* records of a pool looked at */
#define WAITERS_PER_STEP 16u
#define CALLERS_PER_STEP 4u /* taken out of a line and woken */
#define IRQS_PER_STEP 16u /* interrupt bindings ended */

#define PROCESS_WAITERS_MAX 256u  /* who waits for one process: looked at in one hold of its lock */
#define PROCESS_MAPPINGS_MAX 1024u /* of one process: looked at in one hold of a lock */

#define KILL_TRIES_MAX 16u            /* looks at a queue that is locked, before its CPU ends it */
#define POLICY_TRIES_MAX 16u          /* the same, before who picks the thread changes it */
#define TIMER_BATCH_MAX 16u           /* timers one interrupt expires; more: a second interrupt */
#define PARK_BUCKET_COUNT 256u        /* a power of two */
#define PARK_BATCH_MAX 16u            /* waiters woken in one hold of a bucket's lock */
#define BACKTRACE_FRAMES_MAX 16u
#define PANIC_WAIT_PAUSES 100000u /* how long a panic waits for the other CPUs to stop */
#define CONSERVATION_TRIES_MAX 64u      /* attempts to read all ledgers between two charges */
#define BOOT_RUN_BYTES_MAX (UINT64_C(256) << 20) /* one table made at boot */

/* Where things lie in every process (abi/bootinfo.h). */
#define STACK_BASE (PROCESS_STACK_TOP - PROCESS_STACK_BYTES)
#define RING_PAGE(index) (RING_BASE + (uint64_t)(index)*RING_PAGE_BYTES)
#define TELEMETRY_BYTES ((uint64_t)(THREADS_PER_PROCESS_MAX + 1) * TELEMETRY_RECORD_BYTES)

_Static_assert(RING_PAGE_BYTES == ARCH_PAGE_BYTES, "a ring is one page");
_Static_assert(TELEMETRY_BASE == PROGRAM_END, "numbers lie right behind the program");
_Static_assert(TELEMETRY_BASE + TELEMETRY_BYTES < STACK_BASE, "then, behind a gap, the stack");
_Static_assert(PROCESS_STACK_TOP <= RING_BASE, "then rings");
_Static_assert(RING_PAGE(THREADS_PER_PROCESS_MAX) <= MAP_BASE, "then what programs map");
_Static_assert(PROGRAM_END / ARCH_TABLE_SPAN_BYTES == RING_BASE / ARCH_TABLE_SPAN_BYTES,
               "one lowest table holds what a small process has behind its program");
_Static_assert((PARK_BUCKET_COUNT & (PARK_BUCKET_COUNT - 1)) == 0, "hashes are masked");
_Static_assert(RING_INFLIGHT_MAX <= 32, "records are bits of a word");
_Static_assert(RING_INFLIGHT_MAX <= RING_CQ_ENTRIES, "every record can have its completion");

#endif /* KERNEL_LIMITS_H */
