/* SPDX-License-Identifier: MIT */
/*
 * cap.h - a process's table of capabilities, and calling the methods of what they name.
 *
 * A slot's first word is {generation, used}.  Its fields are written only while it is unused, and
 * the word changes between two uses, so a reader without a lock that finds the same word before
 * and after has read one use.  Which slots are free is guarded by LOCK_TABLE.
 *
 *   CP1  A used slot's fields do not change.
 *   CP2  A slot is used, on the free list, reserved, never used, or retired because its generation
 *        would not fit a handle.
 *   CP3  Slots used and reserved == what the process's ledger has in SLOTS.
 *
 * A method decodes its arguments first; it may refuse then and has touched nothing.
 *
 * Memory: a page of CAP_SLOTS_PER_PAGE slots when the first of them is needed; it stays until the
 * process is gone.  Cost: O(1), and O(depth) for a chain of grants.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include "abi/cap.h"
#include "abi/status.h"
#include "kernel/ledger.h"
#include "kernel/lock.h"
#include "kernel/pool.h"

struct process;
struct uthread;

/* What a capability says: the object, and the grant it is held under. */
struct cap_ref {
    uint32_t kind;   /* enum cap_kind */
    uint32_t object; /* index in the pool of its kind, or 0 */
    uint32_t object_gen;
    uint32_t grant; /* index, or GRANT_ROOT */
    uint32_t grant_gen;
    uint32_t badge; /* of a CLIENT; else 0 */
};

struct cap_slot_record {
    struct port_atomic32 word; /* generation << 1 | used */
    struct cap_ref ref;
    uint32_t next_free; /* LOCK_TABLE */
};

#define CAP_SLOTS_PER_PAGE (ARCH_PAGE_BYTES / 32u)
#define CAP_PAGES_MAX (CAP_SLOT_COUNT / CAP_SLOTS_PER_PAGE)
_Static_assert(sizeof(struct cap_slot_record) == 32, "a page of them");

struct cap_table {
    struct cap_slot_record *pages[CAP_PAGES_MAX];
    struct resource_ledger *ledger;
    struct lock lock;
    uint32_t first_free; /* LOCK_TABLE; 0: none */
    uint32_t fresh;      /* LOCK_TABLE; slots from here on were never used, but by name */
};

/* ---- The table ---- */

void cap_table_init(struct cap_table *table, struct resource_ledger *ledger);

/* Take a slot that nobody else gets, for cap_commit or cap_cancel: any, or that of this number.
 * LEDGER_FULL, NO_SLOT, NO_MEMORY; BUSY: the one named is taken. */
MUST_USE enum status cap_reserve(struct cap_table *table, uint32_t *slot);
MUST_USE enum status cap_reserve_at(struct cap_table *table, uint32_t slot);

/* Fill a reserved slot.  Returns its handle. */
uint32_t cap_commit(struct cap_table *table, uint32_t slot, const struct cap_ref *ref);

void cap_cancel(struct cap_table *table, uint32_t slot);

/* Both at once.  *handle is the result. */
MUST_USE enum status cap_insert(struct cap_table *table, const struct cap_ref *ref,
                                uint32_t *handle);

/* What `handle` names, live or not.  BAD_CAP: nothing; STALE: it did once. */
MUST_USE enum status cap_read(const struct cap_table *table, uint32_t handle, struct cap_ref *ref);

/* Empty the slot.  *ref is what it held.  BAD_CAP, STALE. */
MUST_USE enum status cap_remove(struct cap_table *table, uint32_t handle, struct cap_ref *ref);

/* The process is gone: give the pages back; what the slots held does not matter any more. */
void cap_table_fini(struct cap_table *table);

/* ---- Meaning ---- */

/* Are the object and every grant on the chain live? */
bool cap_is_live(const struct cap_ref *ref);

/* What `handle` of the process names, live.  BAD_CAP, STALE. */
MUST_USE enum status cap_lookup(const struct process *process, uint32_t handle,
                                struct cap_ref *ref);

/* The same, but it must be of this kind (else BAD_CAP). */
MUST_USE enum status cap_lookup_kind(const struct process *process, uint32_t handle,
                                     enum cap_kind kind, struct cap_ref *ref);

/* Does the process hold this kind, live, in the well-known slot? */
MUST_USE bool cap_is_held(const struct process *process, enum cap_slot slot, enum cap_kind kind);

/* RELEASE: the slot is empty, and what the kind asks for when its maker lets go has been done. */
MUST_USE enum status cap_release(struct process *process, uint32_t handle);

/* ---- Calls ---- */

/* One call.  The arguments are the kernel's copy. */
struct cap_call {
    struct uthread *thread; /* the caller; it runs on this CPU */
    const struct ring_sqe *entry; /* what it came in, for a message */
    const uint64_t *args;         /* four */
    uint64_t user_data;
    uint64_t value;     /* out: the second result */
    struct cap_ref ref; /* what is called */
    uint16_t method;
    bool is_waiting; /* out: an operation record will complete it; the status is void */
};

/* A capability for the caller.  Returns: its handle, or the refusal. */
MUST_USE int64_t cap_give(const struct cap_call *call, const struct cap_ref *ref);

/* An argument that is a handle: CAP_NONE for what is too wide to be one, and is refused as that. */
static inline uint32_t cap_handle_of(uint64_t argument)
{
    return argument <= UINT32_MAX ? (uint32_t)argument : CAP_NONE;
}

/* Do the method.  Returns: the completion's status. */
typedef int64_t cap_methods(struct cap_call *call);

/* In line: cap_lookup, but for an ENDPOINT or CLIENT, which may be stale; and the method of what
 * call->ref is. */
MUST_USE enum status cap_find(const struct process *process, uint32_t handle, struct cap_ref *ref);
MUST_USE int64_t cap_do(struct cap_call *call);

/* Call a method of what `handle` names for the caller.  BAD_CAP, STALE. */
MUST_USE int64_t cap_invoke(uint32_t handle, struct cap_call *call);

cap_methods console_methods; /* console.c */
cap_methods threads_methods; /* cap_threads.c */
cap_methods machine_methods; /* cap_machine.c */
cap_methods policy_methods;  /* cap_policy.c */

cap_methods power_methods;   /* cap_machine.c */
cap_methods spawner_methods; /* cap_spawner.c */
cap_methods process_methods; /* cap_spawner.c */
cap_methods ledger_methods;  /* cap_memory.c */
cap_methods memory_methods;  /* cap_memory.c */
cap_methods table_methods;   /* cap_table.c */
cap_methods grant_methods;   /* cap_table.c: it has none */
cap_methods cpus_methods;    /* cap_table.c */
cap_methods sessions_methods; /* cap_session.c */
cap_methods session_methods;  /* cap_session.c */
cap_methods irqs_methods;    /* cap_device.c */
cap_methods irq_methods;     /* cap_device.c */
cap_methods ports_methods;   /* cap_device.c */
cap_methods endpoint_methods; /* cap_endpoint.c */
cap_methods client_methods;   /* cap_endpoint.c */

#endif /* KERNEL_CAP_H */
