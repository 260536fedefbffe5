/* SPDX-License-Identifier: MIT */
#include "kernel/sched_glue.h"

#include "core/account.h"
#include "core/lend.h"
#include "kernel/clock.h"
#include "kernel/enter.h"
#include "kernel/frame.h"
#include "kernel/idle.h"
#include "kernel/irq.h"
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

    cpu->rq = rq_of(machine, cpu->number);
    idle_init(cpu);
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
    if (cpu->current == NULL) {
        idle_interrupted(cpu);
        cpu->should_decide = true; /* only a decision lets an idle CPU halt again */
    }
}

/* ---- Decisions ---- */

/* The next instant, of the core or of a sleeper. */
static HOT struct mono next_instant(const struct cpu *cpu)
{
    return mono_earlier(cpu->arm_at, timer_next_on(cpu->number));
}

/*
 * Somebody runs: let the hardware timer fire at the next instant at the latest.  What it is set to
 * already may be earlier, from a time when somebody else waited here, too; then it finds nothing to
 * do, once, and is set anew.  So two threads that wake each other set it once a slice, not twice a
 * turn.
 */
static HOT void arm(struct cpu *cpu)
{
    struct mono at = next_instant(cpu);

    if (!mono_before(at, cpu->armed_at))
        return;
    cpu->armed_at = at;
    arch_timer_arm(at.ns);
}

/* Nobody runs: nothing else may interrupt the CPU's sleep. */
static void arm_exactly(struct cpu *cpu)
{
    struct mono at = next_instant(cpu);

    if (at.ns == cpu->armed_at.ns)
        return;
    cpu->armed_at = at;
    if (mono_is_never(at))
        arch_timer_disarm();
    else
        arch_timer_arm(at.ns);
}

static NOINLINE void send_kicks(const struct decision *d)
{
    for (uint32_t i = 0; i < d->kick_count; i++) /* at most KICK_MAX */
        arch_kick(d->kick[i]);
}

static HOT void rearm(struct cpu *cpu, struct mono at)
{
    cpu->arm_at = at;
    if (cpu->is_settled) /* else it is done before this CPU leaves the kernel */
        arm(cpu);
}

static HOT void note(struct cpu *cpu, const struct decision *d)
{
    if ((d->kick_count | d->resched | d->has_reaped) != 0) {
        send_kicks(d);
        cpu->should_decide |= d->resched;
        cpu->has_reaped |= d->has_reaped;
        cpu->is_settled &= !d->has_reaped; /* so that it does not leave by the short way */
    }
    if (d->rearm)
        rearm(cpu, d->arm_at);
}

void glue_note(const struct decision *d)
{
    note(cpu_this(), d);
}

/* `next` runs here now, without a decision before `arm_at`; it has yet to be settled. */
static HOT void make_current(struct cpu *cpu, struct uthread *next, struct mono arm_at)
{
    cpu->should_decide = false;
    cpu->arm_at = arm_at;
    cpu->current = next;
    cpu->is_settled = false;
}

/* A decision that says who runs. */
static HOT void follow(struct cpu *cpu, const struct decision *d)
{
    struct uthread *next = thread_ref_is_none(d->next) ? NULL : uthread_of_slot(d->next.slot);

    ASSERT(thread_ref_is_none(d->next) == (next == NULL)); /* UT1 */
    if ((d->kick_count | d->has_reaped) != 0) {
        send_kicks(d);
        cpu->has_reaped |= d->has_reaped;
    }
    make_current(cpu, next, d->arm_at);
    cpu->should_decide = d->resched;
}

HOT void glue_wake_at(struct thread_ref ref, enum wake_source source, struct mono now)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    ASSERT(cpu->held_ranks == 0);
    /* cpu_this is asked again behind it: registers are dearer here than the question. */
    if (sched_wake_to(machine, cpu->rq, ref, source, now, &d))
        rearm(cpu_this(), d.arm_at);
    else
        note(cpu_this(), &d);
}

