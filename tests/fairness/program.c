/* SPDX-License-Identifier: MIT */
/* program.c - what a thread of a row does next. */
#include "tests/fairness/world.h"

#define HOG_NS NS_PER_S /* a thread that always runs is asked again so often */
#define LN2_65536 45426u /* 65536 ln 2 */

/*
 * An exponential random number of mean `mean_ns`, at least 1 us: -ln(u) * mean, in integers, right
 * to 1 %.  With u = m * 2^-k and m in [1, 2), -ln(u) = k ln 2 - ln m, and ln m by a parabola.
 */
static uint64_t draw_exponential(struct prng *p, uint64_t mean_ns)
{
    uint64_t u = (prng_next(p) >> 16) | 1;
    uint32_t top = bits_highest(u);
    uint64_t x = ((u << (63 - top)) << 1) >> 48; /* m - 1 in 2^-16 */
    uint64_t ln_m = (x * LN2_65536 + (x * (65536 - x) >> 16) * 15696u) >> 16;
    uint64_t log = (uint64_t)(48 - top) * LN2_65536 - ln_m;
    uint64_t ns = log * (mean_ns >> 8) >> 8;

    return ns > NS_PER_US ? ns : NS_PER_US;
}

static const struct row_step *step_of(const struct world_thread *t)
{
    return &t->group->steps[t->step];
}

static void next_step(struct world_thread *t)
{
    t->step++;
    if (t->step == ROW_STEPS_MAX || step_of(t)->kind == STEP_REPEAT)
        t->step = 0;
}

static bool is_run(enum row_step_kind kind)
{
    return kind == STEP_RUN || kind == STEP_RUN_RANDOM;
}

/* If the next step is to run: draw how long, and give that work to the reference at `at`. */
static void begin_run(struct world *w, uint32_t thread, struct mono at)
{
    struct world_thread *t = &w->threads[thread];
    uint64_t run_ns = step_of(t)->value;

    if (!is_run(step_of(t)->kind))
        return;
    if (step_of(t)->kind == STEP_RUN_RANDOM)
        run_ns = draw_exponential(&t->prng, run_ns);
    t->is_running = true;
    t->run_goal_ns = w->machine.threads[thread].used_ns + run_ns;
    if (!t->always_runs)
        fluid_work(&w->fluid, thread, at, run_ns);
}

void world_begin(struct world *w, uint32_t thread, struct mono at)
{
    struct world_thread *t = &w->threads[thread];

    t->has_begun = true;
    t->period_ns = at.ns;
    fluid_join(&w->fluid, thread, world_fluid_class(w, thread), t->always_runs);
    begin_run(w, thread, at);
    meter_waits(w, thread, at);
}

static void sleep_until(struct world *w, uint32_t cpu, uint32_t thread, struct mono until)
{
    next_step(&w->threads[thread]);
    begin_run(w, thread, until);
    meter_waits(w, thread, until);
    machine_block(&w->machine, cpu, WAKE_TIMER, until);
}

static void sleep_for(struct world *w, uint32_t cpu, uint32_t thread, uint64_t ns)
{
    sleep_until(w, cpu, thread, mono_add(w->machine.now, ns > 0 ? ns : 1));
}

/* To the next instant of its grid that is still ahead. */
static void sleep_period(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct world_thread *t = &w->threads[thread];
    uint64_t late_ns = w->machine.now.ns - t->period_ns;
    uint64_t period_ns = step_of(t)->value;

    t->period_ns += (late_ns / period_ns + 1) * period_ns;
    sleep_until(w, cpu, thread, (struct mono){t->period_ns});
}

/* The partner waits: strict turns. */
static void call(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct world_thread *t = &w->threads[thread];

    next_step(t);
    begin_run(w, t->partner, w->machine.now);
    meter_waits(w, t->partner, w->machine.now);
    machine_wake(&w->machine, cpu, t->partner, WAKE_PARK);
    meter_waits(w, thread, MONO_NEVER);
    machine_block(&w->machine, cpu, WAKE_PARK, MONO_NEVER);
}

static void end(struct world *w, uint32_t cpu, uint32_t thread)
{
    w->threads[thread].has_ended = true;
    fluid_leave(&w->fluid, thread);
    meter_ends(w, thread);
    machine_exit(&w->machine, cpu);
}

static void set_weight(struct world *w, uint32_t cpu, uint32_t thread, uint32_t weight)
{
    machine_set_weight(&w->machine, cpu, thread, weight);
    if ((w->threads[thread].group->flags & GROUP_ATTACKS) != 0)
        return; /* its entitlement stays */
    w->threads[thread].weight = weight;
    fluid_move(&w->fluid, thread, world_fluid_class(w, thread));
}

/* A step that takes no CPU time, or ends the thread's turn on the CPU. */
static void act(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct world_thread *t = &w->threads[thread];
    const struct row_step *step = step_of(t);

    switch (step->kind) {
    case STEP_SLEEP:
        sleep_for(w, cpu, thread, step->value);
        return;
    case STEP_SLEEP_RANDOM:
        sleep_for(w, cpu, thread, draw_exponential(&t->prng, step->value));
        return;
    case STEP_PERIOD:
        sleep_period(w, cpu, thread);
        return;
    case STEP_CALL:
        call(w, cpu, thread);
        return;
    case STEP_EXIT:
        end(w, cpu, thread);
        return;
    default:
        break;
    }
    next_step(t);
    if (step->kind == STEP_MASK) {
        t->own_mask = step->value;
        world_apply_mask(w, cpu, thread);
    } else if (step->kind == STEP_FORK || step->kind == STEP_NEXT) {
        world_start_next(w, t->group_index + (step->kind == STEP_FORK), cpu);
    } else if (step->kind == STEP_WEIGHT) {
        set_weight(w, cpu, thread, (uint32_t)step->value);
    } else if (step->kind == STEP_YIELD) {
        meter_waits(w, thread, w->machine.now);
        machine_give_up(&w->machine, cpu);
    }
}

/* Returns: it has begun to spend CPU time. */
static bool go_on_running(struct world *w, uint32_t cpu, uint32_t thread)
{
    struct world_thread *t = &w->threads[thread];
    uint64_t used_ns = w->machine.threads[thread].used_ns;

    if (!t->is_running)
        begin_run(w, thread, w->machine.now);
    if (used_ns < t->run_goal_ns) {
        machine_spend_until(&w->machine, cpu,
                            mono_add(w->machine.now, t->run_goal_ns - used_ns));
        return true;
    }
    t->is_running = false;
    next_step(t);
    return false;
}

bool program_go_on(void *world, uint32_t cpu, uint32_t thread)
{
    struct world *w = world;
    const struct world_thread *t = &w->threads[thread];

    fluid_advance(&w->fluid, w->machine.now);
    meter_has_cpu(w, cpu, thread);
    if (t->must_exit) {
        end(w, cpu, thread);
        return false;
    }
    if (step_of(t)->kind == STEP_REPEAT) {
        machine_spend_until(&w->machine, cpu, mono_add(w->machine.now, HOG_NS));
        return true;
    }
    if (is_run(step_of(t)->kind))
        return go_on_running(w, cpu, thread);
    act(w, cpu, thread);
    return false;
}
