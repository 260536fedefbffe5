/* SPDX-License-Identifier: MIT */
#include "tests/explorer/machine.h"
#include "core/poll.h"
#include "core/why.h"

#define DECIDE_AGAIN_MAX 16u
#define START_NS 1000000u

struct machine machine;

enum alternative { ALT_KICK, ALT_PROGRAM, ALT_EXTERNAL, ALT_TIMER, ALT_POLLED, ALT_COUNT };

_Static_assert(ALT_COUNT <= ALTERNATIVES_MAX, "the search can name each");

static const char *name_alternative(uint32_t alternative)
{
    static const char *const names[ALT_COUNT] = {
        "--- takes the reschedule interrupt",
        "--- its thread goes on",
        "--- takes an external interrupt",
        "--- its armed instant is here",
        "--- stops polling",
    };

    return names[alternative];
}

/* ---- What the core calls ---- */

void machine_save(uint32_t cpu, uint32_t thread)
{
    uint32_t home = machine.home[thread];

    cpu_pause("saves the registers");
    if (home != 0 && home != cpu + 1)
        explore_fail("M1: CPU %u saves thread %u, which is in CPU %u", cpu, thread, home - 1);
    machine.home[thread] = 0; /* it was already, if it was chosen here and dropped before it ran */
}

void machine_trace(const struct trace_record *record)
{
    static const char *const names[] = {
#define TRACE_NAME(name, id, text, a, b) [id] = (text),
        TRACE_EVENT_TABLE(TRACE_NAME)
#undef TRACE_NAME
    };

    ASSERT(record->event < ARRAY_COUNT(names));
    explore_note("event: %s thread %d a %lld b %lld", names[record->event], (int)record->thread,
                 (long long)record->a, (long long)record->b);
}

/* ---- Acting on decisions ---- */

void machine_send_kicks(const struct decision *d)
{
    for (uint32_t i = 0; i < d->kick_count; i++) {
        char text[32];

        snprintf(text, sizeof(text), "kicks CPU %u", d->kick[i]);
        cpu_pause(text);
        if (machine.is_kicked[d->kick[i]] != 0)
            explore_fail("M2: a second interrupt is sent to CPU %u", d->kick[i]);
        machine.is_kicked[d->kick[i]] = 1;
    }
}

/* The embedder takes down who is in the reaped list; here they stay in it. */
static void note_reaped(uint32_t cpu, const struct decision *d)
{
    if (d->has_reaped)
        machine.told[cpu] = rq_of(machine_sched(), cpu)->reaped_head + 1;
}

void machine_switch_to(uint32_t cpu, uint32_t next)
{
    uint32_t previous = machine.current[cpu];

    if (previous != SLOT_NONE && previous != next && machine.home[previous] == cpu + 1)
        explore_fail("M1: CPU %u leaves thread %u without saving it", cpu, previous);
    if (next != SLOT_NONE && machine.home[next] != cpu + 1) {
        if (machine.home[next] != 0)
            explore_fail("M1: CPU %u runs thread %u, which is still in CPU %u", cpu, next,
                         machine.home[next] - 1);
        machine.home[next] = cpu + 1;
    }
    machine.current[cpu] = next;
}

/* The end of an event that decided. */
void machine_act_final(uint32_t cpu, struct decision d)
{
    machine_send_kicks(&d);
    note_reaped(cpu, &d);
    for (unsigned turn = 0; d.resched; turn++) {
        if (turn == DECIDE_AGAIN_MAX)
            explore_fail("CPU %u never comes to a decision", cpu);
        d = sched_decide(machine_sched(), cpu, machine.now);
        machine_send_kicks(&d);
        note_reaped(cpu, &d);
    }
    machine_switch_to(cpu, d.next.slot);
    machine.arm_at[cpu] = d.arm_at;
    if (machine.has_polling != 0 && machine.current[cpu] == SLOT_NONE)
        machine.is_polling[cpu] = poll_begin(machine_sched(), cpu);
}

void machine_decide(uint32_t cpu)
{
    machine_act_final(cpu, sched_decide(machine_sched(), cpu, machine.now));
}

