/* SPDX-License-Identifier: MIT */
#include "kernel/uthread.h"

#include "core/account.h"
#include "kernel/clock.h"
#include "kernel/frame.h"
#include "kernel/memory.h"
#include "kernel/park.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/telemetry.h"

static struct uthread *uthreads; /* THREAD_SLOTS of them; set once at boot */

bool uthread_init(void)
{
    uint64_t phys = frame_take_run(THREAD_SLOTS * sizeof(struct uthread));

    if (phys == 0)
        return false;
    uthreads = arch_phys_to_virt(phys);
    for (uint32_t i = 0; i < THREAD_SLOTS; i++) {
        op_init(&uthreads[i]);
        arch_pause();
    }
    return true;
}

HOT struct uthread *uthread_of_slot(uint32_t slot)
{
    ASSERT(slot < THREAD_SLOTS);
    return &uthreads[slot];
}

/* ---- Making ---- */

static struct uthread *prepare(struct process *process, struct thread_ref ref)
{
    struct uthread *t = uthread_of_slot(ref.slot);

    t->ref = ref;
    t->process = process;
    t->seat = NULL;
    t->free_ops = OP_ALL_FREE;
    t->fpu_cpu = UTHREAD_FPU_NONE;
    t->should_yield = false;
    t->has_work = false;
    t->is_reaper = false;
    t->wait_source = WAKE_PARK;
    t->waits = 0;
    t->enter = (struct enter){.timer = {.node = {.note = TIMER_WAIT}}};
    t->fault.client.kind = CAP_KIND_EMPTY;
    t->work_op = NULL;
    t->serving = NULL;
    t->work.kind = WORK_NONE;
    t->item = (struct reap_item){.kind = REAP_THREAD};
    port_store32(&t->done, 0);
    arch_fpu_init(t->fpu);
    return t;
}

static enum status reserve_record(struct process *process, uint64_t operations)
{
    enum status status = ledger_take(&process->ledger, LEDGER_THREADS, 1);

    if (status != STATUS_OK)
        return status;
    status = ledger_take(&process->ledger, LEDGER_OPERATIONS, operations);
    if (status != STATUS_OK)
        ledger_release(&process->ledger, LEDGER_THREADS, 1);
    return status;
}

static void release_record(struct process *process, uint64_t operations)
{
    ledger_release(&process->ledger, LEDGER_OPERATIONS, operations);
    ledger_release(&process->ledger, LEDGER_THREADS, 1);
}

static void begin(struct uthread *t, struct seat *seat, const struct uthread_start *start,
                  struct thread_name *name)
{
    memset(seat->ring, 0, sizeof(struct ring_header)); /* ST2 */
    ring_init(&t->ring, seat->ring);
    t->seat = seat;
    t->index = seat->index;
    t->gen = seat->gen + 1;
    t->fault = start->fault;
    *name = seat_occupy(seat, t);
    arch_context_init(&t->context, start->entry, start->stack, start->argument, name->index,
                      name->gen);
    telemetry_begin(t);
}

enum status uthread_create(struct process *process, const struct uthread_start *start,
                           const struct thread_params *params, struct thread_name *name,
                           struct thread_ref *ref)
{
    enum status status = reserve_record(process, RING_INFLIGHT_MAX);
    struct seat *seat;

    if (status != STATUS_OK)
        return status;
    status = seat_take(process, &seat);
    if (status == STATUS_OK) {
        status = sched_thread_create(glue_sched(), params, ref);
        if (status == STATUS_OK) {
            begin(prepare(process, *ref), seat, start, name);
            /* Its process may have begun to end, and looked at this seat, before it was occupied;
             * else the process's end finds it there. */
            if (process_state(process) == PROCESS_ENDING)
                (void)glue_kill(*ref);
            return STATUS_OK;
        }
        seat_untake(process, seat);
    }
    release_record(process, RING_INFLIGHT_MAX);
    return status;
}

enum status uthread_create_reaper(struct process *process, struct uthread **reaper)
{
    struct thread_params params = {
        .weight = WEIGHT_UNIT,
        .latency_class = LATENCY_NORMAL,
        .start_cpu = cpu_this()->number,
        .mask = cpumask_is_empty(process->cpus.words, CPUMASK_WORDS) ? NULL : process->cpus.words,
    };
    enum status status = reserve_record(process, 0);
    struct thread_ref ref;

