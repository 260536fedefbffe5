/* SPDX-License-Identifier: MIT */
#include "kernel/sched_glue.h"

#include "core/account.h"
#include "kernel/clock.h"
#include "kernel/enter.h"
#include "kernel/frame.h"
#include "kernel/process.h"
#include "kernel/telemetry.h"
#include "kernel/uthread.h"

static struct sched *machine; /* set once at boot */

struct sched *glue_sched(void)
{
    return machine;
}

bool glue_init(uint32_t cpu_count, uint32_t thread_count)
{
    uint64_t bytes = sched_bytes(cpu_count, thread_count);
    uint64_t phys;

    ASSERT(bytes != 0);
    phys = frame_take_run(bytes);
    if (phys == 0)
        return false;
    machine = arch_phys_to_virt(phys);
    sched_init(machine, cpu_count, thread_count, clock_now());
    return true;
}

void glue_cpu_start(void)
{
    struct cpu *cpu = cpu_this();

    sched_cpu_start(machine, cpu->number, (struct mono){0}, clock_now());
    cpu->should_decide = true;
}

static HOT struct mono now_on(const struct cpu *cpu)
{
    return cpu->is_interrupt ? cpu->entered_at : clock_now();
}

struct mono glue_now(void)
{
    return now_on(cpu_this());
}

void glue_interrupt(void)
{
    struct cpu *cpu = cpu_this();

    cpu->entered_at = clock_now();
    cpu->is_interrupt = true;
    cpu->is_settled = false;
    if (cpu->current == NULL) /* only a decision lets an idle CPU halt again */
        cpu->should_decide = true;
}

/* ---- Decisions ---- */

/* Set the hardware timer to the next instant, of the core or of a sleeper. */
static HOT void arm(struct cpu *cpu)
{
    struct mono at = mono_earlier(cpu->arm_at, timer_next());

    if (at.ns == cpu->armed_at.ns)
        return;
    cpu->armed_at = at;
    if (mono_is_never(at))
        arch_timer_disarm();
    else
        arch_timer_arm(at.ns);
}

static HOT void send_kicks(const struct decision *d)
{
    for (uint32_t i = 0; i < d->kick_count; i++) /* at most KICK_MAX */
        arch_kick(d->kick[i]);
}

static HOT void note(struct cpu *cpu, const struct decision *d)
{
    send_kicks(d);
    if (d->resched)
        cpu->should_decide = true;
    if (d->has_reaped) {
        cpu->has_reaped = true;
        cpu->is_settled = false; /* so that this CPU does not leave by the short way */
    }
    if (d->rearm) {
        cpu->arm_at = d->arm_at;
        if (cpu->is_settled) /* else it is done before this CPU leaves the kernel */
            arm(cpu);
    }
}

void glue_note(const struct decision *d)
{
    note(cpu_this(), d);
}

/* A decision that says who runs. */
static HOT void follow(struct cpu *cpu, const struct decision *d)
{
    struct uthread *next = thread_ref_is_none(d->next) ? NULL : uthread_of_slot(d->next.slot);

    ASSERT(thread_ref_is_none(d->next) == (next == NULL)); /* UT1 */
    send_kicks(d);
    cpu->should_decide = d->resched;
    cpu->has_reaped |= d->has_reaped;
    cpu->arm_at = d->arm_at;
    cpu->current = next;
    cpu->is_settled = false;
}

void glue_wake(struct thread_ref ref, enum wake_source source)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    ASSERT(cpu->held_ranks == 0);
    if (thread_ref_is_none(ref))
        return;
    sched_wake_to(machine, cpu->number, ref, source, now_on(cpu), &d);
    note(cpu, &d);
}

bool glue_kill(struct thread_ref ref)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    ASSERT(cpu->held_ranks == 0);
    if (thread_ref_is_none(ref))
        return true;
    for (uint32_t i = 0; i < KILL_TRIES_MAX; i++) {
        d = sched_kill(machine, cpu->number, ref, glue_now());
        glue_note(&d);
        if (d.status != STATUS_BUSY)
            return true;
        arch_pause();
    }
    return false;
}

