/* SPDX-License-Identifier: MIT */
/*
 * object.h - records charged as objects; and the lists of what belongs to whom, all guarded by one
 * lock, LOCK_OBJECT.
 *
 * They change when objects are made and end, not when they are used.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include "base/list.h"
#include "kernel/ledger.h"
#include "kernel/pool.h"

/* A record of `pool`, charged to `ledger` as an object.  LEDGER_FULL, NO_SLOT. */
MUST_USE enum status object_take(struct pool *pool, struct resource_ledger *ledger,
                                 uint32_t *index);

void object_lock(void);
void object_unlock(void);

/* Each takes the lock. */
void object_link(struct list *head, struct list *item);
void object_unlink(struct list *item);
/* The first, or NULL; it stays linked, and is the caller's to end. */
struct list *object_first(const struct list *head);

#endif /* KERNEL_OBJECT_H */
