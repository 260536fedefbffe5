/* SPDX-License-Identifier: MIT */
/*
 * access.h - what code under exploration may do: shared memory, locks, complaining.
 *
 * Each of these may be preceded by any steps of the other CPUs.  Outside a coroutine (set-up, final
 * check) they take effect at once.
 */
#ifndef TESTS_EXPLORER_ACCESS_H
#define TESTS_EXPLORER_ACCESS_H

#include "tests/explorer/tso.h"

#define NO_CPU UINT32_MAX

/* The CPU whose coroutine runs, or NO_CPU. */
uint32_t explore_cpu(void);

/* A violation, here and now; does not return. */
NORETURN void explore_fail(const char *format, ...) PRINTF_LIKE(1, 2);

/* A line of a replay; nothing during a search. */
void explore_note(const char *format, ...) PRINTF_LIKE(1, 2);

enum cpu_update { UPDATE_SWAP, UPDATE_OR, UPDATE_AND };

/* What this CPU sees there now, its own stores included; no choice.  For words that nobody else
 * changes now, or that are hints. */
uint64_t cpu_peek(const void *address, enum tso_width width);

uint64_t cpu_load(const void *address, enum tso_width width);
void cpu_store(void *address, uint64_t value, enum tso_width width);
bool cpu_compare_swap(void *address, uint64_t *expected, uint64_t desired, enum tso_width width);

/* Read, change, write as one; returns what was there. */
uint64_t cpu_update(void *address, uint64_t value, enum cpu_update update, enum tso_width width);
void cpu_fence(void);

/* A 32-bit lock word, 1 when held; cpu_lock goes on only when nobody holds it. */
void cpu_lock(uint32_t *word);

/* Before an effect that others see at once and that does not wait for the store buffer: an
 * interrupt sent.  `what` is for replays. */
void cpu_pause(const char *what);

#endif /* TESTS_EXPLORER_ACCESS_H */
