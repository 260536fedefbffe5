/* SPDX-License-Identifier: MIT */
/*
 * irq.h - interrupt bindings: a device's line, the CPU it interrupts, who waits for it, who pays.
 *
 *             irq_fire (masks)                 irq_acknowledge (unmasks)
 *     OPEN -------------------> FIRED, masked -------------------------> OPEN
 *
 * Why masked until acknowledged: the kernel knows no device, so only its driver can make it stop
 * asking; whatever the driver does, the kernel is interrupted once for each ACK.
 *
 *   IQ1  A line has at most one binding, and is unmasked only while it has one that is not FIRED.
 *   IQ2  A binding that somebody waits for is OPEN, or about to end.
 *   IQ3  irq_ns of a binding is a part of the interrupts' accounts of CPUs (core/account.h), and a
 *        process's irq_ns is the sum over all bindings that it ever had.
 *
 * Memory: the record is charged to who bound the line, as an object.
 * Locks: LOCK_IRQ for all bindings and the lines' controllers, LOCK_OBJECT for a process's list;
 * both inside, one after the other.
 * Cost: O(1) each; of irq_end_some, IRQS_PER_STEP.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "base/list.h"
#include "core/thread.h"
#include "kernel/cap.h"
#include "kernel/pool.h"
#include "kernel/work.h"

struct op;
struct process;

struct irq {
    struct pool_node node;

    /* Constant while it is bound. */
    struct process *owner;
    struct pool_ref grant; /* under which it was bound */
    uint32_t slot;         /* of the owner's handle */
    uint32_t line;
    uint32_t cpu;
    uint32_t irq_class; /* enum irq_class */

    struct list link; /* of the owner's; LOCK_OBJECT */

    /* LOCK_IRQ. */
    struct op *waiter;
    uint64_t fire_count;
    uint64_t irq_ns;
    bool has_fired;
};

extern struct pool irq_pool;

/* Whoever bound it last; NULL: nobody yet. */
const struct process *irq_owner(uint32_t index);

/* At boot.  false: no memory. */
MUST_USE bool irq_init(void);

/* What BIND asks for. */
struct irq_request {
    uint64_t line;
    uint64_t cpu;
    uint64_t irq_class;
    struct pool_ref grant;
    uint32_t slot; /* reserved for the handle */
};

/* Bind a line for `owner`.  BAD_ARGUMENT, OUTSIDE_MASK, BUSY, LEDGER_FULL, NO_SLOT. */
MUST_USE enum status irq_bind(struct process *owner, const struct irq_request *request,
                              struct pool_ref *ref);

/* `line` fired on this CPU, whose interrupt this is: it is masked and acknowledged.  Returns whom
 * to wake, or none. */
MUST_USE struct thread_ref irq_fire(uint32_t line);

/* The interrupt of this CPU for the binding `ref` took so long: for its books.  Nothing, if that
 * has ended. */
void irq_charge(struct pool_ref ref, uint64_t took_ns);

/*
 * Let `op`, a PENDING record, wait with the capability `cap` until it fires.
 * Returns: OK: it waits, or has fired already, which the record then says; STALE, BUSY.
 */
MUST_USE enum status irq_wait(struct op *op, const struct cap_ref *cap);

/* `op` does not wait any more. */
void irq_wait_cancel(struct op *op);

/* STALE: `cap` is dead. */
MUST_USE enum status irq_acknowledge(const struct cap_ref *cap);
MUST_USE enum status irq_read(const struct cap_ref *cap, struct cap_irq_stat *stat);

/* `process` has released the handle in `slot`: if that was of BIND, the binding has ended. */
void irq_release(const struct process *process, struct pool_ref ref, uint32_t slot);

/* A grant was revoked: if the binding in record `index` was made under it, that has ended; if
 * who waits for it does so under it, the wait has. */
void irq_drop_dead(uint32_t index);

/* A process has ended: end some of its bindings.  Returns: DONE: none is left. */
MUST_USE enum work_turn irq_end_some(struct process *owner);

#endif /* KERNEL_IRQ_H */
