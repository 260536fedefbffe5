/* SPDX-License-Identifier: MIT */
#include "tests/explorer/cpu.h"

#include "base/assert.h"

#include <stdarg.h>
#include <string.h>

struct cpu cpus[COROUTINE_COUNT_MAX];
FILE *cpu_notes;

static const struct explore_model *running_model;
static uint32_t running = NO_CPU;

static const char *const point_names[POINT_COUNT] = {
    "rest", "load", "store", "locked", "fence", "lock", "pause", "its end",
};

uint32_t explore_cpu(void)
{
    return running;
}

static bool is_direct(void)
{
    return running == NO_CPU;
}

/* Let the others move; comes back when the search chose this CPU at this point. */
static void pause_at(enum point point, const void *address)
{
    struct cpu *self = &cpus[running];

    self->point = point;
    self->address = address;
    coroutine_pause(running);
}

void cpu_abandon(void)
{
    for (;;)
        pause_at(POINT_ABANDONED, NULL);
}

static void body_entry(void)
{
    running_model->body(running_model->context, running, cpus[running].alternative);
    cpus[running].alternative = 0; /* equal states are equal bytes */
    pause_at(POINT_BETWEEN, NULL);
    UNREACHABLE();
}

void cpu_init_all(const struct explore_model *model)
{
    ASSERT(model->cpu_count <= COROUTINE_COUNT_MAX);
    memset(cpus, 0, sizeof(cpus));
}

/* ---- What the search asks ---- */

uint32_t cpu_actions(const struct explore_model *model, uint32_t cpu)
{
    const struct cpu *self = &cpus[cpu];
    bool is_empty = self->buffer.count == 0;
    uint32_t flush = is_empty ? 0 : 1u << ACTION_FLUSH;

    switch ((enum point)self->point) {
    case POINT_BETWEEN:
        return flush | model->alternatives(model->context, cpu);
    case POINT_LOAD:
    case POINT_PAUSE:
        return flush | 1u;
    case POINT_STORE:
        return flush | (self->buffer.count < STORES_MAX ? 1u : 0);
    case POINT_LOCKED:
    case POINT_FENCE:
        return is_empty ? 1u : flush;
    case POINT_LOCK:
        return is_empty ? (tso_memory_read(self->address, TSO_32) == 0 ? 1u : 0) : flush;
    case POINT_ABANDONED:
    case POINT_COUNT:
        break;
    }
    return flush;
}

void cpu_act(const struct explore_model *model, uint32_t cpu, uint32_t action)
{
    running_model = model;
    running = cpu;
    if (action == ACTION_FLUSH) {
        char text[64];
        struct tso_store store = tso_flush(&cpus[cpu].buffer);

        if (cpu_notes != NULL) {
            model->name_address(store.address, text, sizeof(text));
            explore_note("%s = %#llx reaches memory", text, (unsigned long long)store.value);
        }
    } else {
        if (cpu_is_between_events(cpu)) {
            coroutine_init(cpu, body_entry);
            cpus[cpu].alternative = action;
            explore_note("%s", model->name_alternative(action));
        }
        coroutine_resume(cpu);
    }
    running = NO_CPU;
}

bool cpu_is_between_events(uint32_t cpu)
{
    return cpus[cpu].point == POINT_BETWEEN;
}

void cpu_describe(const struct explore_model *model, uint32_t cpu, char *text, size_t text_bytes)
{
    char name[64] = "";

    if (cpus[cpu].address != NULL)
        model->name_address(cpus[cpu].address, name, sizeof(name));
    snprintf(text, text_bytes, "CPU %u at %s %s", cpu, point_names[cpus[cpu].point], name);
}

/* ---- Notes ---- */

void explore_note(const char *format, ...)
{
    va_list arguments;

    if (cpu_notes == NULL)
        return;
    if (is_direct())
        fprintf(cpu_notes, "         ");
    else
        fprintf(cpu_notes, "  cpu%u   ", running);
    va_start(arguments, format);
    vfprintf(cpu_notes, format, arguments);
    va_end(arguments);
    fputc('\n', cpu_notes);
}

static void note_access(const char *what, const void *address, uint64_t value, const char *how)
{
    char text[64];

    if (cpu_notes == NULL || is_direct())
        return;
    running_model->name_address(address, text, sizeof(text));
    explore_note("%s %s %s %#llx", what, text, how, (unsigned long long)value);
}

/* ---- Accesses ---- */

uint64_t cpu_peek(const void *address, enum tso_width width)
{
    return is_direct() ? tso_memory_read(address, width)
                       : tso_load(&cpus[running].buffer, address, width);
}

uint64_t cpu_load(const void *address, enum tso_width width)
{
    if (is_direct())
        return tso_memory_read(address, width);
    pause_at(POINT_LOAD, address);

    uint64_t value = tso_load(&cpus[running].buffer, address, width);

    note_access("load", address, value, "->");
    return value;
}

void cpu_store(void *address, uint64_t value, enum tso_width width)
{
    if (is_direct()) {
        tso_memory_write(address, value, width);
        return;
    }
    if (cpus[running].buffer.count == STORES_MAX)
        pause_at(POINT_STORE, address);
    tso_store(&cpus[running].buffer, address, value, width);
    note_access("store", address, value, "=");
}

static void pause_locked(const void *address)
{
    if (is_direct())
        return;
    pause_at(POINT_LOCKED, address);
    ASSERT(cpus[running].buffer.count == 0);
}

bool cpu_compare_swap(void *address, uint64_t *expected, uint64_t desired, enum tso_width width)
{
    pause_locked(address);

    uint64_t found = tso_memory_read(address, width);
    bool is_equal = found == *expected;

    note_access(is_equal ? "swap" : "swap fails", address, is_equal ? desired : found, "->");
    if (is_equal)
        tso_memory_write(address, desired, width);
    else
        *expected = found;
    return is_equal;
}

uint64_t cpu_update(void *address, uint64_t value, enum cpu_update update, enum tso_width width)
{
    pause_locked(address);

    uint64_t old = tso_memory_read(address, width);
    uint64_t new_value = value;

    if (update == UPDATE_OR)
        new_value = old | value;
    else if (update == UPDATE_AND)
        new_value = old & value;
    tso_memory_write(address, new_value, width);
    note_access("update", address, new_value, "->");
    return old;
}

void cpu_fence(void)
{
    if (is_direct())
        return;
    if (cpus[running].buffer.count != 0)
        pause_at(POINT_FENCE, NULL);
    ASSERT(cpus[running].buffer.count == 0);
    explore_note("fence");
}

void cpu_lock(uint32_t *word)
{
    if (!is_direct()) {
        pause_at(POINT_LOCK, word);
        ASSERT(cpus[running].buffer.count == 0);
        note_access("lock", word, 1, "->");
    }
    if (*word != 0)
        explore_fail("a lock is taken that is held");
    *word = 1;
}

void cpu_pause(const char *what)
{
    if (is_direct())
        return;
    pause_at(POINT_PAUSE, NULL);
    explore_note("%s", what);
}