NOINLINE void glue_wake(struct thread_ref ref, enum wake_source source)
{
    if (!thread_ref_is_none(ref))
        glue_wake_at(ref, source, glue_now());
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

/* How a policy call went.  Returns: its queue was locked, and it is worth another try. */
static bool is_to_repeat(const struct decision *d, uint32_t tries)
{
    glue_note(d);
    if (d->status != STATUS_BUSY || tries == POLICY_TRIES_MAX)
        return false;
    arch_pause();
    return true;
}

/* BUSY is no refusal: what was asked for waits with the thread. */
static enum status status_of(const struct decision *d)
{
    return d->status == STATUS_BUSY ? STATUS_OK : d->status;
}

enum status glue_set_weight(struct thread_ref ref, uint32_t weight)
{
    struct cpu *cpu = cpu_this();
    struct decision d;
    uint32_t tries = 0;

    ASSERT(cpu->held_ranks == 0);
    do {
        d = sched_set_weight(machine, cpu->number, ref, weight, glue_now());
    } while (is_to_repeat(&d, ++tries));
    return status_of(&d);
}

enum status glue_set_class(struct thread_ref ref, enum latency_class class)
{
    struct cpu *cpu = cpu_this();
    struct decision d;
    uint32_t tries = 0;

    ASSERT(cpu->held_ranks == 0);
    do {
        d = sched_set_class(machine, cpu->number, ref, class, glue_now());
    } while (is_to_repeat(&d, ++tries));
    return status_of(&d);
}

HOT void glue_block_at(enum wake_source source, struct mono now)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    ASSERT(cpu->held_ranks == 0);
    uint32_t next = sched_block_to(machine, cpu->rq, source, now, &d);

    if (next == SLOT_NONE)
        follow(cpu_this(), &d);
    else
        make_current(cpu_this(), uthread_of_slot(next), MONO_NEVER);
}

NOINLINE void glue_block(enum wake_source source)
{
    glue_block_at(source, glue_now());
}

/* `to` is current by a handing over: the next instant is what it was. */
static HOT void hand_to(struct cpu *cpu, struct thread_ref to, const struct decision *d)
{
    bool should_decide = cpu->should_decide || d->resched;

    make_current(cpu, uthread_of_slot(to.slot), cpu->arm_at);
    cpu->should_decide = should_decide;
    cpu->has_reaped |= d->has_reaped;
}

HOT bool glue_lend_now(struct thread_ref to)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    if (sched_lend(machine, cpu->rq, to, now_on(cpu), &d) != LEND_DONE)
        return false;
    hand_to(cpu, to, &d);
    return true;
}

HOT bool glue_hand_back_now(struct thread_ref to)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    if (!lend_is_lent(machine, cpu->rq->current) ||
        sched_hand_back(machine, cpu->rq, to, now_on(cpu), &d) != LEND_DONE)
        return false;
    hand_to(cpu, to, &d);
    return true;
}

HOT bool glue_turn_over_now(struct thread_ref to)
{
    struct cpu *cpu = cpu_this();
    struct decision d;

    if (sched_turn_over(machine, cpu->rq, to, now_on(cpu), &d) != LEND_DONE)
        return false;
    hand_to(cpu, to, &d);
    return true;
}

NOINLINE bool glue_lend(struct thread_ref to)
{
    ASSERT(cpu_this()->held_ranks == 0);
    return glue_lend_now(to);
}

NOINLINE bool glue_hand_back(struct thread_ref to)
{
    ASSERT(cpu_this()->held_ranks == 0);
    return !thread_ref_is_none(to) && glue_hand_back_now(to);
}

void glue_go_home(void)
{
    struct decision d;

    ASSERT(cpu_this()->held_ranks == 0);
    sched_go_home(machine, cpu_this()->rq, glue_now(), &d);
    glue_note(&d);
}

