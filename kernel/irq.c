/* SPDX-License-Identifier: MIT */
#include "kernel/irq.h"

#include "abi/device.h"
#include "kernel/grant.h"
#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/op.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"

struct pool irq_pool;

/* LOCK_IRQ: which binding each line has; NULL: none. */
static struct lock lock;
static struct irq *bound[ARCH_IRQ_LINES_MAX];

bool irq_init(void)
{
    for (uint32_t line = 0; line < ARCH_IRQ_LINES_MAX; line++)
        bound[line] = NULL;
    return pool_init(&irq_pool, sizeof(struct irq), IRQS_MAX);
}

static struct irq *irq_at(uint32_t index)
{
    return pool_at(&irq_pool, index);
}

const struct process *irq_owner(uint32_t index)
{
    return irq_at(index)->owner;
}

/* ---- Binding ---- */

static enum status check(const struct process *owner, const struct irq_request *request)
{
    if (request->line > UINT32_MAX || !arch_irq_exists((uint32_t)request->line) ||
        request->irq_class >= IRQ_CLASS_COUNT || request->cpu >= CPU_MAX)
        return STATUS_BAD_ARGUMENT;
    return cpumask_test(owner->cpus.words, (uint32_t)request->cpu) ? STATUS_OK
                                                                  : STATUS_OUTSIDE_MASK;
}

/* Fill in the record; the line is its from now on, and open.  BUSY; STALE: the grant is dead, or
 * who ends it would have found the binding. */
static enum status claim(struct irq *irq, struct process *owner, const struct irq_request *request)
{
    enum status status = STATUS_BUSY;

    lock_take(&lock, LOCK_IRQ);
    irq->owner = owner;
    irq->grant = request->grant;
    irq->slot = request->slot;
    irq->line = (uint32_t)request->line;
    irq->cpu = (uint32_t)request->cpu;
    irq->irq_class = (uint32_t)request->irq_class;
    irq->waiter = NULL;
    irq->fire_count = 0;
    irq->irq_ns = 0;
    irq->has_fired = false;
    if (!grant_is_live(irq->grant)) {
        status = STATUS_STALE;
    } else if (bound[irq->line] == NULL) {
        bound[irq->line] = irq;
        arch_irq_route(irq->line, irq->cpu);
        arch_irq_unmask(irq->line);
        status = STATUS_OK;
    }
    lock_give(&lock, LOCK_IRQ);
    return status;
}

static void give_record(struct irq *irq)
{
    struct process *owner = irq->owner;

    ledger_release(&owner->ledger, LEDGER_OBJECTS, 1);
    object_unlink(&irq->link); /* from here on the owner may be gone */
    pool_give(&irq_pool, pool_index(&irq_pool, irq));
}

enum status irq_bind(struct process *owner, const struct irq_request *request,
                     struct pool_ref *ref)
{
    enum status status = check(owner, request);
    struct irq *irq;
    uint32_t index;

    if (status == STATUS_OK)
        status = object_take(&irq_pool, &owner->ledger, &index);
    if (status != STATUS_OK)
        return status;
    irq = irq_at(index);
    *ref = pool_ref_of(&irq_pool, index);
    object_link(&owner->irqs, &irq->link);
    status = claim(irq, owner, request);
    if (status != STATUS_OK) {
        (void)pool_stale(&irq_pool, index);
        give_record(irq);
    }
    return status;
}

/* ---- Firing ---- */

/* Who waits learns that it has fired.  Under LOCK_IRQ.  Returns whom to wake. */
static struct thread_ref answer(struct irq *irq, struct op *op, enum status status)
{
    irq->waiter = NULL;
    if (!op_claim(op))
        UNREACHABLE(); /* it has no deadline, and its cancelling takes this lock */
    return op_complete(op, status, status == STATUS_OK ? irq->fire_count : 0);
}

struct thread_ref irq_fire(uint32_t line)
{
    struct cpu *cpu = cpu_this();
    struct thread_ref woken = THREAD_REF_NONE;
    struct irq *irq;

    ASSERT(line < ARCH_IRQ_LINES_MAX);
    lock_take(&lock, LOCK_IRQ);
    arch_irq_mask(line);
    arch_irq_acknowledge();
    irq = bound[line];
    /* One that was on its way when the line was masked, or freed, counts as nobody's. */
    if (irq == NULL || irq->has_fired) {
        cpu->spurious_count++;
    } else {
        irq->has_fired = true;
        irq->fire_count++;
        cpu->irq = pool_index(&irq_pool, irq);
        cpu->irq_gen = pool_gen(&irq_pool, cpu->irq);
        if (irq->waiter != NULL)
            woken = answer(irq, irq->waiter, STATUS_OK);
    }
    lock_give(&lock, LOCK_IRQ);
    return woken;
}

/* Under LOCK_IRQ a live binding stays so far whole that its owner is not gone: who ends it takes
 * the lock first. */
void irq_charge(struct pool_ref ref, uint64_t took_ns)
{
    struct irq *irq = irq_at(ref.index);

    lock_take(&lock, LOCK_IRQ);
    if (pool_is_live(&irq_pool, ref)) {
        struct port_atomic64 *total = &irq->owner->irq_ns;

        irq->irq_ns += took_ns;
        port_store64(total, port_load64(total) + took_ns);
    }
    lock_give(&lock, LOCK_IRQ);
}

