/* SPDX-License-Identifier: MIT */
/*
 * tally.h - what processes that are counted together have used: those of a session, of a service.
 *
 * A process is a member of a tally from its making until its storage goes; then what all its
 * threads have used is added to what the tally keeps of the gone.  Both are one hold of the lock,
 * and so is reading a member, a step's seats at a time, so nobody counts twice and nobody is
 * missed:
 *
 *   TL1  Every process that ever joined is either a member or counted in `left`.
 *   TL2  A walk counts a member's threads each once, at the instant its seat is read, as a total
 *        of a process does (kernel/seat.h, ST4); and who leaves unread in `missed`, as a whole.
 *
 * Of several who want the sum one walks; the others look again later.
 *
 * Locks: LOCK_FAMILY, of the caller where it says so, inside elsewhere; under it LOCK_PROCESS and
 * LOCK_THREAD.  Cost: O(1); a step of a walk reads SEATS_PER_STEP seats or members.
 */
#ifndef KERNEL_TALLY_H
#define KERNEL_TALLY_H

#include "abi/session.h"
#include "base/list.h"
#include "base/types.h"

struct seat;
struct process;

struct tally {
    struct list members;
    struct cap_total_stat left; /* by those who are gone; of it process_count: the members */

    /* The walk, while is_walked. */
    bool is_walked;
    uint32_t seat;              /* of the member at `at`: the next to be read */
    uint64_t walk;              /* number of the last one */
    struct list *at;            /* the member to be read; &members: none is left */
    struct cap_total_stat sum;  /* of the members that were read, and `left` as it was then */
    struct cap_total_stat part; /* of the one at `at` */
    struct cap_total_stat missed;
};

/* A process's place in one. */
struct tally_member {
    struct list link;
    struct tally *tally;
    struct process *process;
    uint64_t walk; /* the last that has read it whole */
};

void tally_init(struct tally *tally);

/* ---- Under LOCK_FAMILY ---- */

void tally_join(struct tally *tally, struct tally_member *member, struct process *process);

/* It goes, having used so much in all. */
void tally_leave(struct tally_member *member, const struct cap_total_stat *used);

/* Something else that is gone has used so much. */
void tally_absorb(struct tally *tally, const struct cap_total_stat *used);

/* The first member, behind all others from now on; NULL: there is none. */
struct process *tally_rotate(struct tally *tally);

/* What a process has used beside its seats: its reapers, and all threads once they were summed. */
void tally_add_rest(struct cap_process_stat *sum, struct process *process);

/* ---- The sum ---- */

/* The threads of a seat, the living one and the ended ones.  Without LOCK_FAMILY, too. */
void tally_add_seat(struct cap_process_stat *sum, struct seat *seat);

/* Begin a walk.  false: somebody walks; try again. */
MUST_USE bool tally_walk_begin(struct tally *tally);

/* A step of it.  Returns: it is over, and *sum is the answer. */
MUST_USE bool tally_walk_some(struct tally *tally, struct cap_total_stat *sum);

#endif /* KERNEL_TALLY_H */
