/* SPDX-License-Identifier: MIT */
/*
 * state_set.h - the states met so far, each as a 128-bit hash.
 *
 * Two independent 64-bit hashes of the same words: among 2^24 states the chance that two different
 * ones share both is below 2^-80.  Open addressing, at most half full; nothing is ever
 * removed; 32 to 64 bytes a state.
 */
#ifndef TESTS_EXPLORER_STATE_SET_H
#define TESTS_EXPLORER_STATE_SET_H

#include "base/types.h"

#define STATE_LANES 4u

struct state_hash {
    uint64_t lanes[STATE_LANES]; /* even words in lanes 0 and 1, odd words in 2 and 3 */
};

struct state_hash state_hash_start(void);

/* Mix in `bytes` bytes, a multiple of 8, 8-aligned. */
void state_hash_add(struct state_hash *hash, const void *data, size_t bytes);

/* An empty set of at most `state_count_max` states (a power of two). */
void state_set_init(uint64_t state_count_max);
void state_set_fini(void);

/* Add a state.  Returns: false when it was there already. */
bool state_set_add(const struct state_hash *hash);
bool state_set_is_full(void);
uint64_t state_set_count(void);

#endif /* TESTS_EXPLORER_STATE_SET_H */