/* The end of an event that does not by itself change who runs here. */
void machine_act(uint32_t cpu, struct decision d)
{
    machine_send_kicks(&d);
    note_reaped(cpu, &d);
    if (d.rearm)
        machine.arm_at[cpu] = d.arm_at;
    if (d.resched)
        machine_decide(cpu);
}

/* Whatever ends the polling.  Returns: a decision must follow. */
static bool stop_polling(uint32_t cpu)
{
    if (machine.is_polling[cpu] == 0)
        return false;
    machine.is_polling[cpu] = 0;
    return poll_end(machine_sched(), cpu);
}

/* ---- Events ---- */

struct thread_ref machine_ref(uint32_t thread)
{
    return (struct thread_ref){thread, 1}; /* slots are taken in order and used once */
}

static void wake(uint32_t cpu, uint32_t thread, enum wake_source source)
{
    bool has_ended = machine.has_ended[thread] != 0;
    struct decision d = sched_wake(machine_sched(), cpu, machine_ref(thread), source, machine.now);

    if (has_ended && d.status != STATUS_STALE)
        explore_fail("M3: a wake of thread %u, which has ended, is not refused", thread);
    if (d.kick_count > KICKS_PER_WAKE_MAX)
        explore_fail("M2: one wake sends %u interrupts", d.kick_count);
    machine_act(cpu, d);
}

static void kill_thread(uint32_t cpu, uint32_t thread)
{
    struct decision d = sched_kill(machine_sched(), cpu, machine_ref(thread), machine.now);

    if (d.status != STATUS_STALE)
        machine.is_killed[thread] = 1;
    if (d.status == STATUS_BUSY)
        machine.kill_was_busy[thread] = 1;
    machine_act(cpu, d);
}

static void set_policy(uint32_t cpu, const struct op *op)
{
    struct sched *s = machine_sched();
    struct thread_ref ref = machine_ref(op->thread);
    struct decision d = op->kind == OP_WEIGHT
                            ? sched_set_weight(s, cpu, ref, op->value, machine.now)
                            : sched_set_class(s, cpu, ref, (enum latency_class)op->value,
                                              machine.now);

    if (d.status != STATUS_STALE && op->kind == OP_WEIGHT)
        machine.weight[op->thread] = op->value;
    if (d.status != STATUS_STALE && op->kind == OP_CLASS)
        machine.class_plus_1[op->thread] = op->value + 1;
    if (d.status == STATUS_BUSY)
        machine.policy_was_busy[op->thread] = 1;
    machine_act(cpu, d);
}

static void run_op(uint32_t cpu, const struct op *op, enum wake_source source)
{
    struct sched *s = machine_sched();
    uint32_t thread;

    switch (op->kind) {
    case OP_WAKE:
        wake(cpu, op->thread, source);
        return;
    case OP_JOIN:
        wake(cpu, op->thread, WAKE_JOIN);
        return;
    case OP_BLOCK:
        machine_act_final(cpu, sched_block(s, cpu, WAKE_PARK, machine.now));
        return;
    case OP_YIELD:
        machine_act_final(cpu, sched_give_up(s, cpu, machine.now));
        return;
    case OP_EXIT:
        thread = machine.current[cpu];
        machine_act_final(cpu, sched_exit(s, cpu, machine.now));
        machine.has_ended[thread] = 1;
        return;
    case OP_MASK:
        machine_act(cpu, sched_set_mask(s, cpu, machine_ref(op->thread), &op->mask, machine.now));
        return;
    case OP_KILL:
        kill_thread(cpu, op->thread);
        return;
    case OP_WEIGHT:
    case OP_CLASS:
        set_policy(cpu, op);
        return;
    case OP_READ_CLOCK:
        machine_read_clock(op->value);
        return;
    case OP_LEND:
    case OP_HAND_BACK:
    case OP_TURN_OVER:
    case OP_GO_HOME:
    case OP_BORROW:
    case OP_BORROW_BLOCK:
        machine_lend(cpu, op);
        return;
    case OP_END:
        break;
    }
    UNREACHABLE();
}

