/* SPDX-License-Identifier: MIT */
#include "sim/fluid.h"

#include "base/cpumask.h"
#include "base/fixmul.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_LINES 4096u

/* Rates of a set of counts; `counts` of class_count numbers, then the shares. */
struct fluid_line {
    uint32_t class_count; /* 0: empty */
    uint32_t *counts;
    struct ideal_share *shares;
};

bool fluid_init(struct fluid *f, const struct ideal_machine *machine, uint32_t thread_count)
{
    *f = (struct fluid){.thread_count = thread_count, .machine = *machine};
    f->threads = calloc(thread_count, sizeof *f->threads);
    f->cache = calloc(CACHE_LINES, sizeof *f->cache);
    if (f->threads != NULL && f->cache != NULL &&
        event_queue_init(&f->arrivals, 0, thread_count, 0))
        return true;
    fluid_fini(f);
    return false;
}

void fluid_fini(struct fluid *f)
{
    for (uint32_t i = 0; i < f->class_count; i++) {
        free(f->classes[i].mask);
        event_queue_fini(&f->classes[i].ends);
    }
    for (uint32_t i = 0; f->cache != NULL && i < CACHE_LINES; i++) {
        free(f->cache[i].counts);
        free(f->cache[i].shares);
    }
    free(f->threads);
    free(f->classes);
    free(f->counted);
    free(f->cache);
    event_queue_fini(&f->arrivals);
    *f = (struct fluid){0};
}

/* ---- Rates ----------------------------------------------------------------------------------- */

static void *grow(void *array, size_t count, size_t bytes)
{
    void *grown = realloc(array, count * bytes);

    ASSERT(grown != NULL);
    return grown;
}

uint32_t fluid_class(struct fluid *f, const uint64_t *mask, uint32_t weight)
{
    size_t bytes = cpumask_words_for(f->machine.cpu_count) * sizeof *mask;

    for (uint32_t i = 0; i < f->class_count; i++)
        if (f->classes[i].weight == weight && memcmp(f->classes[i].mask, mask, bytes) == 0)
            return i;
    uint32_t class = f->class_count++;

    f->classes = grow(f->classes, f->class_count, sizeof *f->classes);
    f->counted = grow(f->counted, f->class_count, sizeof *f->counted);
    f->classes[class] = (struct fluid_class){.weight = weight, .rate = {0, 1}};
    f->classes[class].mask = grow(NULL, 1, bytes);
    memcpy(f->classes[class].mask, mask, bytes);
    f->counted[class] = (struct ideal_class){f->classes[class].mask, weight, 0};
    return class;
}

static uint64_t hash_of_counts(const struct fluid *f)
{
    uint64_t hash = HASH_START;

    for (uint32_t i = 0; i < f->class_count; i++)
        hash = hash_word(hash, f->classes[i].count);
    return hash;
}

static bool holds_counts(const struct fluid_line *line, const struct fluid *f)
{
    if (line->class_count != f->class_count)
        return false;
    for (uint32_t i = 0; i < f->class_count; i++)
        if (line->counts[i] != f->classes[i].count)
            return false;
    return true;
}

static void solve(struct fluid *f, struct fluid_line *line)
{
    line->counts = grow(line->counts, f->class_count, sizeof *line->counts);
    line->shares = grow(line->shares, f->class_count, sizeof *line->shares);
    line->class_count = f->class_count;
    for (uint32_t i = 0; i < f->class_count; i++)
        line->counts[i] = f->counted[i].count = f->classes[i].count;
    bool is_solved = ideal_solve(&f->machine, f->counted, f->class_count, line->shares);

    ASSERT(is_solved);
    f->solve_count++;
}

/* Who has work has changed at f->since: the rates from then on. */
static void refresh(struct fluid *f)
{
    struct fluid_line *line = &f->cache[hash_of_counts(f) % CACHE_LINES];

    f->is_stale = false;
    if (f->class_count == 0)
        return;
    if (!holds_counts(line, f))
        solve(f, line);
    for (uint32_t i = 0; i < f->class_count; i++)
        f->classes[i].rate = line->shares[i];
}

/* ---- Clocks ---------------------------------------------------------------------------------- */

static uint64_t clock_of(const struct fluid *f, const struct fluid_class *c, struct mono at)
{
    uint64_t step_ns = (uint64_t)mono_diff_ns(at, f->since);

    if (step_ns == 0 || c->rate.num == 0)
        return c->clock;
    wide_uint num = ((wide_uint)c->rate.num << FLUID_SHIFT) * step_ns;
    wide_uint den = (wide_uint)c->rate.den * f->machine.unit;

    return c->clock + (uint64_t)(num / den);
}

/* When its clock shows `clock`, or MONO_NEVER. */
static struct mono instant_of(const struct fluid *f, const struct fluid_class *c, uint64_t clock)
{
    if (clock <= c->clock)
        return f->since;
    if (c->rate.num == 0)
        return MONO_NEVER;
    wide_uint num = (wide_uint)c->rate.den * f->machine.unit * (clock - c->clock);
    wide_uint den = (wide_uint)c->rate.num << FLUID_SHIFT;
    wide_uint step_ns = (num + den - 1) / den;

    return step_ns >> 62 != 0 ? MONO_NEVER : mono_add(f->since, (uint64_t)step_ns);
}

/* Rates hold until `at`; then they may change. */
static void rebase(struct fluid *f, struct mono at)
{
    if (at.ns == f->since.ns)
        return;
    if (f->is_stale)
        refresh(f);
    for (uint32_t i = 0; i < f->class_count; i++)
        f->classes[i].clock = clock_of(f, &f->classes[i], at);
    f->since = at;
}

/* ---- Threads --------------------------------------------------------------------------------- */