    if (status != STATUS_OK)
        return status;
    status = sched_thread_create(glue_sched(), &params, &ref);
    if (status != STATUS_OK) {
        release_record(process, 0);
        return status;
    }
    *reaper = prepare(process, ref);
    (*reaper)->is_reaper = true;
    (*reaper)->has_work = true;
    (*reaper)->enter.is_active = true;
    return STATUS_OK;
}

bool uthread_ref_at(struct seat *seat, struct thread_ref *ref)
{
    bool is_live;

    lock_take(&seat->lock, LOCK_THREAD);
    is_live = seat->state == SEAT_LIVE;
    if (is_live)
        *ref = seat->thread->ref;
    lock_give(&seat->lock, LOCK_THREAD);
    return is_live;
}

void uthread_apply(struct seat *seat, const struct process_policy *policy)
{
    struct thread_ref ref;

    if (!uthread_ref_at(seat, &ref))
        return;
    /* Who has ended since is STALE to the core; a mask is set with the seat locked. */
    if (policy->weight != 0)
        (void)glue_set_weight(ref, policy->weight);
    if (policy->class_plus_1 != 0)
        (void)glue_set_class(ref, (enum latency_class)(policy->class_plus_1 - 1));
    if (!policy->has_cpus)
        return;
    struct decision d = {.kick_count = 0};

    lock_take(&seat->lock, LOCK_THREAD);
    if (seat->state == SEAT_LIVE)
        d = sched_set_mask(glue_sched(), cpu_this()->number, seat->thread->ref,
                           policy->cpus.words, glue_now());
    lock_give(&seat->lock, LOCK_THREAD);
    glue_note(&d);
}

struct ledger uthread_ledger(const struct uthread *t)
{
    return thread_of(glue_sched(), t->ref.slot)->ledger;
}

/* Until when the open interval of `cpu` belongs to who runs there: what an interrupt takes that has
 * begun does not, though it is accounted only when it ends. */
static struct mono open_until(uint32_t cpu)
{
    struct mono now = clock_now();
    const struct cpu *block = &cpu_blocks[cpu];

    return __atomic_load_n(&block->is_interrupt, __ATOMIC_ACQUIRE)
               ? mono_earlier(block->entered_at, now)
               : now;
}

/* With the lock of its CPU, where alone its ledger changes. */
static void read_locked(const struct rq *rq, uint32_t slot, struct uthread_reading *reading)
{
    struct mono since = account_uncharged_since(rq);
    struct mono now = open_until(rq->cpu);

    *reading = (struct uthread_reading){
        .ledger = thread_of(glue_sched(), slot)->ledger,
        .cpu = rq->cpu,
        .is_running = rq->current == slot,
    };
    if (reading->is_running && mono_before(since, now))
        reading->ledger.runtime_ns += (uint64_t)mono_diff_ns(now, since);
}

enum status uthread_read(struct thread_ref ref, struct uthread_reading *reading)
{
    struct sched *s = glue_sched();

    for (;;) { /* a turn more for each move to another CPU in between */
        struct rq *rq = rq_of(s, thread_word_read(s, ref.slot).cpu);
        bool is_gone, is_there;

        port_lock(&rq->lock);
        is_gone = thread_ref_of(s, ref.slot).gen != ref.gen;
        is_there = thread_word_read(s, ref.slot).cpu == rq->cpu;
        if (!is_gone && is_there)
            read_locked(rq, ref.slot, reading);
        port_unlock(&rq->lock);
        if (is_gone)
            return STATUS_STALE;
        if (is_there)
            return STATUS_OK;
        arch_pause();
    }
}

void uthread_end_parks(const struct process *process, uint32_t first, uint32_t count, uint64_t virt,
                       uint64_t bytes)
{
    for (uint32_t i = first; i < first + count; i++) {
        struct seat *seat = seat_of(process, i);
        struct thread_ref waiter = THREAD_REF_NONE;

        if (seat == NULL)
            return;
        lock_take(&seat->lock, LOCK_THREAD); /* with it, the thread is not taken down */
        if (seat->state == SEAT_LIVE && park_end(seat->thread, virt, bytes) > 0)
            waiter = seat->thread->ref;
        lock_give(&seat->lock, LOCK_THREAD);
        glue_wake(waiter, WAKE_PARK);
    }
}

