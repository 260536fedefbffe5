/* SPDX-License-Identifier: MIT */
/*
 * explore.h - run a small concurrent model through every interleaving.
 *
 * A model is one block of plain memory and what each CPU does: one event after another, each a call
 * of `body` that runs as a coroutine on a fresh stack.  Whatever it shares with other CPUs it
 * reaches through tests/explorer/access.h; each such access may be preceded by any steps of the
 * others, and each CPU's stores reach memory late (tests/explorer/tso.h).  The search is depth
 * first; a state (block, store buffers, live stacks) met before, by a 128-bit hash, is not entered
 * again.
 *
 * Fewer interleavings, same behaviours: a store that finds room in the buffer and a fence that
 * finds it empty are invisible to other CPUs and commute with all they do, so they are no choice.
 *
 * What it cannot see: plain accesses (they take effect at once, so a data race that a lock should
 * have prevented is not reordered), and anything beyond the scenario's scripts.
 */
#ifndef TESTS_EXPLORER_EXPLORE_H
#define TESTS_EXPLORER_EXPLORE_H

#include "tests/explorer/access.h"
#include "tests/explorer/coroutine.h"

#include <stdio.h>

#define EXPLORE_DEPTH_MAX 20000u
#define EXPLORE_STATES_MAX (UINT64_C(1) << 24)
#define ALTERNATIVES_MAX 7u /* events one CPU can choose from */

struct explore_model {
    uint32_t cpu_count;
    void *state; /* the block; multiple of 8 bytes, 8-aligned */
    size_t state_bytes;
    size_t hashed_bytes; /* of them; what is behind is copied, but tells no states apart */
    const void *context; /* for the functions below */
    /* Fill the zeroed block.  Accesses take effect at once. */
    void (*setup)(const void *context);
    /* Bits of the events that may begin now on `cpu`, which is in none; 0: it can only wait. */
    uint32_t (*alternatives)(const void *context, uint32_t cpu);
    /* What `cpu` does in one of them. */
    void (*body)(const void *context, uint32_t cpu, uint32_t alternative);
    /* Those of them that may be long in coming: where nothing else can happen is an end too. */
    uint32_t late_alternatives;
    /* Called at an end: nobody can move and every CPU is between two events. */
    void (*check_end)(const void *context);
    /* A word for a shared address or for an alternative; for replays. */
    void (*name_address)(const void *address, char *text, size_t text_bytes);
    const char *(*name_alternative)(uint32_t alternative);
};

enum explore_verdict {
    EXPLORE_HOLDS = 0, /* every interleaving, and nothing was violated */
    EXPLORE_VIOLATED,
    EXPLORE_BOUNDED /* a limit above was reached first */
};

struct explore_result {
    enum explore_verdict verdict;
    uint64_t state_count;
    uint64_t transition_count;
    uint64_t end_count; /* distinct ends, see check_end */
    uint32_t depth_max;
    uint32_t path_length; /* of the violation */
    uint64_t elapsed_ns;
    char message[160];
    uint8_t path[EXPLORE_DEPTH_MAX]; /* choices: CPU * 8 + alternative, or + 7 for a flush */
};

/* Explore everything.  Not reentrant. */
void explore_run(const struct explore_model *model, struct explore_result *result);

/* Take the choices of `result->path` once more and write each access and event to `out`. */
void explore_replay(const struct explore_model *model, struct explore_result *result, FILE *out);

#endif /* TESTS_EXPLORER_EXPLORE_H */
