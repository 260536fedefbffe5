/* SPDX-License-Identifier: MIT */
/*
 * processes.h - a run in several processes: those of the workload image (abi/workload.h).
 *
 * Process 0 is loadgen as it was started.  Where the image has others it starts itself once for
 * each, with the process's number as argument; such a child creates, places and follows the threads
 * of its process and nothing else.  What all know is one memory object, mapped by all at
 * LOAD_RECORDS_BASE: the board below, then the records that load.h names.  Everything that a record
 * points to lies there or in the image, which each maps at one place, so pointers hold in all.
 *
 *     process 0                            child
 *     start children, own threads          own threads; stage READY
 *     when all are READY: set `start_ns`,
 *     open `gate`, place own threads  ->   (a look each LOAD_POLL_NS) place own threads;
 *     the run                              stage PLACED; the run
 *     wait for all to end, write      <-   end
 *
 * A park word belongs to one process (abi/cap.h), so nobody parks for another process: they poll
 * before the run, and not at all during it.  A child that ends otherwise than by itself with 0
 * fails the verdict, RESULT_FAILED_PROCESS; the others go on.
 *
 * Locks: none.  `gate`, `failed`, `stages` and `still` are atomic; `start_ns` is written before
 * `gate`.
 */
#ifndef USER_LOADGEN_PROCESSES_H
#define USER_LOADGEN_PROCESSES_H

#include "abi/cap.h"
#include "abi/workload.h"
#include "base/types.h"

/* Where a child finds what process 0 made: slots that are given out only so. */
#define LOAD_SLOT_RECORDS (CAP_MANIFEST + 1u)
#define LOAD_SLOT_BUFFER (CAP_MANIFEST + 2u)
_Static_assert(LOAD_SLOT_BUFFER < CAP_SLOT_FIRST_FREE, "nothing else is ever there");

#define LOAD_POLL_NS NS_PER_MS

enum load_gate { GATE_CLOSED = 0, GATE_OPEN = 1, GATE_GO_HOME = 2 };
enum load_stage { STAGE_NONE = 0, STAGE_READY = 1, STAGE_PLACED = 2 };

struct load_board {
    uint64_t start_ns;
    uint32_t gate;   /* enum load_gate */
    uint32_t failed; /* enum result_verdict bits */
    uint32_t stages[WORKLOAD_PROCESSES_MAX + 1]; /* enum load_stage, by process */
    uint32_t still[WORKLOAD_PROCESSES_MAX + 1];  /* 1: none of its threads moves, by process */
};

_Static_assert(sizeof(struct load_board) % 8 == 0, "records follow");

/* This process's threads move, or do not.  Returns: whether no process's threads do. */
bool load_all_still(bool is_still);

/* What process 0 holds of its own for them. */
struct load_gifts {
    uint32_t records; /* MEMORY handles */
    uint32_t buffer;  /* or CAP_NONE */
    uint32_t cpus;    /* CAP_CPUS, or CAP_NONE */
};

/* ---- Process 0 ---- */

/* Start them all.  Returns: false when one could not be; the console says why and the verdict
 * fails.  Those there are wait for the gate: the caller tells them to end. */
MUST_USE bool load_processes_start(const struct load_gifts *gifts);

/* Wait until all have reached `stage`.  Returns: false when one has ended before. */
bool load_processes_reach(enum load_stage stage);

/* Tell them to begin at `start_ns`, or to end without a run. */
void load_processes_open(enum load_gate gate, uint64_t start_ns);

/* Are some still there? */
bool load_processes_live(void);

/* Wait for their ends, and judge them. */
void load_processes_await(void);

/* ---- A child ---- */

/* All that it does; its exit status. */
MUST_USE int64_t load_child_run(void);

#endif /* USER_LOADGEN_PROCESSES_H */
