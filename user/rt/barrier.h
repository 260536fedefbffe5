/* SPDX-License-Identifier: MIT */
/* barrier.h - threads that meet, and work that is done once. */
#ifndef USER_RT_BARRIER_H
#define USER_RT_BARRIER_H

#include "user/rt/mutex.h"

/* Set `needed`; the rest starts as zero.  It can be used again at once. */
struct rt_barrier {
    uint32_t needed;
    uint32_t arrived;
    uint32_t turn; /* goes up when all have arrived */
};

/* Wait until `needed` threads have come.  Returns true in exactly one of them, the last. */
bool rt_barrier_wait(struct rt_barrier *barrier);

/*
 * The same with a deadline; *is_last as above, if not NULL.
 * Returns: STATUS_OK; STATUS_EXPIRED at `deadline_ns`, and the barrier must not be used again.
 */
MUST_USE enum status rt_barrier_wait_until(struct rt_barrier *barrier, uint64_t deadline_ns,
                                           bool *is_last);

/* All zero: not done yet. */
struct rt_once {
    struct rt_mutex guard;
    bool is_done;
};

/* Call `work` unless it was called before; returns after it has ended, whoever called it. */
void rt_once_do(struct rt_once *once, void (*work)(void));

#endif /* USER_RT_BARRIER_H */
