/* SPDX-License-Identifier: MIT */
/*
 * cap.h - capabilities: a process's table of objects, and calling their methods.
 *
 * The table is fixed at start (abi/cap.h names the slots), so looking up takes no lock.  The
 * methods of an object are one function; it refuses what it does not know.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include "abi/cap.h"
#include "abi/status.h"
#include "base/types.h"

struct uthread;

enum cap_kind {
    CAP_KIND_EMPTY,
    CAP_KIND_CONSOLE,
    CAP_KIND_THREADS,
    CAP_KIND_MACHINE,
    CAP_KIND_POLICY,
    CAP_KIND_COUNT
};

/* One call.  The arguments are the kernel's copy. */
struct cap_call {
    struct uthread *thread; /* the caller; it runs on this CPU */
    const uint64_t *args;   /* four */
    uint64_t user_data;
    uint64_t value; /* out: the second result */
    uint16_t method;
    bool is_waiting; /* out: an operation record will complete it; the status is void */
};

/* Do the method.  Returns: the completion's status. */
typedef int64_t cap_methods(struct cap_call *call);

/* The table every process starts with. */
void cap_fill(uint8_t kinds[CAP_SLOT_COUNT]);

/* Call a method of the object in `slot` of the caller's process.  BAD_CAP: empty, or not known. */
MUST_USE int64_t cap_invoke(uint32_t slot, struct cap_call *call);

cap_methods console_methods; /* console.c */
cap_methods threads_methods; /* cap_threads.c */
cap_methods machine_methods; /* cap_machine.c */
cap_methods policy_methods;  /* cap_policy.c */

#endif /* KERNEL_CAP_H */