bool glue_borrow(struct thread_ref from)
{
    struct decision d;
    enum lend_result result;

    ASSERT(cpu_this()->held_ranks == 0);
    result = sched_borrow(machine, cpu_this()->rq, from, glue_now(), &d);
    glue_note(&d);
    return result == LEND_DONE;
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

static NOINLINE void decide(struct cpu *cpu)
{
    struct decision d;

    sched_decide_to(machine, cpu->rq, now_on(cpu), &d);
    follow(cpu, &d);
}

/* ---- Switching ---- */

/* Do this CPU's registers hold the newest FPU state of `t`? */
static bool has_fpu_of(const struct cpu *cpu, const struct uthread *t)
{
    return cpu->loaded == t && t->fpu_cpu == cpu->number;
}

HOT void kernel_save(uint32_t cpu_number, uint32_t slot)
{
    struct cpu *cpu = cpu_this();
    struct uthread *t = cpu->loaded;

    ASSERT(cpu->number == cpu_number);
    /* A thread picked and put back without having run has its state where it was. */
    if (LIKELY(t != NULL && t->ref.slot == slot && has_fpu_of(cpu, t)))
        arch_fpu_save(t->fpu);
}

static HOT void load(struct cpu *cpu, struct uthread *t)
{
    if (cpu->space != &t->process->space)
        vspace_activate(&t->process->space);
    if (has_fpu_of(cpu, t))
        return;
    arch_context_forget(); /* the record may have been another thread's when it ran here last */
    arch_fpu_load(t->fpu);
    cpu->loaded = t;
    t->fpu_cpu = cpu->number;
}

/* What it took is also booked to whose device it was for. */
static NOINLINE void end_device_interrupt(struct cpu *cpu, uint64_t took_ns)
{
    struct pool_ref irq = {cpu->irq, cpu->irq_gen};

    cpu->irq_gen = 0;
    irq_charge(irq, took_ns);
}

/* The interrupt this entry was, if it was one, is over. */
static HOT void end_interrupt(struct cpu *cpu)
{
    uint64_t took_ns;

    if (!cpu->is_interrupt)
        return;
    cpu->is_interrupt = false;
    took_ns = account_interrupt(machine, cpu->number, cpu->entered_at, clock_now());
    if (cpu->irq_gen != 0)
        end_device_interrupt(cpu, took_ns);
}

static NOINLINE void idle(struct cpu *cpu)
{
    arm_exactly(cpu);
    end_interrupt(cpu);
    idle_wait(cpu);
    cpu->should_decide = true;
}

/* Make the machine what current needs: timer, address space, FPU, telemetry record; or idle, until
 * something comes without an interrupt.  Returns: somebody runs; else this CPU is to decide. */
static HOT bool settle(struct cpu *cpu)
{
    struct uthread *t = cpu->current;

    if (t == NULL) {
        idle(cpu);
        return false;
    }
    arm(cpu);
    load(cpu, t);
    end_interrupt(cpu);
    telemetry_publish(cpu, t);
    cpu->is_settled = true;
    return true;
}

/* Take down the threads that kills have ended on this CPU. */
static COLD void reap(struct cpu *cpu)
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

/* A step of the running thread's work, unless others should run first.  Returns: look again. */
static NOINLINE bool work_on(struct cpu *cpu, struct uthread *t)
{
    if (cpu->should_decide)
        return false;
    if (!cpu->is_settled)
        (void)settle(cpu); /* the step may be interrupted like user code */
    uthread_work(t);
    return true;
}

void glue_reap(void)
{
    if (cpu_this()->has_reaped)
        reap(cpu_this());
}

void glue_settle(void)
{
    if (!cpu_this()->is_settled)
        (void)settle(cpu_this());
}

/*
 * The running thread is in the kernel: it does a step of its work, or what it waits for may have
 * come.  Returns: it may go on in user mode; else others may run now, or it was woken at once.
 */
static HOT bool is_through(struct cpu *cpu, struct uthread *t)
{
    if (t->has_work)
        return !work_on(cpu, t);
    return enter_continue(t);
}

HOT void glue_leave_handed(void)
{
    struct cpu *cpu = cpu_this();
    struct uthread *t = cpu->current;

    ASSERT(cpu->held_ranks == 0);
    if (!LIKELY(!cpu->has_reaped && !cpu->should_decide))
        glue_leave();
    load(cpu, t); /* timers are as they were */
    telemetry_publish(cpu, t);
    cpu->is_settled = true;
    arch_return_to_user(&t->context);
}

HOT void glue_leave_now(void)
{
    struct cpu *cpu = cpu_this();

    for (;;) { /* bound: every turn follows a wake, a decision the core asked for, or a step */
        if (cpu->has_reaped)
            reap(cpu);
        struct uthread *t = cpu->current;

        if (t != NULL && t->enter.is_active && !is_through(cpu, t))
            continue;
        if (cpu->should_decide)
            decide(cpu);
        else if (cpu->is_settled || settle(cpu))
            break;
    }
    arch_return_to_user(&cpu->current->context);
}

NOINLINE void glue_leave(void)
{
    ASSERT(cpu_this()->held_ranks == 0);
    glue_leave_now();
}
