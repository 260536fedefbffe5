/* SPDX-License-Identifier: MIT */
/*
 * park.h - waiting on a 32-bit word of user memory, and waking those who do.
 *
 * Waiters stand in PARK_BUCKET_COUNT buckets, hashed by the word's physical address, each bucket in
 * order of arrival.  PARK compares the word and links itself under the bucket's lock; UNPARK takes
 * the same lock after its caller changed the word.  So either the PARK sees the new value, or the
 * UNPARK sees the waiter: no wake is lost.
 * Who parks after an UNPARK began waits for the next one, so that an UNPARK ends although those it
 * wakes park again at once.
 *
 * Locks: LOCK_PARK, inside.  Cost: O(1) for PARK; O(waiters in the bucket) for UNPARK, in batches
 * of PARK_BATCH_MAX wakes.
 */
#ifndef KERNEL_PARK_H
#define KERNEL_PARK_H

#include "kernel/op.h"

void park_init(void);

/* Link `op` to wait on `word` (the direct map's view of physical address op->key) if that still
 * holds `expected`.  false: it does not; nothing is linked. */
MUST_USE bool park_wait(struct op *op, const uint32_t *word, uint32_t expected);

/* Complete at most `count` of those who wait now on the word at `phys`, oldest first.  Returns how
 * many. */
uint64_t park_wake(uint64_t phys, uint64_t count);

/* The common case of count 1, without the wake: complete the operation that waits there, if it is
 * the bucket's oldest, and say whose it was.  false: nothing has happened, ask park_wake. */
MUST_USE bool park_complete_first(uint64_t phys, struct thread_ref *woken);

/* Unlink `op` if it is linked; afterwards nobody uses it through a bucket. */
void park_cancel(struct op *op);

/*
 * End, with STALE, those operations of `t` that wait on a word in [virt, virt + bytes): it is not
 * mapped any more, and no CPU is about to wait there.  The caller keeps `t` from being taken down.
 * Returns: how many; then `t` is to be woken.
 */
MUST_USE uint32_t park_end(struct uthread *t, uint64_t virt, uint64_t bytes);

#endif /* KERNEL_PARK_H */