static bool has_work(const struct fluid_thread *t)
{
    return t->state == FLUID_ALWAYS || t->state == FLUID_BUSY;
}

/* Bring what it was served up to the clock, which shows f->since. */
static void settle(struct fluid *f, struct fluid_thread *t)
{
    struct fluid_class *c = &f->classes[t->class];
    uint64_t step = c->clock - t->joined;

    if (t->state == FLUID_BUSY) {
        step = step < t->work_left ? step : t->work_left;
        t->work_left -= step;
    }
    if (has_work(t))
        t->served += step;
    t->joined = c->clock;
}

/* It enters (or leaves) the counts of its class in `state`, at f->since. */
static void set_state(struct fluid *f, uint32_t thread, enum fluid_state state)
{
    struct fluid_thread *t = &f->threads[thread];
    struct fluid_class *c = &f->classes[t->class];

    c->count -= has_work(t);
    if (t->state == FLUID_BUSY)
        event_set(&c->ends, thread, MONO_NEVER);
    t->state = state;
    t->joined = c->clock;
    c->count += has_work(t);
    f->is_stale = true;
    if (state != FLUID_BUSY)
        return;
    if (c->ends.source_count == 0) {
        bool has_memory = event_queue_init(&c->ends, 0, f->thread_count, 0);

        ASSERT(has_memory);
    }
    event_set(&c->ends, thread, (struct mono){c->clock + t->work_left});
}

void fluid_join(struct fluid *f, uint32_t thread, uint32_t class, bool has_always)
{
    rebase(f, f->now);
    ASSERT(f->threads[thread].state == FLUID_ABSENT);
    f->threads[thread].class = class;
    f->threads[thread].work_left = 0;
    set_state(f, thread, has_always ? FLUID_ALWAYS : FLUID_IDLE);
}

void fluid_leave(struct fluid *f, uint32_t thread)
{
    rebase(f, f->now);
    settle(f, &f->threads[thread]);
    set_state(f, thread, FLUID_ABSENT);
    event_set(&f->arrivals, thread, MONO_NEVER);
}

void fluid_move(struct fluid *f, uint32_t thread, uint32_t class)
{
    struct fluid_thread *t = &f->threads[thread];
    enum fluid_state state = t->state;

    if (t->class == class)
        return;
    rebase(f, f->now);
    settle(f, t);
    set_state(f, thread, FLUID_ABSENT);
    t->class = class;
    set_state(f, thread, state);
}

static void arrive(struct fluid *f, uint32_t thread)
{
    struct fluid_thread *t = &f->threads[thread];

    settle(f, t);
    t->work_left += t->arrival_ns << FLUID_SHIFT;
    t->arrival_ns = 0;
    if (t->work_left > 0)
        set_state(f, thread, FLUID_BUSY);
}

void fluid_work(struct fluid *f, uint32_t thread, struct mono at, uint64_t work_ns)
{
    ASSERT(!mono_before(at, f->now));
    ASSERT(f->threads[thread].state == FLUID_IDLE || f->threads[thread].state == FLUID_BUSY);
    ASSERT(!event_is_set(&f->arrivals, thread));
    f->threads[thread].arrival_ns = work_ns;
    if (mono_before(f->now, at)) {
        event_set(&f->arrivals, thread, at);
        return;
    }
    rebase(f, at);
    arrive(f, thread);
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* The class whose next thread is done first, and when; NULL: nobody will be. */
static struct fluid_class *next_end(const struct fluid *f, struct mono *at)
{
    struct fluid_class *first = NULL;

    *at = MONO_NEVER;
    for (uint32_t i = 0; i < f->class_count; i++) {
        struct fluid_class *c = &f->classes[i];

        if (event_is_empty(&c->ends))
            continue;
        struct mono end = instant_of(f, c, event_next_at(&c->ends).ns);

        if (mono_before(end, *at)) {
            *at = end;
            first = c;
        }
    }
    return first;
}

static void finish(struct fluid *f, struct fluid_class *c)
{
    uint32_t thread = event_next_source(&c->ends);
    struct fluid_thread *t = &f->threads[thread];

    settle(f, t);
    ASSERT(t->work_left == 0);
    set_state(f, thread, FLUID_IDLE);
}

void fluid_advance(struct fluid *f, struct mono now)
{
    ASSERT(!mono_before(now, f->now));
    for (;;) { /* bound: each turn takes an arrival or an end */
        struct mono end;

        if (f->is_stale)
            refresh(f);
        struct fluid_class *c = next_end(f, &end);
        struct mono arrival = event_next_at(&f->arrivals);

        if (mono_before(now, mono_earlier(end, arrival)))
            break;
        rebase(f, mono_earlier(end, arrival));
        f->now = f->since;
        if (c != NULL && !mono_before(arrival, end))
            finish(f, c);
        else
            arrive(f, event_take(&f->arrivals));
    }
    f->now = now;
}

uint64_t fluid_served(const struct fluid *f, uint32_t thread)
{
    const struct fluid_thread *t = &f->threads[thread];

    if (!has_work(t))
        return t->served;
    uint64_t step = clock_of(f, &f->classes[t->class], f->now) - t->joined;

    if (t->state == FLUID_BUSY && step > t->work_left)
        step = t->work_left;
    return t->served + step;
}

void fluid_check(const struct fluid *f)
{
    uint32_t busy_count = 0;

    for (uint32_t i = 0; i < f->thread_count; i++) {
        const struct fluid_thread *t = &f->threads[i];

        if (t->state == FLUID_BUSY)
            ASSERT(event_is_set(&f->classes[t->class].ends, i));
        busy_count += has_work(t);
    }
    for (uint32_t i = 0; i < f->class_count; i++)
        busy_count -= f->classes[i].count;
    ASSERT(busy_count == 0);
}
