/* SPDX-License-Identifier: MIT */
#include "sim/machine.h"

#include "base/hash.h"
#include "core/account.h"
#include "sim/ahead.h"
#include "sim/idle.h"
#include "sim/memory.h"
#include "sim/source.h"
#include "sim/view.h"

#include <stdlib.h>

#define ARENA_ALIGN 64u
/* The scheduler's arena and, before it, the way back to its machine for sim_trace. */
struct machine_arena {
    struct machine *machine;
    struct sched sched ALIGNED(64);
};

/* The CPU that an event happens to. */
static uint32_t cpu_of_source(const struct machine *m, uint32_t source)
{
    uint32_t first_sleeper = source_of_sleeper(m, 0);

    return source < first_sleeper ? source / CPU_SOURCES
                                  : m->threads[source - first_sleeper].sleep_cpu;
}

/* ---- The ear --------------------------------------------------------------------------------- */

/* Threads are made in order and slots are handed out in order, so they are the same number. */
static void touch(struct machine *m, uint32_t slot)
{
    if (slot >= m->config.thread_count || m->threads[slot].is_touched)
        return;
    m->threads[slot].is_touched = true;
    m->touched[m->touched_count++] = slot;
}

void sim_trace(struct sched *s, const struct trace_record *record)
{
    struct machine_arena *arena =
        (struct machine_arena *)(void *)((unsigned char *)s -
                                         offsetof(struct machine_arena, sched));
    struct machine *m = arena->machine;
    uint64_t hash = hash_word(m->trace_hash, record->now.ns);

    hash = hash_word(hash, (uint64_t)record->cpu << 32 | record->event);
    hash = hash_word(hash, (uint64_t)record->rule << 32 | record->thread);
    hash = hash_word(hash, (uint64_t)record->a);
    m->trace_hash = hash_word(hash, (uint64_t)record->b);
    touch(m, record->thread);
    if (record->event == EV_SWITCH || record->event == EV_IDLE)
        touch(m, (uint32_t)record->a);
    if (m->config.view != NULL)
        view_print(m->config.view, record);
}

static bool is_queued(const struct machine *m, uint32_t thread)
{
    return thread_word_read(m->sched, thread).state == THREAD_QUEUED;
}

/* After an event: tell `waste` who came into a queue or left one. */
static void count_queued(struct machine *m)
{
    for (uint32_t i = 0; i < m->touched_count; i++) {
        struct machine_thread *t = &m->threads[m->touched[i]];
        bool queued = is_queued(m, m->touched[i]);

        if (queued != t->is_queued)
            waste_queued(&m->waste, t->class, queued);
        t->is_queued = queued;
        t->is_touched = false;
    }
    m->touched_count = 0;
}

/* ---- Acting on decisions --------------------------------------------------------------------- */

static void send_kicks(struct machine *m, const struct decision *d)
{
    for (uint32_t i = 0; i < d->kick_count; i++) {
        uint32_t source = source_of_cpu(d->kick[i], CPU_KICK);

        ASSERT(!event_is_set(&m->events, source)); /* at most one interrupt on its way to a CPU */
        event_set(&m->events, source, mono_add(m->now, MACHINE_IPI_NS));
    }
    idle_notice(m);
}

/* A decision that says who runs: act on it, or note that the core wants to be asked again. */
static void follow(struct machine *m, uint32_t cpu, const struct decision *d)
{
    struct machine_cpu *c = &m->cpus[cpu];

    send_kicks(m, d);
    c->must_decide = d->resched;
    if (d->resched)
        return;
    c->thread = thread_ref_is_none(d->next) ? MACHINE_THREAD_NONE : d->next.slot;
    c->entered = m->now;
    ASSERT(mono_before(m->now, d->arm_at));
    event_set(&m->events, source_of_cpu(cpu, CPU_TIMER), d->arm_at);
    waste_idle(&m->waste, cpu, c->thread == MACHINE_THREAD_NONE);
}

/* A decision about somebody else: kicks, and maybe a new instant or a reason to decide here. */
void machine_heed(struct machine *m, uint32_t cpu, const struct decision *d)
{
    ASSERT(d->status == STATUS_OK);
    send_kicks(m, d);
    if (d->rearm)
        event_set(&m->events, source_of_cpu(cpu, CPU_TIMER), d->arm_at);
    m->cpus[cpu].must_decide |= d->resched;
}

