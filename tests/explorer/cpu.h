/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - the modelled CPUs as the search sees them: where each one paused and what it can do next.
 */
#ifndef TESTS_EXPLORER_CPU_H
#define TESTS_EXPLORER_CPU_H

#include "tests/explorer/explore.h"

enum point {
    POINT_BETWEEN = 0, /* in no event; it has no stack */
    POINT_LOAD,
    POINT_STORE,  /* the buffer is full */
    POINT_LOCKED, /* a locked instruction: needs an empty buffer */
    POINT_FENCE,  /* the buffer is not empty */
    POINT_LOCK,   /* needs an empty buffer and a free lock */
    POINT_PAUSE,
    POINT_ABANDONED,
    POINT_COUNT
};

struct cpu {
    const void *address;  /* of what it is about to access */
    uint32_t point;       /* enum point */
    uint32_t alternative; /* of the event it is in */
    struct tso_buffer buffer;
};

/* All CPUs; part of a state. */
extern struct cpu cpus[COROUTINE_COUNT_MAX];

#define ACTIONS_PER_CPU 8u
#define ACTION_FLUSH 7u
_Static_assert(ALTERNATIVES_MAX <= ACTION_FLUSH, "an alternative is never taken for a flush");
_Static_assert(COROUTINE_COUNT_MAX *ACTIONS_PER_CPU <= 64, "all actions fit one word");

/* Every CPU between events with an empty buffer. */
void cpu_init_all(const struct explore_model *model);

/* What CPU `cpu` can do now: bits 0..6 steps, bit 7 flushing its oldest store. */
uint32_t cpu_actions(const struct explore_model *model, uint32_t cpu);

/* Do one of them. */
void cpu_act(const struct explore_model *model, uint32_t cpu, uint32_t action);

bool cpu_is_between_events(uint32_t cpu);

/* "load rq0.published", for messages. */
void cpu_describe(const struct explore_model *model, uint32_t cpu, char *text, size_t text_bytes);

/* Leave the running coroutine for good. */
NORETURN void cpu_abandon(void);

/* Where explore_note writes, or NULL. */
extern FILE *cpu_notes;

#endif /* TESTS_EXPLORER_CPU_H */
