/* SPDX-License-Identifier: MIT */
/* process.h - what a new process is given (SPAWNER in abi/cap.h), and what can be known of one. */
#ifndef ABI_PROCESS_H
#define ABI_PROCESS_H

#include <stdint.h>

#include "abi/ledger.h"

#define CAP_GIFTS_MAX 16u

/* One capability for a new process: a copy of the caller's. */
struct cap_gift {
    uint32_t from; /* the caller's handle */
    uint32_t slot; /* in the new table, 1..CAP_SLOT_COUNT - 1, no two alike */
    uint32_t grant; /* GRANT handle to copy it through, or 0 */
    uint32_t reserved;
};

struct cap_process_params {
    uint32_t program; /* the n-th program of the boot archive, from 0: init */
    uint32_t gift_count;
    uint32_t weight;        /* of the first thread; 0 = default */
    uint32_t latency_class; /* of the first thread; default: LATENCY_NORMAL, which is not 0 */
    uint64_t argument;      /* the first thread's, as SPAWN of THREADS says */
    uint64_t limits[LEDGER_RESOURCE_COUNT];
    struct cap_gift gifts[CAP_GIFTS_MAX];
    uint32_t session; /* SESSION handle (STALE: it is logged out); 0: the caller's session */
    uint32_t service; /* 1..CAP_SERVICES_MAX: needs SESSIONS in its slot (BAD_CAP); 0: caller's */
    uint32_t fault_client; /* the first thread's fault endpoint: the caller's CLIENT handle; or 0 */
    uint32_t reserved;
    uint64_t fault_cookie;
};

/* What belongs to a service is told by its number: the n-th of the manifest, from 1; 0: none. */
#define CAP_SERVICES_MAX 32u

enum process_end {
    PROCESS_EXITED = 0,
    PROCESS_KILLED = 1,
    PROCESS_FAULTED = 2,
    PROCESS_LOGGED_OUT = 3
};

enum process_state { PROCESS_FREE = 0, PROCESS_MAKING, PROCESS_LIVE, PROCESS_ENDING, PROCESS_GONE };

struct cap_process_info {
    uint32_t state;       /* enum process_state */
    uint32_t end;         /* enum process_end, once it is ENDING or GONE */
    int64_t exit_status;
    uint32_t live_count;  /* threads */
    uint32_t fault_thread; /* index; of a FAULTED process, as the rest */
    uint32_t fault_vector;
    uint32_t reserved;
    uint64_t fault_address;
    uint64_t fault_pc;
};

/*
 * What the threads of a process have used, the ended ones and its reaper included.  Each counts
 * once, up to the instant at which it was read; one about to be gone up to its last charge.
 * irq_ns is no time of theirs: what the CPUs spent on interrupts of lines that the process bound.
 */
struct cap_process_stat {
    uint64_t runtime_ns;
    uint64_t switches;
    uint64_t preemptions;
    uint64_t voluntary_blocks;
    uint64_t migrations;
    uint32_t live_count;  /* threads that have not ended */
    uint32_t ended_count; /* threads that have, modulo 2^32 */
    uint64_t irq_ns;
};

#endif /* ABI_PROCESS_H */