static const struct op *program_op(const struct scenario *scenario, uint32_t cpu)
{
    uint32_t thread = machine.current[cpu];

    if (thread == SLOT_NONE)
        return NULL;
    const struct op *op = &scenario->threads[thread].program[machine.program_at[thread]];

    return op->kind != OP_END ? op : NULL;
}

static const struct op *external_op(const struct scenario *scenario, uint32_t cpu)
{
    const struct op *op = &scenario->externals[cpu][machine.external_at[cpu]];

    return op->kind != OP_END ? op : NULL;
}

static uint32_t alternatives(const void *context, uint32_t cpu)
{
    const struct scenario *scenario = context;
    uint32_t result = machine.is_kicked[cpu] != 0 ? 1u << ALT_KICK : 0;

    if (program_op(scenario, cpu) != NULL)
        result |= 1u << ALT_PROGRAM;
    if (external_op(scenario, cpu) != NULL)
        result |= 1u << ALT_EXTERNAL;
    if (!mono_is_never(machine.arm_at[cpu]) && machine.timers_left[cpu] > 0)
        result |= 1u << ALT_TIMER;
    if (machine.is_polling[cpu] != 0)
        result |= 1u << ALT_POLLED;
    return result;
}

static void take_kick(uint32_t cpu)
{
    if (machine.is_polling[cpu] != 0)
        explore_fail("M13: CPU %u polls and is interrupted", cpu);
    machine.is_kicked[cpu] = 0;
    sched_kicked(machine_sched(), cpu);
    machine_decide(cpu);
}

static void take_timer(uint32_t cpu)
{
    (void)stop_polling(cpu);
    machine.timers_left[cpu]--;
    if (mono_before(machine.now, machine.arm_at[cpu]))
        machine.now = machine.arm_at[cpu];
    machine.arm_at[cpu] = MONO_NEVER;
    machine_decide(cpu);
}

static void body(const void *context, uint32_t cpu, uint32_t alternative)
{
    const struct scenario *scenario = context;
    const struct op *op;

    switch ((enum alternative)alternative) {
    case ALT_KICK:
        take_kick(cpu);
        break;
    case ALT_PROGRAM:
        op = program_op(scenario, cpu);
        machine.program_at[machine.current[cpu]]++;
        machine.now = mono_add(machine.now, scenario->op_ns);
        run_op(cpu, op, WAKE_PARK);
        break;
    case ALT_EXTERNAL:
        op = external_op(scenario, cpu);
        machine.external_at[cpu]++;
        if (stop_polling(cpu))
            machine_decide(cpu);
        run_op(cpu, op, WAKE_TIMER);
        break;
    case ALT_TIMER:
        take_timer(cpu);
        break;
    case ALT_POLLED:
        if (stop_polling(cpu))
            machine_decide(cpu);
        break;
    case ALT_COUNT:
        UNREACHABLE();
    }
    machine_forget(cpu);
}

/* ---- Setting up ---- */

static void deliver_all(const struct scenario *scenario)
{
    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++) {
        if (machine.is_kicked[cpu] == 0)
            continue;
        take_kick(cpu);
        cpu = UINT32_MAX; /* again from CPU 0 */
    }
}

static void create_threads(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        const struct scenario_thread *t = &scenario->threads[i];
        uint64_t own = UINT64_C(1) << t->cpu; /* so that it starts there */
        struct thread_params params = {.weight = WEIGHT_UNIT,
                                       .latency_class = t->latency_class,
                                       .start_cpu = t->cpu,
                                       .mask = &own};
        struct thread_ref ref;

        if (sched_thread_create(machine_sched(), &params, &ref) != STATUS_OK)
            explore_fail("the scenario's thread %u cannot be made", i);
        ASSERT(ref.slot == i);
        ASSERT(ref.gen == 1);
    }
}