void machine_hand(struct machine *m, uint32_t cpu, const struct decision *d)
{
    struct machine_cpu *c = &m->cpus[cpu];

    ASSERT(d->kick_count == 0);
    c->thread = d->next.slot;
    c->entered = m->now;
    c->must_decide |= d->resched;
}

static void decide(struct machine *m, uint32_t cpu)
{
    struct decision d = sched_decide(m->sched, cpu, m->now);

    follow(m, cpu, &d);
}

/* Until the CPU runs somebody who spends time, or nobody. */
static void settle(struct machine *m, uint32_t cpu)
{
    struct machine_cpu *c = &m->cpus[cpu];

    for (uint64_t turn = 0; turn < MACHINE_INSTANT_EVENTS_MAX; turn++) {
        if (c->must_decide) {
            decide(m, cpu);
        } else if (c->thread == MACHINE_THREAD_NONE) {
            event_set(&m->events, source_of_cpu(cpu, CPU_SPENT), MONO_NEVER);
            idle_begin(m, cpu);
            return;
        } else if (m->config.program.go_on(m->config.program.context, cpu, c->thread)) {
            return;
        }
    }
    UNREACHABLE(); /* the program spends time after STEP_FREE_ACTIONS, the core decides */
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* What the CPU's thread did since it was entered is used. */
static void enter(struct machine *m, uint32_t cpu)
{
    struct machine_cpu *c = &m->cpus[cpu];

    if (c->thread != MACHINE_THREAD_NONE)
        m->threads[c->thread].used_ns += (uint64_t)mono_diff_ns(m->now, c->entered);
    c->entered = m->now;
}

/* The core decides who runs, then the kernel has the CPU for `kernel_ns`. */
static void take_cpu(struct machine *m, uint32_t cpu, uint64_t kernel_ns)
{
    struct machine_cpu *c = &m->cpus[cpu];

    for (uint64_t turn = 0; c->must_decide; turn++) {
        ASSERT(turn < MACHINE_INSTANT_EVENTS_MAX);
        decide(m, cpu);
    }
    c->free_at = mono_add(m->now, kernel_ns);
    c->entered = c->free_at;
    m->kernel_ns += kernel_ns;
    account_interrupt(m->sched, cpu, m->now, c->free_at);
    event_set(&m->events, source_of_cpu(cpu, CPU_SPENT),
              c->thread == MACHINE_THREAD_NONE ? MONO_NEVER : c->free_at);
    if (c->thread == MACHINE_THREAD_NONE)
        idle_begin(m, cpu);
}

/* All that the interrupt brought is told to the core: decide, then whoever has the CPU goes on once
 * the kernel is done. */
static void leave_interrupt(struct machine *m, uint32_t cpu)
{
    if (m->config.interrupt_ns == 0)
        settle(m, cpu);
    else
        take_cpu(m, cpu, m->config.interrupt_ns);
}

bool machine_is_free(const struct machine *m, uint32_t cpu)
{
    return !mono_before(m->now, m->cpus[cpu].free_at);
}

void machine_interrupt(struct machine *m, uint32_t cpu, uint64_t kernel_ns)
{
    ASSERT(machine_is_free(m, cpu));
    enter(m, cpu);
    idle_end(m, cpu);
    take_cpu(m, cpu, kernel_ns);
    count_queued(m);
}

/* Is the next event one more thing that the timer of `cpu` is to do at this instant? */
static bool has_more(const struct machine *m, uint32_t cpu)
{
    uint32_t source = event_next_source(&m->events);

    if (event_next_at(&m->events).ns != m->now.ns || cpu_of_source(m, source) != cpu)
        return false;
    return source == source_of_cpu(cpu, CPU_TIMER) || source >= source_of_sleeper(m, 0);
}

/* A timer interrupt: `source` is an instant of scheduling or a sleeper's, and there may be more. */
static void handle_timer(struct machine *m, uint32_t cpu, uint32_t source)
{
    uint32_t first_sleeper = source_of_sleeper(m, 0);

    m->cpus[cpu].timer_count++;
    for (;;) { /* bound: every turn takes an event */
        if (source < first_sleeper)
            m->cpus[cpu].must_decide = true;
        else
            machine_wake(m, cpu, source - first_sleeper, WAKE_TIMER);
        if (!has_more(m, cpu))
            break;
        source = event_take(&m->events);
    }
    leave_interrupt(m, cpu);
}

static void handle(struct machine *m, uint32_t cpu, uint32_t source)
{
    enter(m, cpu);
    if (source == source_of_cpu(cpu, CPU_POLLED)) {
        if (idle_polled(m, cpu))
            settle(m, cpu);
        return;
    }
    idle_end(m, cpu);
    if (source == source_of_cpu(cpu, CPU_SPENT)) {
        settle(m, cpu);
    } else if (source == source_of_cpu(cpu, CPU_KICK)) {
        sched_kicked(m->sched, cpu);
        m->cpus[cpu].must_decide = true;
        leave_interrupt(m, cpu);
    } else {
        handle_timer(m, cpu, source);
    }
}

static void set_now(struct machine *m, struct mono now)
{
    m->instant_count = now.ns == m->now.ns ? m->instant_count + 1 : 0;
    ASSERT(m->instant_count < MACHINE_INSTANT_EVENTS_MAX);
    waste_advance(&m->waste, now);
    m->now = now;
}

static void handle_next(struct machine *m)
{
    set_now(m, event_next_at(&m->events));
    uint32_t source = event_take(&m->events);
    uint32_t cpu = cpu_of_source(m, source);

    ahead_fetch(m);

    if (!machine_is_free(m, cpu)) { /* interrupts are off in the kernel */
        event_set(&m->events, source, m->cpus[cpu].free_at);
        return;
    }
    handle(m, cpu, source);
    count_queued(m);
    m->event_count++;
    if (m->config.check_every != 0 && m->event_count % m->config.check_every == 0)
        machine_check(m);
}

enum machine_stop machine_run(struct machine *m, struct mono end, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct mono next = event_next_at(&m->events);

        if (!mono_before(next, end)) {
            if (mono_is_never(end))
                return MACHINE_DRAINED;
            set_now(m, end);
            return MACHINE_AT_END;
        }
        handle_next(m);
    }
    return MACHINE_AT_COUNT;
}

