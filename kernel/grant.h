/* SPDX-License-Identifier: MIT */
/*
 * grant.h - the right to take back what was given: a tree of at most GRANT_DEPTH_MAX levels.
 *
 * A capability carries one grant; it is live only while that one and all above it are.  So revoking
 * is raising one generation, whatever hangs below.  GRANT_ROOT is no record: who holds something
 * under it holds it until the object ends.
 *
 *   GR1  A grant's depth is its parent's and one, at most GRANT_DEPTH_MAX.
 *   GR2  Live grants and dead ones not yet freed == what ledgers have in GRANTS.
 *
 * Locks: LOCK_OBJECT for a process's list, inside.
 */
#ifndef KERNEL_GRANT_H
#define KERNEL_GRANT_H

#include "base/list.h"
#include "kernel/cap.h"
#include "kernel/pool.h"

#define GRANT_ROOT POOL_NONE

struct grant {
    struct pool_node node;
    uint32_t depth;
    struct pool_ref parent; /* or GRANT_ROOT */
    struct process *owner;
    struct list link; /* of the owner's; LOCK_OBJECT */
};

extern struct pool grant_pool;

/* At boot.  false: no memory. */
MUST_USE bool grant_init(void);

/* Is the grant that `ref` carries live, and all above it? */
bool grant_is_live(struct pool_ref ref);

/* Make a grant below `parent` (live, or GRANT_ROOT).  LEDGER_FULL, NO_SLOT, GRANT_DEPTH. */
MUST_USE enum status grant_create(struct process *owner, struct pool_ref parent,
                                  struct pool_ref *ref);

/*
 * What a copy of `ref` is that is made through `handle`, a GRANT of the process; unchanged if that
 * is CAP_NONE.  NOT_GRANTED: the grant does not descend from the one `ref` is held under.
 */
MUST_USE enum status grant_pass(const struct process *process, uint32_t handle,
                                struct cap_ref *ref);

/* Is `above` GRANT_ROOT, or `ref` or one on its chain? */
bool grant_descends(struct pool_ref ref, struct pool_ref above);

/* All that carries it is dead from now on.  Returns: false if it was. */
MUST_USE bool grant_revoke(struct pool_ref ref);

/* A revoked grant's record is free, nothing being mapped or waited for by it any more. */
void grant_free(uint32_t index);

/* A process has ended: revoke and free some of its grants.  Returns: none is left. */
MUST_USE bool grant_end_some(struct process *owner);

#endif /* KERNEL_GRANT_H */
