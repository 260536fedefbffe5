/* SPDX-License-Identifier: MIT */
/*
 * session.h - processes that are logged out together, and what those of a session and of a service
 * have used.
 *
 * A process belongs to exactly one session for as long as it exists: that of the process that made
 * it, or one whose handle its maker held.  Logging out is one store: a process has authority while
 * it is LIVE and its session is (process_has_authority), an object while its owner's session is.
 * (A kind of object that is to go with its maker's session asks session_of_is_live in cap.c.)
 * What remains, ending the processes and telling who waits, the reaper of the maker's parent does
 * in steps (kernel/reaper.h).  There is no order among sessions: who makes one outlives it, and
 * that is all the order there is.  The first session was made at boot; nothing names it.
 *
 *   SE1  A process counts for its session from its making until who waits for it was told; so its
 *        session's record stays, and `is_live` says whether *its* session is live.
 *   SE2  A session whose record is free has no process, no walk and nobody who waits.
 *   SE3  No process becomes LIVE in a session that was logged out and stays so: who makes it looks
 *        after it is LIVE, who logs out looks at each process afterwards, both under the lock.
 *
 * Memory: the record is charged to who made it, as an object.
 * Locks: LOCK_FAMILY; of the caller where it says so, inside elsewhere.
 */
#ifndef KERNEL_SESSION_H
#define KERNEL_SESSION_H

#include "abi/manifest.h"
#include "abi/status.h"
#include "kernel/pool.h"
#include "kernel/reaper.h"
#include "kernel/tally.h"
#include "kernel/work.h"

struct op;
struct process;
struct uthread;

struct session {
    struct pool_node node;
    struct port_atomic32 is_live; /* 0: logged out */

    struct process *owner; /* NULL: the first; constant */
    uint32_t slot;         /* of the owner's handle; constant */

    /* LOCK_FAMILY. */
    struct list link; /* of the owner's */
    bool is_released; /* the owner's handle */
    uint32_t process_count;
    uint32_t walker_count; /* walks over its tally */
    uint32_t to_end_count; /* members to be looked at since it was logged out */
    uint32_t waiter_count;
    struct list waiters;   /* struct op.parked: LOGOUT */
    struct reap_item item; /* in the queue of the owner's parent's reaper */
    struct tally tally;
};

extern struct pool session_pool;

/* At boot: the pool, the first session, the services.  false: no memory. */
MUST_USE bool session_init(void);

struct session *session_at(uint32_t index);

static inline bool session_is_live(const struct session *session)
{
    return port_load32(&session->is_live) != 0;
}

/* Is who made an object in a session that is live?  The caller looks afterwards whether the object
 * still is the one it means.  `owner` NULL: boot. */
MUST_USE bool session_of_is_live(const struct process *owner);

/* ---- Its life ---- */

/* Make one; its handle will be in the reserved `slot`.  LEDGER_FULL, NO_SLOT. */
MUST_USE enum status session_create(struct process *owner, uint32_t slot, uint32_t *index);

/* `op`, a PENDING record, waits until it has been logged out by this and all its processes are
 * gone.  STALE, NO_SLOT: too many wait. */
MUST_USE enum status session_logout(struct pool_ref ref, struct op *op);

/* `op` does not wait any more. */
void session_logout_cancel(struct op *op);

/* `process` has released the handle in `slot`. */
void session_release(struct process *process, struct pool_ref ref, uint32_t slot);

/* The owner ends: log out what it made.  Returns: none of it is left.  Under LOCK_FAMILY. */
MUST_USE bool session_end_all(struct process *owner);

/* A step of what is left to do, by a reaper. */
MUST_USE enum work_turn session_step(struct session *session);

/* ---- Its processes.  Under LOCK_FAMILY ---- */

/* `process` begins in the session of `ref`; index POOL_NONE: in its parent's.  STALE. */
MUST_USE enum status session_join(struct process *process, struct pool_ref ref);

/* It is the machine's first. */
void session_join_first(struct process *process);

/* All its threads are gone, having used so much. */
void session_leave(struct process *process, const struct cap_total_stat *used);

/* Who waited for it was told.  Returns whom to wake. */
MUST_USE struct thread_ref session_forget(struct process *process);

/* ---- What was used ---- */

#define SESSION_OF_CALLER POOL_NONE

/* `w` becomes the work of reading a session, or a service, into `to` of w->process.  STALE. */
MUST_USE enum status session_begin_stat(struct work *w, struct pool_ref ref, uint64_t to);
void service_begin_stat(struct work *w, uint32_t service, uint64_t to);

/* A step of WORK_TALLY. */
MUST_USE enum work_turn session_stat_step(struct work *w);

#endif /* KERNEL_SESSION_H */
