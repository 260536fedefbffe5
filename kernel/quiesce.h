/* SPDX-License-Identifier: MIT */
/*
 * quiesce.h - knowing that other CPUs have let go, without a CPU waiting for them.
 *
 * Who took something away from under running CPUs (pages, an address space) names the CPUs that may
 * still use it.  Each of them is kicked; at its next interrupt it forgets what it cached (its TLB,
 * an address space whose threads are gone) and passes.  When the last has passed, the thread that
 * asked is woken; meanwhile it waits as any other does.
 *
 *   begin:  take away;  full fence;  read who may still use it;  link the request;  kick
 *   pass:   activate what this CPU runs now, flush;  then clear its bit in every request
 *
 * A CPU that starts to use an address space sets its bit first (vspace_activate) and loads the
 * tables after it, so either `begin` sees the bit, or the CPU sees the change.
 *
 *   QS1  A request is linked iff its mask is not 0.
 *
 * Locks: LOCK_QUIESCE, inside.  Cost: begin O(CPUs); pass O(requests), nothing when there are none.
 */
#ifndef KERNEL_QUIESCE_H
#define KERNEL_QUIESCE_H

#include "base/list.h"
#include "core/thread.h"
#include "kernel/lock.h"

struct quiesce {
    struct list link; /* LOCK_QUIESCE */
    uint64_t mask;    /* CPUs that have not passed yet; LOCK_QUIESCE */
    struct thread_ref waiter;
};

void quiesce_init(void);

/* Ask the CPUs of `mask`; this CPU must have let go already, its bit is ignored.  `waiter` is woken
 * when the last has passed.  Returns: nobody is left, nothing is linked. */
MUST_USE bool quiesce_begin(struct quiesce *q, uint64_t mask, struct thread_ref waiter);

/* Has everybody passed? */
MUST_USE bool quiesce_is_over(struct quiesce *q);

/* Somebody else goes on with what `q` is for: wake that one. */
void quiesce_redirect(struct quiesce *q, struct thread_ref waiter);

/* An interrupt came to this CPU, whose current thread is up to date. */
void quiesce_pass(void);

#endif /* KERNEL_QUIESCE_H */