/* ---- Boot ------------------------------------------------------------------------------------ */

static bool allocate(struct machine *m)
{
    uint32_t cpu_count = m->config.cpu_count;
    uint32_t thread_count = m->config.thread_count;
    uint64_t bytes = sched_bytes(cpu_count, thread_count);

    ASSERT(bytes != 0);
    m->arena = memory_aligned(ARENA_ALIGN, bytes + offsetof(struct machine_arena, sched));
    if (m->arena == NULL)
        return false;
    m->arena->machine = m;
    m->sched = &m->arena->sched;
    m->cpus = calloc(cpu_count, sizeof *m->cpus);
    m->threads = memory_zeroed(thread_count, sizeof *m->threads);
    m->polling = calloc(cpu_count, sizeof *m->polling);
    m->touched = memory_zeroed(thread_count, sizeof *m->touched);
    return m->cpus != NULL && m->threads != NULL && m->polling != NULL && m->touched != NULL &&
           event_queue_init(&m->events, source_of_sleeper(m, 0),
                            source_of_sleeper(m, thread_count), m->config.seed) &&
           waste_init(&m->waste, m->config.rows, m->config.row_count, cpumask_words_for(cpu_count),
                      m->now);
}

bool machine_init(struct machine *m, const struct machine_config *config)
{
    *m = (struct machine){.config = *config, .trace_hash = HASH_START};
    if (!allocate(m)) {
        machine_fini(m);
        return false;
    }
    sched_init(m->sched, config->cpu_count, config->thread_count, m->now);
    sched_set_fair_policy(m->sched, config->fair_policy);
    for (uint32_t cpu = 0; cpu < config->cpu_count; cpu++) {
        m->cpus[cpu].thread = MACHINE_THREAD_NONE;
        m->cpus[cpu].must_decide = true;
        poll_init(&m->cpus[cpu].poll);
        sched_cpu_start(m->sched, cpu, m->now, m->now);
        settle(m, cpu);
    }
    return true;
}

void machine_fini(struct machine *m)
{
    free(m->arena);
    free(m->cpus);
    free(m->threads);
    free(m->polling);
    free(m->touched);
    event_queue_fini(&m->events);
    waste_fini(&m->waste);
    *m = (struct machine){0};
}

