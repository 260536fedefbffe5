/* SPDX-License-Identifier: MIT */
/* limits.h - every bound of the portable kernel, with how they relate. */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

#include "abi/bootinfo.h"
#include "abi/ring.h"
#include "abi/sched.h"
#include "kernel/arch.h"

#define THREADS_PER_PROCESS_MAX 1024u /* indexes, ring pages and telemetry records of a process */
#define TIMER_BATCH_MAX 16u           /* timers one interrupt expires; more: a second interrupt */
#define PARK_BUCKET_COUNT 256u        /* a power of two */
#define PARK_BATCH_MAX 16u            /* waiters woken in one hold of a bucket's lock */
#define BACKTRACE_FRAMES_MAX 16u
#define PANIC_WAIT_PAUSES 100000u /* how long a panic waits for the other CPUs to stop */
#define CONSERVATION_TRIES_MAX 64u      /* attempts to read all ledgers between two charges */
#define BOOT_RUN_BYTES_MAX (UINT64_C(256) << 20) /* one table made at boot */

#define ELF_SEGMENTS_MAX 16u
#define PROGRAM_BYTES_MAX (UINT64_C(64) << 20)

/* Where things lie in every process.  Programs are linked below RING_BASE. */
#define PROGRAM_END RING_BASE
#define STACK_TOP UINT64_C(0x00007ffffff00000) /* of the main thread; the page below is unmapped */
#define STACK_BASE (STACK_TOP - BOOT_STACK_BYTES)

#define RING_PAGE(index) (RING_BASE + (uint64_t)(index)*RING_PAGE_BYTES)
#define TELEMETRY_BYTES ((uint64_t)(THREADS_PER_PROCESS_MAX + 1) * TELEMETRY_RECORD_BYTES)

_Static_assert(RING_PAGE_BYTES == ARCH_PAGE_BYTES, "a ring is one page");
_Static_assert(RING_PAGE(THREADS_PER_PROCESS_MAX) <= TELEMETRY_BASE, "rings end before telemetry");
_Static_assert(TELEMETRY_BASE + TELEMETRY_BYTES <= WORKLOAD_BASE, "telemetry ends before workload");
_Static_assert(WORKLOAD_BASE + BOOT_ARCHIVE_BYTES_MAX <= ARGUMENTS_BASE, "workload fits");
_Static_assert(ARGUMENTS_BASE + BOOT_ARCHIVE_BYTES_MAX <= STACK_BASE, "arguments fit");
_Static_assert(STACK_TOP <= ARCH_USER_END, "the stack is the user's");
_Static_assert((PARK_BUCKET_COUNT & (PARK_BUCKET_COUNT - 1)) == 0, "hashes are masked");
_Static_assert(RING_INFLIGHT_MAX <= 32, "records are bits of a word");
_Static_assert(RING_INFLIGHT_MAX <= RING_CQ_ENTRIES, "every record can have its completion");

#endif /* KERNEL_LIMITS_H */
