/* SPDX-License-Identifier: MIT */
/* entry.c - the ways into the kernel after boot (kernel/arch.h, what the kernel gives). */
#include "abi/syscall.h"
#include "kernel/direct.h"
#include "kernel/endpoint.h"
#include "kernel/enter.h"
#include "kernel/fault.h"
#include "kernel/irq.h"
#include "kernel/process.h"
#include "kernel/quiesce.h"
#include "kernel/sched_glue.h"
#include "kernel/selftest.h"
#include "kernel/uthread.h"

/* In an entry's first word: the flags that a short way does not know. */
#define ENTRY_FLAGS (SYSCALL_FLAGS & ~((uint64_t)RING_FLAG_MESSAGE << 8))

/* The end of a call by `t`: most often nothing has happened that concerns who runs here. */
NORETURN static HOT void leave(const struct cpu *cpu, struct uthread *t)
{
    ASSERT(cpu->held_ranks == 0);
    if (cpu->current == t && cpu->is_settled && !cpu->should_decide && !t->enter.is_active)
        arch_return_to_user(&t->context);
    glue_leave();
}

NORETURN static NOINLINE void any_syscall(uint64_t argument0, uint64_t argument1, uint64_t number)
{
    const struct cpu *cpu = cpu_this();
    struct uthread *t = cpu->current;

    ASSERT(t != NULL);
    switch (number) {
    case SYSCALL_CAP_ENTER:
        enter_begin(t, argument0, argument1);
        break;
    case SYSCALL_CAP_ENTER_ENTRY:
        enter_entry(t);
        break;
    case SYSCALL_EXIT:
        uthread_exit(t, (int64_t)argument0);
    default:
        arch_context_set_result(&t->context, STATUS_BAD_OP);
        break;
    }
    leave(cpu, t);
}

/* What every hand-over passes is asked for first. */
NOT_COLD void kernel_syscall(uint64_t argument0, uint64_t argument1, uint64_t number)
{
    if (number == SYSCALL_CAP_ENTER_ENTRY) {
        if (argument0 == RING_OP_UNPARK)
            enter_unpark();
        else if (argument0 == RING_OP_PARK)
            enter_park();
        else if ((argument1 | (argument0 & ENTRY_FLAGS)) == 0)
            enter_call(argument0);
    }
    any_syscall(argument0, argument1, number);
}

/* ---- Interrupts ---- */

/* Whom the timers that fired together woke. */
struct expired {
    struct thread_ref refs[TIMER_BATCH_MAX];
    struct endpoint *endpoints[TIMER_BATCH_MAX];
    uint32_t count;
    uint32_t endpoint_count;
};

static void wake_later(struct expired *expired, struct thread_ref ref)
{
    ASSERT(expired->count < TIMER_BATCH_MAX); /* one per timer */
    if (!thread_ref_is_none(ref))
        expired->refs[expired->count++] = ref;
}

/* What a timer belongs to, its note says. */
static void fire(struct timer *timer, void *context)
{
    struct expired *expired = context;

    if (timer->node.note == TIMER_ENDPOINT)
        expired->endpoints[expired->endpoint_count++] = LIST_ENTRY(timer, struct endpoint, timer);
    else if (timer->node.note == TIMER_WAIT)
        wake_later(context, LIST_ENTRY(timer, struct uthread, enter.timer)->ref);
    else
        wake_later(context, op_expire(LIST_ENTRY(timer, struct op, timer)));
}

void kernel_timer(void)
{
    struct cpu *cpu = cpu_this();
    struct expired expired;

    expired.count = 0;
    expired.endpoint_count = 0;

    if (selftest_is_active())
        selftest_timer();
    glue_interrupt();
    cpu->timer_count++;
    cpu->armed_at = MONO_NEVER; /* it fired, so the hardware holds nothing */
    timer_expire(glue_now(), fire, &expired);
    for (uint32_t i = 0; i < expired.count; i++) /* at most TIMER_BATCH_MAX */
        glue_wake(expired.refs[i], WAKE_TIMER);
    for (uint32_t i = 0; i < expired.endpoint_count; i++) /* at most TIMER_BATCH_MAX */
        endpoint_expire(expired.endpoints[i]);
    if (!mono_before(glue_now(), cpu->arm_at))
        cpu->should_decide = true;
    glue_leave();
}

void kernel_kick(void)
{
    struct cpu *cpu = cpu_this();

    if (selftest_is_active())
        selftest_kick();
    glue_interrupt();
    sched_kicked(glue_sched(), cpu->number);
    quiesce_pass();
    cpu->should_decide = true;
    glue_leave();
}

void kernel_resume(void)
{
    glue_interrupt();
    glue_leave();
}

void kernel_irq(uint32_t line)
{
    glue_interrupt();
    glue_wake(irq_fire(line), WAKE_IRQ);
    glue_leave();
}

void kernel_spurious(uint32_t vector)
{
    (void)vector;
    glue_interrupt();
    cpu_this()->spurious_count++;
    glue_leave();
}

/* ---- Faults ---- */

/*
 * If the page is there, this CPU knew of a table that was taken away, with another in its place;
 * the fault itself made it forget (Intel SDM volume 3, 4.10.4.1), so the thread tries again.
 */
void kernel_user_fault(const struct arch_fault *fault)
{
    struct uthread *t = cpu_this()->current;
    bool is_missing = fault->access != 0 && !fault->is_mapped;

    if (!is_missing || vspace_lookup(&t->process->space, fault->address, fault->access) == 0)
        fault_take(t, fault);
    glue_leave();
}