/* Thread and CPU are alone with each other here, so every step has one possible outcome. */
void machine_thread_start(struct machine *m, uint32_t thread, uint32_t cpu, uint32_t class,
                          const struct thread_params *params)
{
    struct machine_thread *t = &m->threads[thread];
    struct cpumask only = {{0}};
    struct thread_params pinned = *params;

    cpumask_set(only.words, cpu);
    pinned.start_cpu = cpu;
    pinned.mask = only.words;
    enum status status = sched_thread_create(m->sched, &pinned, &t->ref);

    ASSERT(status == STATUS_OK);
    ASSERT(t->ref.slot == thread);
    t->has_started = true;
    m->started_count++;
    machine_wake(m, cpu, thread, WAKE_START);
    struct decision d = sched_decide(m->sched, cpu, m->now);

    ASSERT(d.next.slot == thread);
    follow(m, cpu, &d);
    machine_block(m, cpu, WAKE_TIMER, MONO_NEVER);
    ASSERT(m->cpus[cpu].thread == MACHINE_THREAD_NONE);
    machine_set_mask(m, cpu, thread, class);
    settle(m, cpu);
    count_queued(m);
}

void machine_thread_make(struct machine *m, uint32_t thread, uint32_t class,
                         const struct thread_params *params)
{
    struct machine_thread *t = &m->threads[thread];
    struct thread_params masked = *params;

    ASSERT(class < m->config.row_count);
    masked.mask = m->config.rows + class * cpumask_words_for(m->config.cpu_count);
    enum status status = sched_thread_create(m->sched, &masked, &t->ref);

    ASSERT(status == STATUS_OK);
    ASSERT(t->ref.slot == thread);
    t->class = class;
}

/* ---- For the program ------------------------------------------------------------------------- */

void machine_spend_until(struct machine *m, uint32_t cpu, struct mono until)
{
    ASSERT(mono_before(m->now, until));
    event_set(&m->events, source_of_cpu(cpu, CPU_SPENT), until);
}

void machine_sleep_until(struct machine *m, uint32_t cpu, uint32_t thread, struct mono at)
{
    ASSERT(!mono_before(at, m->now));
    m->threads[thread].sleep_cpu = cpu;
    event_set(&m->events, source_of_sleeper(m, thread), at);
}

void machine_block(struct machine *m, uint32_t cpu, enum wake_source source, struct mono until)
{
    if (!mono_is_never(until))
        machine_sleep_until(m, cpu, m->cpus[cpu].thread, until);
    struct decision d = sched_block(m->sched, cpu, source, m->now);

    follow(m, cpu, &d);
}

void machine_give_up(struct machine *m, uint32_t cpu)
{
    struct decision d = sched_give_up(m->sched, cpu, m->now);

    follow(m, cpu, &d);
}

/* It was made before, for its slot's sake; all that depends on where is its `last_cpu`. */
void machine_fork(struct machine *m, uint32_t cpu, uint32_t thread)
{
    struct machine_thread *t = &m->threads[thread];

    ASSERT(!t->has_started);
    t->has_started = true;
    m->started_count++;
    port_store32(&thread_of(m->sched, t->ref.slot)->last_cpu, cpu);
    machine_wake(m, cpu, thread, WAKE_START);
}

void machine_wake(struct machine *m, uint32_t cpu, uint32_t thread, enum wake_source source)
{
    struct decision d = sched_wake(m->sched, cpu, m->threads[thread].ref, source, m->now);

    machine_heed(m, cpu, &d);
}

void machine_set_mask(struct machine *m, uint32_t cpu, uint32_t thread, uint32_t class)
{
    struct machine_thread *t = &m->threads[thread];
    const size_t words = cpumask_words_for(m->config.cpu_count);

    ASSERT(class < m->config.row_count);
    if (t->is_queued) { /* counted under the class it had; counted anew after this event */
        waste_queued(&m->waste, t->class, false);
        t->is_queued = false;
    }
    t->class = class;
    touch(m, thread);
    struct decision d =
        sched_set_mask(m->sched, cpu, t->ref, m->config.rows + class * words, m->now);

    machine_heed(m, cpu, &d);
}

void machine_set_weight(struct machine *m, uint32_t cpu, uint32_t thread, uint32_t weight)
{
    struct decision d =
        sched_set_weight(m->sched, cpu, m->threads[thread].ref, weight, m->now);

    ASSERT(d.status == STATUS_OK);
    machine_heed(m, cpu, &d);
}

