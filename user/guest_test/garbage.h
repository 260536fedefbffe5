/* SPDX-License-Identifier: MIT */
/*
 * garbage.h - entries that are wrong in ways that look right: each operation and method with
 * arguments of the right kind, most of them as they should be, some with a bit flipped or a word
 * exchanged, some nothing but noise.
 *
 * What a child of this sort must not do without its sense being lost is rare, or never in a test
 * that is alone: ending itself, starting threads at no code, releasing what it was given.  It has
 * neither CONSOLE nor POWER.
 */
#ifndef USER_GUEST_TEST_GARBAGE_H
#define USER_GUEST_TEST_GARBAGE_H

#include "abi/cap.h"
#include "abi/ring.h"
#include "base/cpumask.h"
#include "base/prng.h"
#include "base/types.h"

#define GARBAGE_RESULT_MAX (2 * RECEIVED_GIFT - 1) /* what was received */
#define GARBAGE_WORDS 16u
#define GARBAGE_HANDLES 8u /* of each sort */
#define GARBAGE_OUT_WORDS 64u
#define GARBAGE_PAGES 8u /* objects are mapped there, at RT_FREE_BASE + GARBAGE_MAP_OFFSET */
#define GARBAGE_MAP_OFFSET (UINT64_C(1) << 20)

/* What a handle may be for, by what answered it. */
enum garbage_sort {
    GARBAGE_ANY,
    GARBAGE_MEMORY,
    GARBAGE_GRANT,
    GARBAGE_PROCESS,
    GARBAGE_SESSION,
    GARBAGE_ENDPOINT,
    GARBAGE_CLIENT,
    GARBAGE_SORTS
};

/* What the arguments point to.  Others may write here at any time. */
struct garbage_arena {
    struct cap_process_params process;
    struct cap_thread_params thread;
    struct cpumask mask;
    uint32_t words[GARBAGE_WORDS];   /* parked on */
    uint64_t out[GARBAGE_OUT_WORDS]; /* what the kernel fills */
    uint32_t handles[GARBAGE_SORTS][GARBAGE_HANDLES];
};

struct garbage {
    struct prng random;
    struct garbage_arena *arena;
    bool is_alone; /* the only thread: nothing that waits for ever, ends it, or takes its tools */
};

/* Arguments as they should be; `process` is what a process of the program's may be like. */
void garbage_arena_fill(struct garbage_arena *arena, const struct cap_process_params *process);

/* The next entry. */
struct ring_sqe garbage_entry(struct garbage *g);

/* Anything at all, but often near something. */
uint64_t garbage_word(struct garbage *g);

/* Is it in the table of statuses, or a result that the operation is documented to have? */
bool garbage_is_documented(const struct ring_sqe *entry, int64_t status);
bool garbage_is_status(int64_t status);

/* What it answered may be a handle: use it in later entries. */
void garbage_remember(struct garbage *g, const struct ring_sqe *entry, int64_t status);

/* Where threads begin: they end at once. */
void garbage_land(void);

#endif /* USER_GUEST_TEST_GARBAGE_H */