static void start_threads(const struct scenario *scenario, enum start start)
{
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        const struct scenario_thread *t = &scenario->threads[i];

        if (t->start != start)
            continue;
        wake(t->cpu, i, WAKE_START);
        machine_decide(t->cpu); /* whatever the wake said: a seeded bug may be here */
        deliver_all(scenario);
        if (start == START_BLOCKED)
            machine_act_final(t->cpu, sched_block(machine_sched(), t->cpu, WAKE_PARK, machine.now));
    }
}

/* Everybody is where he should start: from now on he may go where the scenario says. */
static void set_masks(const struct scenario *scenario)
{
    uint64_t all = (UINT64_C(1) << scenario->cpu_count) - 1;

    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        uint64_t mask = scenario->threads[i].mask;

        thread_mask_set(machine_sched(), i, mask != 0 ? &mask : &all);
    }
}

/* The scenario's author was right about where everybody is. */
static void check_start(const struct scenario *scenario)
{
    static const enum thread_state states[] = {
        [START_RUNNING] = THREAD_RUNNING,
        [START_QUEUED] = THREAD_QUEUED,
        [START_BLOCKED] = THREAD_BLOCKED,
    };

    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        const struct scenario_thread *t = &scenario->threads[i];
        struct thread_word word = thread_word_read(machine_sched(), i);

        if (word.state != states[t->start] || word.cpu != t->cpu)
            explore_fail("thread %u starts in state %d on CPU %u", i, (int)word.state, word.cpu);
    }
    sched_check(machine_sched());
}

static void setup(const void *context)
{
    const struct scenario *scenario = context;
    struct sched *s = machine_sched();

    machine.now.ns = START_NS;
    machine.clocks_are_choices = scenario->clocks_are_choices;
    sched_init(s, scenario->cpu_count, scenario->thread_count, machine.now);
    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++) {
        machine.current[cpu] = SLOT_NONE;
        sched_cpu_start(s, cpu, machine.now, machine.now);
        machine_decide(cpu);
        machine.now = mono_add(machine.now, scenario->apart_ns);
    }
    machine_set_leads(scenario);
    create_threads(scenario);
    start_threads(scenario, START_BLOCKED);
    start_threads(scenario, START_RUNNING);
    start_threads(scenario, START_QUEUED);
    set_masks(scenario);
    check_start(scenario);
    machine.has_polling = scenario->has_polling;
    for (const struct op *op = scenario->prepare; op->kind != OP_END; op++) {
        run_op(0, op, WAKE_PARK);
        deliver_all(scenario);
    }
    machine.now = mono_add(machine.now, scenario->late_ns);
    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++)
        if (scenario->timers_on == 0 || (scenario->timers_on >> cpu & 1) != 0)
            machine.timers_left[cpu] = scenario->timer_count;
    for (uint32_t cpu = 0; scenario->has_polling && cpu < scenario->cpu_count; cpu++)
        if (machine.current[cpu] == SLOT_NONE)
            machine.is_polling[cpu] = poll_begin(s, cpu);
}

static void check_end(const void *context)
{
    machine_check_end(context);
}

struct explore_model machine_model(const struct scenario *scenario)
{
    uint64_t arena_bytes = sched_bytes(scenario->cpu_count, scenario->thread_count);

    /* The arena ends in the threads' reasons, on which nothing depends. */
    uint64_t why_bytes = scenario->thread_count * sizeof(struct why_row);

    ASSERT(scenario->cpu_count <= MACHINE_CPUS_MAX);
    ASSERT(scenario->thread_count <= MACHINE_THREADS_MAX);
    ASSERT(arena_bytes != 0);
    ASSERT(arena_bytes <= MACHINE_ARENA_BYTES);
    return (struct explore_model){
        .cpu_count = scenario->cpu_count,
        .state = &machine,
        .state_bytes = offsetof(struct machine, arena) + arena_bytes,
        .hashed_bytes = offsetof(struct machine, arena) + arena_bytes - why_bytes,
        .context = scenario,
        .setup = setup,
        .body = body,
        .alternatives = alternatives,
        .late_alternatives = 1u << ALT_TIMER,
        .check_end = check_end,
        .name_address = machine_name_address,
        .name_alternative = name_alternative,
    };
}
