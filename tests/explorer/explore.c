/* SPDX-License-Identifier: MIT */
#include "tests/explorer/explore.h"

#include "base/assert.h"
#include "tests/explorer/cpu.h"
#include "tests/explorer/state_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Snapshots lie one after another; only what a search touches becomes memory. */
#define SNAPSHOT_BYTES_MAX (UINT64_C(256) << 20)

struct frame {
    uint64_t todo;   /* actions not yet taken here */
    size_t snapshot; /* where its state lies */
    bool is_entered; /* some action was taken: the state must be restored before the next */
};

static struct frame frames[EXPLORE_DEPTH_MAX];
static unsigned char *snapshots;
static size_t snapshot_end;

static bool has_failed;
static char failure[160];
static jmp_buf outside;

/* ---- Violations ---- */

void explore_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(failure, sizeof(failure), format, arguments);
    va_end(arguments);
    has_failed = true;
    explore_note("VIOLATION: %s", failure);
    if (explore_cpu() != NO_CPU)
        cpu_abandon();
    longjmp(outside, 1);
}

/* The core's and the engine's own assertions are violations too. */
void assert_fail(const char *condition, const char *file, int line)
{
    explore_fail("%s:%d: assertion failed: %s", file, line, condition);
}

/* ---- States ---- */

/* The live bytes of a CPU's stack: none between two events. */
static unsigned char *stack_of(uint32_t cpu, size_t *bytes)
{
    *bytes = 0;
    return cpu_is_between_events(cpu) ? NULL : coroutine_live(cpu, bytes);
}

static void copy_out(const void *from, size_t bytes)
{
    memcpy(snapshots + snapshot_end, from, bytes);
    snapshot_end += bytes;
}

static void state_save(const struct explore_model *model)
{
    copy_out(model->state, model->state_bytes);
    copy_out(cpus, model->cpu_count * sizeof(cpus[0]));
    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++) {
        size_t bytes;
        const unsigned char *live = stack_of(cpu, &bytes);

        copy_out(&bytes, sizeof(bytes));
        if (bytes != 0)
            copy_out(live, bytes);
    }
}

static void state_restore(const struct explore_model *model, size_t snapshot)
{
    const unsigned char *at = snapshots + snapshot;

    memcpy(model->state, at, model->state_bytes);
    at += model->state_bytes;
    memcpy(cpus, at, model->cpu_count * sizeof(cpus[0]));
    at += model->cpu_count * sizeof(cpus[0]);
    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++) {
        size_t bytes;

        memcpy(&bytes, at, sizeof(bytes));
        at += sizeof(bytes);
        if (bytes != 0)
            memcpy(coroutine_revive(cpu, bytes), at, bytes);
        at += bytes;
    }
}

static bool state_is_new(const struct explore_model *model)
{
    struct state_hash hash = state_hash_start();

    state_hash_add(&hash, model->state, model->hashed_bytes);
    state_hash_add(&hash, cpus, model->cpu_count * sizeof(cpus[0]));
    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++) {
        size_t bytes;
        const unsigned char *live = stack_of(cpu, &bytes);

        state_hash_add(&hash, &bytes, sizeof(bytes));
        state_hash_add(&hash, live, bytes);
    }
    return state_set_add(&hash);
}

static uint64_t all_actions(const struct explore_model *model)
{
    uint64_t actions = 0;

    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++)
        actions |= (uint64_t)cpu_actions(model, cpu) << (cpu * ACTIONS_PER_CPU);
    return actions;
}

/* ---- Steps; each says whether a violation came up ---- */

static bool begin(const struct explore_model *model)
{
    has_failed = false;
    memset(model->state, 0, model->state_bytes);
    cpu_init_all(model);
    if (setjmp(outside) == 0)
        model->setup(model->context);
    return !has_failed;
}

static bool act(const struct explore_model *model, uint32_t action)
{
    cpu_act(model, action / ACTIONS_PER_CPU, action % ACTIONS_PER_CPU);
    return !has_failed;
}

/* Nobody can move: everybody must be between two events, and the model must be content. */
static bool end(const struct explore_model *model)
{
    if (setjmp(outside) != 0)
        return false;
    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++) {
        char text[128];

        if (cpu_is_between_events(cpu))
            continue;
        cpu_describe(model, cpu, text, sizeof(text));
        explore_fail("deadlock: %s", text);
    }
    model->check_end(model->context);
    return true;
}

