/* SPDX-License-Identifier: MIT */
/*
 * calls.h - endpoints of a workload: the events capos-call and capos-serve.
 *
 * Each process makes those of its own tasks, and one client of each, before its threads.  Calls
 * have no deadline, so at the run's end main destroys the endpoints.
 *
 * Whoever answers and receives next does both in one system call, which is how a passive server
 * hands its caller's context back.
 */
#ifndef USER_LOADGEN_CALLS_H
#define USER_LOADGEN_CALLS_H

#include "user/loadgen/load.h"

/* Make the own endpoints; false: one could not be, the console says why and the verdict fails. */
MUST_USE bool load_make_endpoints(void);

/* `end` has come: who waits at one goes on. */
void load_destroy_endpoints(void);

/* Endpoints of a process. */
uint32_t load_endpoints_of(uint32_t process);

/* Call there and wait for the answer; wait for a call, with an answer that is due.  Returns: as
 * load_wait_end. */
MUST_USE bool load_call(struct load_thread *t, uint32_t object);
MUST_USE bool load_receive(struct load_thread *t, uint32_t object);

/* An answer that is due does not wait for `action`, unless it goes along with it. */
void load_answer_before(struct load_thread *t, const struct step_action *action);

#endif /* USER_LOADGEN_CALLS_H */
