/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - what the process may use, and memory objects made from it (abi/cap.h, abi/ledger.h).
 *
 * Results as in calls.h.  The process needs LEDGER in its slot to read, create and destroy.
 */
#ifndef USER_RT_LEDGER_H
#define USER_RT_LEDGER_H

#include "abi/cap.h"
#include "abi/status.h"
#include "base/types.h"

int64_t rt_ledger_read(struct ledger_account *account);

/* A line for each row, `frames: 20 of 20`: what is taken, of what is allowed. */
void rt_ledger_print(void);

/* The n-th reservation from now on (from 1) is refused; 0: none is. */
int64_t rt_ledger_fail_after(uint64_t n);

/* ---- Memory objects ---- */

/* Zeroed.  Returns: a MEMORY handle > 0, or a refusal. */
MUST_USE int64_t rt_memory_create(uint64_t bytes);

/* Every capability for it is STALE and every mapping gone when this returns; the handle's slot is
 * given back with rt_release. */
int64_t rt_memory_destroy(uint32_t handle);

/* Map the whole object at `address`; `flags` is MEMORY_MAP_WRITE or 0.  The object's bytes in
 * *bytes, if not NULL. */
int64_t rt_memory_map(uint32_t handle, uint64_t address, uint32_t flags, uint64_t *bytes);
/* The same in another process's address space, on its ledger; `process` is a PROCESS handle. */
int64_t rt_memory_map_for(uint32_t process, uint32_t handle, uint64_t address, uint32_t flags);

int64_t rt_memory_unmap(uint32_t handle, uint64_t address);

/* STATUS_OK with the object's bytes in *bytes. */
int64_t rt_memory_info(uint32_t handle, uint64_t *bytes);

/* Returns: a VIEW handle > 0 for the same object, or a refusal. */
MUST_USE int64_t rt_memory_to_view(uint32_t handle);

/* Give the slot of any capability back; its handle is STALE then. */
int64_t rt_release(uint32_t handle);

#endif /* USER_RT_LEDGER_H */
