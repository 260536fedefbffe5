/* SPDX-License-Identifier: MIT */
/*
 * helper.h - what guest tests share.  Each program shows one behaviour and prints TAP.
 *
 * tests/guest boots each program on 1, 2 and 4 CPUs, in QEMU's deterministic machine and in the
 * concurrent one, where any CPU may stand still at any point for any time.  There the arguments say
 * "concurrent", and what depends on time is not judged.
 *
 * A program is a process that holds every capability; it is the boot archive's program number
 * HELPER_PROGRAM.  Children are processes of the same program with a role.
 */
#ifndef USER_GUEST_TEST_HELPER_H
#define USER_GUEST_TEST_HELPER_H

#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/endpoint.h"
#include "user/rt/process.h"
#include "user/rt/table.h"
#include "user/rt/tap.h"

/* Call first in rt_main, but not in a child.  If the arguments say "suite", suite.c runs this
 * program as a test of its own: what it says is indented. */
void helper_begin(uint32_t planned);

/* The same for suite.c itself, which plans later. */
void helper_begin_suite(void);

bool helper_is_concurrent(void);

/* The numbers of the word NAME=N,N... of the arguments; numbers[] keeps what it has where there are
 * fewer than `count`, or no such word. */
void helper_numbers(const char *name, uint64_t *numbers, uint32_t count);

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

/* What the thread has used so far; it must be there. */
uint64_t helper_used_ns(const struct rt_thread_ref *ref);

/* Is the share, in thousandths, what was expected, but for a slice at each end of a look?  Not
 * judged in a concurrent machine.  A note says what it is instead. */
bool helper_is_near(uint64_t share, uint64_t expected);

/* Wait for what never comes. */
NORETURN void helper_hang(void);

/* The handle that a call gave, and letting go of one; a refusal ends the program. */
uint32_t helper_must(int64_t handle);
void helper_release(uint32_t handle);

/* ---- Endpoints ---- */

/* What it counts; a refusal ends the program. */
struct cap_endpoint_stat helper_endpoint_stat(uint32_t endpoint);

/* Wait, looking now and then, until at least so many wait in its line. */
void helper_wait_for_line(uint32_t endpoint, uint64_t count);

/* ---- Children ---- */

#define HELPER_PROGRAM 1u
#define HELPER_ROLE_BITS 8u

/* What a child does with its parent's word; the result is its exit status. */
typedef int64_t helper_role(uint64_t word);

/* In a child (its argument is not 0): play the role; role 0 is roles[0]. */
int64_t helper_child(uint64_t argument, helper_role *const *roles, uint32_t count);

/* A child with limits for a few threads, and these in their slots: CONSOLE, THREADS, MACHINE,
 * POLICY, LEDGER, TABLE, CPUS.  `word` has 56 bits. */
struct cap_process_params helper_child_params(uint32_t role, uint64_t word);

/* No gift in this slot. */
void helper_withhold(struct cap_process_params *params, uint32_t slot);

/* Start it; a refusal ends the program.  Returns its handle. */
uint32_t helper_start(const struct cap_process_params *params);

/* Wait for its end and let go of it.  Returns: its exit status; another end than EXITED ends the
 * program. */
int64_t helper_finish(uint32_t child);

/* The same for any end: enum process_end. */
int64_t helper_end_of(uint32_t child);

/* ---- What the process and the machine hold ---- */

struct helper_holdings {
    struct ledger_account account;
    struct cap_machine_stat stat;
};

/* Make what the runtime and the kernel make once and keep: the stacks of `count` threads. */
void helper_warm(uint32_t count);

/* Read now; and are two readings the same? */
struct helper_holdings helper_read(void);
bool helper_is_same(const struct helper_holdings *a, const struct helper_holdings *b);

/* Read once the machine is quiet: what CPUs are about to give back, and who was about to wait. */
struct helper_holdings helper_holdings(void);

/* Is it all as it was then, once every CPU has given back what it was about to?  Notes say what is
 * not. */
bool helper_is_as_before(const struct helper_holdings *before);

#endif /* USER_GUEST_TEST_HELPER_H */