enum status irq_acknowledge(const struct cap_ref *cap)
{
    struct irq *irq = irq_at(cap->object);
    enum status status = STATUS_STALE;

    lock_take(&lock, LOCK_IRQ);
    if (cap_is_live(cap)) {
        status = STATUS_OK;
        if (irq->has_fired) {
            irq->has_fired = false;
            arch_irq_unmask(irq->line);
        }
    }
    lock_give(&lock, LOCK_IRQ);
    return status;
}

enum status irq_read(const struct cap_ref *cap, struct cap_irq_stat *stat)
{
    const struct irq *irq = irq_at(cap->object);
    enum status status = STATUS_STALE;

    lock_take(&lock, LOCK_IRQ);
    if (cap_is_live(cap)) {
        status = STATUS_OK;
        *stat = (struct cap_irq_stat){
            .fire_count = irq->fire_count,
            .irq_ns = irq->irq_ns,
            .line = irq->line,
            .cpu = irq->cpu,
            .irq_class = irq->irq_class,
            .is_masked = irq->has_fired,
        };
    }
    lock_give(&lock, LOCK_IRQ);
    return status;
}

/* ---- Waiting ---- */

enum status irq_wait(struct op *op, const struct cap_ref *cap)
{
    struct irq *irq = irq_at(cap->object);
    enum status status = STATUS_OK;

    lock_take(&lock, LOCK_IRQ);
    op->key = cap->object;
    op->grant = (struct pool_ref){cap->grant, cap->grant_gen};
    /* Under the lock: who ends binding or grant from now on finds this waiter. */
    if (!cap_is_live(cap))
        status = STATUS_STALE;
    else if (irq->waiter != NULL)
        status = STATUS_BUSY;
    else if (irq->has_fired)
        (void)answer(irq, op, STATUS_OK); /* whom to wake is the caller, who is awake */
    else
        irq->waiter = op;
    lock_give(&lock, LOCK_IRQ);
    return status;
}

void irq_wait_cancel(struct op *op)
{
    struct irq *irq = irq_at((uint32_t)op->key);

    lock_take(&lock, LOCK_IRQ);
    if (irq->waiter == op)
        irq->waiter = NULL;
    lock_give(&lock, LOCK_IRQ);
}

/* ---- Ending ---- */

/* The binding ends by this call, or another's.  Returns: by this one. */
static bool end(struct pool_ref ref)
{
    struct irq *irq = irq_at(ref.index);
    struct thread_ref woken = THREAD_REF_NONE;

    if (!pool_stale_ref(&irq_pool, ref))
        return false;
    lock_take(&lock, LOCK_IRQ);
    if (bound[irq->line] == irq) {
        arch_irq_mask(irq->line);
        bound[irq->line] = NULL;
    }
    if (irq->waiter != NULL)
        woken = answer(irq, irq->waiter, STATUS_STALE);
    lock_give(&lock, LOCK_IRQ);
    glue_wake(woken, WAKE_IRQ);
    give_record(irq);
    return true;
}

void irq_release(const struct process *process, struct pool_ref ref, uint32_t slot)
{
    const struct irq *irq = irq_at(ref.index);

    if (irq->owner == process && irq->slot == slot)
        (void)end(ref);
}

void irq_drop_dead(uint32_t index)
{
    struct pool_ref ref = pool_ref_of(&irq_pool, index);
    struct irq *irq = irq_at(index);
    struct thread_ref woken = THREAD_REF_NONE;
    bool is_dead;

    if (ref.gen % 2 == 0)
        return;
    lock_take(&lock, LOCK_IRQ);
    if (bound[irq->line] != irq || !pool_is_live(&irq_pool, ref)) {
        lock_give(&lock, LOCK_IRQ); /* it ends, or claim has yet to look at the grant */
        return;
    }
    is_dead = !grant_is_live(irq->grant);
    if (!is_dead && irq->waiter != NULL && !grant_is_live(irq->waiter->grant))
        woken = answer(irq, irq->waiter, STATUS_STALE);
    lock_give(&lock, LOCK_IRQ);
    glue_wake(woken, WAKE_IRQ);
    if (is_dead)
        (void)end(ref);
}

/* The first of a process's bindings; while LOCK_OBJECT is held the record is not another's. */
static bool first_of(const struct process *owner, struct pool_ref *ref)
{
    bool is_there;

    object_lock();
    is_there = !list_is_empty(&owner->irqs);
    if (is_there)
        *ref = pool_ref_of(&irq_pool, pool_index(&irq_pool, LIST_ENTRY(owner->irqs.next,
                                                                       struct irq, link)));
    object_unlock();
    return is_there;
}

enum work_turn irq_end_some(struct process *owner)
{
    for (uint32_t i = 0; i < IRQS_PER_STEP; i++) {
        struct pool_ref ref;

        if (!first_of(owner, &ref))
            return WORK_DONE;
        if (!end(ref))
            return WORK_AGAIN; /* whose grant was revoked is at it */
    }
    return WORK_MORE;
}
