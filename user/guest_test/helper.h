/* SPDX-License-Identifier: MIT */
/*
 * helper.h - what guest tests share.  Each program shows one behaviour and prints TAP.
 *
 * tests/guest boots each program on 1, 2 and 4 CPUs, in QEMU's deterministic machine and in the
 * concurrent one, where any CPU may stand still at any point for any time.  There the arguments say
 * "concurrent", and what depends on time is not judged.
 */
#ifndef USER_GUEST_TEST_HELPER_H
#define USER_GUEST_TEST_HELPER_H

#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/tap.h"

/* Call first in rt_main. */
void helper_begin(uint64_t arguments_bytes, uint32_t planned);

bool helper_is_concurrent(void);

/* Exactly one CPU; all that are online. */
struct cpumask helper_only(uint32_t cpu);
struct cpumask helper_all(void);

/* Defaults, and defaults with one CPU. */
struct cap_thread_params helper_params(void);
struct cap_thread_params helper_on(uint32_t cpu);

/* Spawn and join where a refusal is not what is tested: it ends the program. */
struct rt_thread_ref helper_spawn(int64_t (*run)(void *argument), void *argument,
                                  const struct cap_thread_params *params);
int64_t helper_join(const struct rt_thread_ref *ref);

/* Limit the calling thread to one CPU, or to none. */
void helper_move_to(uint32_t cpu);
void helper_move_anywhere(void);

void helper_sleep(uint64_t ns);

/* Unpark until `count` threads in all have been woken from `word`, however late they park. */
void helper_unpark_all(uint32_t *word, uint32_t count);

/* Wait, looking now and then, until *word is at least `count`. */
void helper_wait_for(const uint32_t *word, uint32_t count);

#endif /* USER_GUEST_TEST_HELPER_H */