void machine_exit(struct machine *m, uint32_t cpu)
{
    struct machine_thread *t = &m->threads[m->cpus[cpu].thread];
    struct decision d = sched_exit(m->sched, cpu, m->now);

    t->ledger = thread_of(m->sched, t->ref.slot)->ledger; /* nobody takes the slot again */
    t->has_ended = true;
    m->ended_count++;
    follow(m, cpu, &d);
    idle_forget(m);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* How long the kernel still has the CPU.  That much of its interrupt is accounted in advance. */
static uint64_t kernel_ahead_ns(const struct machine *m, uint32_t cpu)
{
    struct mono free_at = m->cpus[cpu].free_at;

    return mono_before(m->now, free_at) ? (uint64_t)mono_diff_ns(free_at, m->now) : 0;
}

/* What of the CPU's open interval belongs to who runs, or to idle. */
static uint64_t open_ns(const struct machine *m, uint32_t cpu)
{
    struct mono until = mono_add(m->now, kernel_ahead_ns(m, cpu));

    return (uint64_t)mono_diff_ns(until, account_effective_since(m->sched, cpu));
}

struct ledger machine_ledger(const struct machine *m, uint32_t thread)
{
    const struct machine_thread *t = &m->threads[thread];

    if (t->has_ended)
        return t->ledger;
    struct ledger ledger;
    enum status status = sched_ledger(m->sched, t->ref, &ledger);

    ASSERT(status == STATUS_OK);
    struct thread_word word = thread_word_read(m->sched, thread);

    if (word.state == THREAD_RUNNING)
        ledger.runtime_ns += open_ns(m, word.cpu);
    return ledger;
}

struct machine_times machine_times(const struct machine *m, uint32_t cpu)
{
    const struct rq *rq = rq_of(m->sched, cpu);
    struct machine_times times = {
        .busy_ns = rq->busy_ns,
        .idle_ns = rq->idle_ns,
        .kernel_ns = rq->kernel_ns + rq->irq_ns + rq->excluded_ns - kernel_ahead_ns(m, cpu)};

    if (rq->current != SLOT_NONE)
        times.busy_ns += open_ns(m, cpu);
    else
        times.idle_ns += open_ns(m, cpu);
    return times;
}

static uint64_t used_ns_of(const struct machine *m, uint32_t thread)
{
    struct thread_word word = thread_word_read(m->sched, thread);
    uint64_t used_ns = m->threads[thread].used_ns;

    if (!m->threads[thread].has_ended && word.state == THREAD_RUNNING &&
        mono_before(m->cpus[word.cpu].entered, m->now))
        used_ns += (uint64_t)mono_diff_ns(m->now, m->cpus[word.cpu].entered);
    return used_ns;
}

/* M2, and that an idle CPU waits for nothing to be spent. */
static void check_cpu(const struct machine *m, uint32_t cpu)
{
    uint32_t thread = m->cpus[cpu].thread;
    bool spends = event_is_set(&m->events, source_of_cpu(cpu, CPU_SPENT));

    _Static_assert(MACHINE_THREAD_NONE == SLOT_NONE, "a thread and its slot are the same number");
    ASSERT(rq_of(m->sched, cpu)->current == thread);
    ASSERT(spends == (thread != MACHINE_THREAD_NONE));
    ASSERT(!m->cpus[cpu].must_decide);
    ASSERT(m->cpus[cpu].is_polling == event_is_set(&m->events, source_of_cpu(cpu, CPU_POLLED)));
}

void machine_check(struct machine *m)
{
    uint32_t queued_count = 0;

    if (m->config.view != NULL)
        view_flush(m->config.view); /* should a check fail, its lines are there */
    sched_check(m->sched);
    event_check(&m->events);
    for (uint32_t thread = 0; thread < m->config.thread_count; thread++) {
        ASSERT(used_ns_of(m, thread) == machine_ledger(m, thread).runtime_ns); /* M3 */
        ASSERT(m->threads[thread].is_queued == is_queued(m, thread));          /* M4 */
        queued_count += m->threads[thread].is_queued;
    }
    ASSERT(queued_count == m->waste.queued_count);
    for (uint32_t cpu = 0; cpu < m->config.cpu_count; cpu++)
        check_cpu(m, cpu);
}