/* ---- Ending ---- */

enum status uthread_set_mask(const struct process *process, uint64_t index, uint64_t gen,
                             const struct cpumask *mask)
{
    struct thread_ref ref;
    struct seat *seat = seat_hold(process, index, gen, &ref);
    struct decision d;

    if (seat == NULL)
        return STATUS_STALE;
    d = sched_set_mask(glue_sched(), cpu_this()->number, ref, mask->words, glue_now());
    seat_let_go(seat);
    glue_note(&d);
    return d.status;
}

static HOT void end(struct uthread *t, int64_t status)
{
    struct process *process = t->process;

    ASSERT(!t->has_work);
    ASSERT(!timer_is_linked(&t->enter.timer));
    op_cancel_all(t);
    telemetry_end(t, glue_now());
    if (t->index == 0 && t->gen == 1)
        process_note_exit(process, status);
    release_record(process, RING_INFLIGHT_MAX);
    struct ledger before = uthread_ledger(t);
    struct seat *seat = t->seat;

    glue_wake(seat_end(process, seat, status, false), WAKE_JOIN);
    cpu_this()->exit_count++;
    glue_exit(); /* from here on the record may be another thread's */
    struct ledger more = cpu_this()->rq->exited;

    ledger_subtract(&more, &before);
    seat_settle(seat, &more);
    process_thread_gone(process);
}

void uthread_exit(struct uthread *t, int64_t status)
{
    end(t, status);
    glue_leave();
}

NOINLINE void uthread_end(struct uthread *t, int64_t status)
{
    end(t, status);
}

void uthread_take_down(struct uthread *t)
{
    struct process *process = t->process;
    bool is_reaper = t->is_reaper;

    cpu_this()->kill_count++;
    if (cpu_this()->loaded == t)
        cpu_this()->loaded = NULL;
    timer_cancel(&t->enter.timer);
    op_cancel_all(t);
    release_record(process, is_reaper ? 0 : RING_INFLIGHT_MAX);
    if (is_reaper) {
        reaper_gone(process, t); /* from here on the process may be gone */
    } else {
        telemetry_final(t);
        glue_wake(seat_end(process, t->seat, STATUS_KILLED, true), WAKE_JOIN);
    }
    sched_release(glue_sched(), t->ref); /* from here on the record may be another thread's */
    if (!is_reaper)
        process_thread_gone(process);
}

void uthread_reaped(struct uthread *t)
{
    if (t->work.kind != WORK_NONE)
        reaper_queue(t->process, &t->item);
    else
        uthread_take_down(t);
}

/* ---- Work ---- */

void uthread_begin_work(struct uthread *t, struct op *op)
{
    t->work_op = op;
    t->has_work = true;
    t->wait_source = WAKE_PROCESS;
}

/* The work is done: its operation completes. */
static void end_work(struct uthread *t)
{
    t->has_work = false;
    t->work.kind = WORK_NONE;
    if (!op_claim(t->work_op))
        UNREACHABLE(); /* it has no deadline and cannot be cancelled */
    struct thread_ref owner = op_complete(t->work_op, t->work.status, t->work.value);

    ASSERT(owner.slot == t->ref.slot); /* it runs: nobody to wake */
    t->work_op = NULL;
}

void uthread_work(struct uthread *t)
{
    enum work_turn turn = t->is_reaper ? reaper_step(t) : work_step(&t->work);

    arch_pause();
    switch (turn) {
    case WORK_MORE:
        arch_take_interrupts();
        break;
    case WORK_AGAIN:
        /* First: who is at it may wait for an interrupt of this CPU, where nobody else may want to
         * run. */
        arch_take_interrupts();
        glue_give_up();
        break;
    case WORK_WAIT:
        glue_block(WAKE_PROCESS);
        break;
    case WORK_DONE:
        end_work(t);
        arch_take_interrupts(); /* entries may wait behind it, each with work of its own */
        break;
    }
}