void glue_block(enum wake_source source)
{
    struct cpu *cpu = cpu_this();

    struct decision d;

    ASSERT(cpu->held_ranks == 0);
    sched_block_to(machine, cpu->number, source, now_on(cpu), &d);
    follow(cpu, &d);
}

void glue_give_up(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(cpu->held_ranks == 0);
    struct decision d = sched_give_up(machine, cpu->number, glue_now());

    follow(cpu, &d);
}

void glue_exit(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(cpu->held_ranks == 0);
    if (cpu->loaded == cpu->current)
        cpu->loaded = NULL; /* nobody needs its FPU state any more */
    struct decision d = sched_exit(machine, cpu->number, glue_now());

    follow(cpu, &d);
}

static void decide(struct cpu *cpu)
{
    struct decision d;

    sched_decide_to(machine, cpu->number, now_on(cpu), &d);
    follow(cpu, &d);
}

/* ---- Switching ---- */

/* Do this CPU's registers hold the newest FPU state of `t`? */
static bool has_fpu_of(const struct cpu *cpu, const struct uthread *t)
{
    return cpu->loaded == t && t->fpu_cpu == cpu->number;
}

void kernel_save(uint32_t cpu_number, uint32_t slot)
{
    struct cpu *cpu = &cpu_blocks[cpu_number];
    struct uthread *t = cpu->loaded;

    /* A thread picked and put back without having run has its state where it was. */
    if (t != NULL && t->ref.slot == slot && has_fpu_of(cpu, t))
        arch_fpu_save(t->fpu);
}

static HOT void load(struct cpu *cpu, struct uthread *t)
{
    vspace_activate(&t->process->space);
    if (has_fpu_of(cpu, t))
        return;
    arch_context_forget(); /* the record may have been another thread's when it ran here last */
    arch_fpu_load(t->fpu);
    cpu->loaded = t;
    t->fpu_cpu = cpu->number;
}

/* The interrupt this entry was, if it was one, is over. */
static void end_interrupt(struct cpu *cpu)
{
    if (!cpu->is_interrupt)
        return;
    cpu->is_interrupt = false;
    account_interrupt(machine, cpu->number, cpu->entered_at, clock_now());
}

/* Make the machine what current needs: timer, address space, FPU, telemetry record; or idle. */
static HOT void settle(struct cpu *cpu)
{
    arm(cpu);
    if (cpu->current != NULL)
        load(cpu, cpu->current);
    end_interrupt(cpu);
    if (cpu->current == NULL)
        arch_idle();
    telemetry_publish(cpu->current);
    cpu->is_settled = true;
}

/* Take down the threads that kills have ended on this CPU. */
static void reap(struct cpu *cpu)
{
    cpu->has_reaped = false;
    for (;;) { /* at most the threads there are; each is reaped once */
        struct thread_ref ref = sched_take_reaped(machine, cpu->number);

        if (thread_ref_is_none(ref))
            return;
        uthread_reaped(uthread_of_slot(ref.slot));
        arch_pause();
    }
}

/*
 * The running thread is in the kernel: it does a step of its work, or what it waits for may have
 * come.  Returns: look again, others may run now.
 */
static bool go_on(struct cpu *cpu, struct uthread *t)
{
    if (!t->has_work && !t->enter.is_held)
        return !enter_continue(t); /* it waits: somebody else is current, or it was woken at once */
    if (cpu->should_decide)
        return false;
    /* A step may be interrupted like user code; entries held back read the thread's memory, which
     * its address space keeps. */
    if (!cpu->is_settled)
        settle(cpu);
    if (!t->has_work)
        return !enter_continue(t);
    uthread_work(t);
    return true;
}

void glue_leave(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(cpu->held_ranks == 0);
    for (;;) { /* bound: every turn follows a wake, a decision the core asked for, or a step */
        if (cpu->has_reaped)
            reap(cpu);
        struct uthread *t = cpu->current;

        if (t != NULL && t->enter.is_active && go_on(cpu, t))
            continue;
        if (!cpu->should_decide)
            break;
        decide(cpu);
    }
    if (!cpu->is_settled)
        settle(cpu);
    arch_return_to_user(&cpu->current->context);
}