/* ---- The search ---- */

/* Can nothing happen but what may be late? */
static bool is_end(const struct explore_model *model, uint64_t actions)
{
    for (uint32_t cpu = 0; cpu < model->cpu_count; cpu++) {
        uint64_t late = cpu_is_between_events(cpu) ? model->late_alternatives : 0;

        actions &= ~(late << (cpu * ACTIONS_PER_CPU));
    }
    return actions == 0;
}

/* A new state lies before us at `depth`.  False: a violation, which is only possible at an end. */
static bool push(const struct explore_model *model, struct explore_result *result, uint32_t depth)
{
    struct frame *frame = &frames[depth];

    frame->todo = all_actions(model);
    frame->snapshot = snapshot_end;
    frame->is_entered = false;
    if ((frame->todo & (frame->todo - 1)) != 0) /* with one action nobody comes back */
        state_save(model);
    if (depth > result->depth_max)
        result->depth_max = depth;
    if (!is_end(model, frame->todo))
        return true;
    result->end_count++;
    return end(model);
}

static bool has_room(const struct explore_model *model, uint32_t depth)
{
    size_t snapshot_bytes = model->state_bytes + sizeof(cpus) +
                            model->cpu_count * (COROUTINE_STACK_BYTES + sizeof(size_t));

    return depth + 1 < EXPLORE_DEPTH_MAX && !state_set_is_full() &&
           snapshot_end + snapshot_bytes <= SNAPSHOT_BYTES_MAX;
}

static enum explore_verdict search(const struct explore_model *model, struct explore_result *result)
{
    uint32_t depth = 0;

    if (!begin(model) || !push(model, result, depth))
        return EXPLORE_VIOLATED;
    for (
        ;
        ;) { /* bound: each turn takes an action of a new state or leaves one; states are bounded */
        struct frame *frame = &frames[depth];

        if (frame->todo == 0) {
            snapshot_end = frame->snapshot;
            if (depth-- == 0)
                return EXPLORE_HOLDS;
            continue;
        }
        uint32_t action = (uint32_t)__builtin_ctzll(frame->todo);

        frame->todo &= frame->todo - 1;
        if (frame->is_entered)
            state_restore(model, frame->snapshot);
        frame->is_entered = true;
        result->path[depth] = (uint8_t)action;
        result->path_length = depth + 1;
        result->transition_count++;
        if (!act(model, action))
            return EXPLORE_VIOLATED;
        if (!has_room(model, depth))
            return EXPLORE_BOUNDED;
        if (!state_is_new(model))
            continue;
        if (!push(model, result, ++depth))
            return EXPLORE_VIOLATED;
    }
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void explore_run(const struct explore_model *model, struct explore_result *result)
{
    uint64_t start_ns = clock_ns();

    memset(result, 0, sizeof(*result));
    failure[0] = '\0';
    snapshots = mmap(NULL, SNAPSHOT_BYTES_MAX, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(snapshots != MAP_FAILED);
    snapshot_end = 0;
    state_set_init(EXPLORE_STATES_MAX);
    result->verdict = search(model, result);
    result->state_count = state_set_count() + 1; /* the first is never looked up */
    state_set_fini();
    munmap(snapshots, SNAPSHOT_BYTES_MAX);
    snprintf(result->message, sizeof(result->message), "%s", failure);
    result->elapsed_ns = clock_ns() - start_ns;
}

void explore_replay(const struct explore_model *model, struct explore_result *result, FILE *out)
{
    cpu_notes = out;

    bool holds = begin(model);

    for (uint32_t i = 0; holds && i < result->path_length; i++) {
        uint32_t action = result->path[i];

        if ((all_actions(model) & (UINT64_C(1) << action)) == 0) {
            explore_note("choice %u (%u) is not possible here", i, action);
            break;
        }
        holds = act(model, action);
    }
    if (holds && is_end(model, all_actions(model)))
        holds = end(model);
    result->verdict = holds ? EXPLORE_HOLDS : EXPLORE_VIOLATED;
    snprintf(result->message, sizeof(result->message), "%s", has_failed ? failure : "");
    cpu_notes = NULL;
}
