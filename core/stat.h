/* SPDX-License-Identifier: MIT */
/* stat.h - what each CPU counts: events, and refusals by reason. */
#ifndef CORE_STAT_H
#define CORE_STAT_H

#include "core/word.h"

/* How lending a context ended (core/lend.h). */
enum lend_result {
    LEND_DONE,
    LEND_NOT_WAITING, /* the other does not wait, is not there, or another was faster */
    LEND_OWN_CARE,    /* the current thread was killed or has a new policy */
    LEND_OTHER_CARE,  /* the other has a new policy */
    LEND_MASK,        /* the other may not run on this CPU */
    LEND_DEPTH,       /* too many lenders */
    LEND_NOT_ALONE,   /* of sched_turn_over: others are queued, or idle */
    LEND_RESULT_COUNT
};

struct rq_stat {
    uint64_t switch_count;
    uint64_t kick_count;      /* reschedule interrupts taken */
    uint64_t poll_count;      /* those that polling made unnecessary (core/poll.h) */
    uint64_t steal_count;     /* contexts taken from others */
    uint64_t push_count;      /* contexts given to others by a fairness check */
    uint64_t contended_count; /* victims whose lock was busy */
    uint64_t stale_count;     /* posted references refused */
    uint64_t kill_count[THREAD_STATE_COUNT]; /* kills from here, by where they found the thread */
    uint64_t clock_refused_count;
    uint64_t lend_count[LEND_RESULT_COUNT]; /* tries to lend, by how they ended */
    uint64_t overload_count; /* times that overload began */
};

#endif /* CORE_STAT_H */
