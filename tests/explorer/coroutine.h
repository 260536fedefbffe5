/* SPDX-License-Identifier: MIT */
/*
 * coroutine.h - one small stack per modelled CPU, always at the same address.
 *
 * Pointers into a stack are part of a state, so a stack may not move: a snapshot is a copy of the
 * live bytes, taken back to where they were.  Coroutines use no floating point; the switch saves
 * what the System V ABI makes the callee save and nothing else.
 */
#ifndef TESTS_EXPLORER_COROUTINE_H
#define TESTS_EXPLORER_COROUTINE_H

#include "base/types.h"

#define COROUTINE_COUNT_MAX 4u
#define COROUTINE_STACK_BYTES 16384u

#define COROUTINE_CLEARED_BYTES 2048u

/* Make coroutine `index` start in `entry`, which must never return, at its next resume. */
void coroutine_init(uint32_t index, void (*entry)(void));

/*
 * Run coroutine `index` until it pauses.  From outside all coroutines only.  The stack below its
 * live bytes is cleared first (COROUTINE_CLEARED_BYTES), so that what it does, padding and all,
 * follows from its live bytes and not from what ran there before.
 */
void coroutine_resume(uint32_t index);

/* Back to whoever resumed coroutine `index`, which is the caller. */
void coroutine_pause(uint32_t index);

/* The live bytes of a paused coroutine: from its stack pointer to the end of its stack. */
unsigned char *coroutine_live(uint32_t index, size_t *bytes);

/* Make `bytes` bytes live again; returns where they must be copied to. */
unsigned char *coroutine_revive(uint32_t index, size_t bytes);

#endif /* TESTS_EXPLORER_COROUTINE_H */
