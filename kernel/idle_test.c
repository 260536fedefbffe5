/* SPDX-License-Identifier: MIT */
#include "kernel/idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/poll.h"
#include "kernel/clock.h"
#include "kernel/sched_glue.h"

#define US NS_PER_US
#define TURN_NS 100u /* between two looks */

/* As much of a machine of two CPUs as polling looks at; CPU 0 is this one. */
static struct {
    struct sched sched;
    struct rq rqs[2];
} arena ALIGNED(64);

static struct cpu this_cpu;
static struct mono now;
static uint32_t turn_count;  /* of polling */
static uint32_t reason_turn; /* in this turn another CPU sets a reason; 0: never */
static uint32_t taken_turn;  /* in this turn an interrupt comes; 0: never */
static jmp_buf left;         /* where idle_wait goes when it does not return */

enum left { HALTED = 1, INTERRUPTED = 2 };

struct sched *glue_sched(void)
{
    return &arena.sched;
}

struct mono clock_now(void)
{
    return now;
}

void arch_pause(void)
{
    turn_count++;
    now = mono_add(now, TURN_NS);
    if (turn_count == reason_turn)
        assert_int_not_equal(port_or32(&arena.rqs[0].kick_pending, KICK_INBOX), 0);
}

void arch_take_interrupts(void)
{
    if (turn_count == taken_turn)
        longjmp(left, INTERRUPTED);
}

void arch_idle(void)
{
    assert_int_equal(port_load32(&arena.rqs[0].kick_pending) & KICK_POLLING, 0);
    longjmp(left, HALTED);
}

static void start(uint32_t cpu_count)
{
    arena.sched.cpu_count = cpu_count;
    arena.sched.rq_offset = offsetof(__typeof__(arena), rqs);
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        arena.rqs[cpu] = (struct rq){.current = SLOT_NONE};
        arena.rqs[cpu].own_offset = offsetof(__typeof__(arena), rqs[cpu]);
    }
    this_cpu = (struct cpu){.rq = &arena.rqs[0]};
    reason_turn = 0;
    taken_turn = 0;
    idle_init(&this_cpu);
}

/* Wait once.  Returns: how that ended; 0: something came without an interrupt. */
static int wait_once(void)
{
    turn_count = 0;
    int how = setjmp(left);

    if (how == 0)
        idle_wait(&this_cpu);
    return how;
}

/* An interrupt ends the wait `idle_ns` after its beginning, another CPU's kick or not. */
static void interrupt(uint64_t idle_ns, bool is_kick)
{
    now = mono_add(now, idle_ns);
    this_cpu.entered_at = now;
    if (is_kick)
        (void)port_or32(&arena.rqs[0].kick_pending, KICK_INBOX);
    idle_interrupted(&this_cpu);
    if (is_kick)
        port_store32(&arena.rqs[0].kick_pending, 0); /* as sched_kicked does */
}

/* So many times another CPU wakes this one soon. */
static void wake_soon(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(wait_once(), HALTED);
        interrupt(5 * US, true);
    }
}

/* And from then on each time it polls. */
static void wake_often(void)
{
    wake_soon(16);
    reason_turn = 10;
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(wait_once(), 0);
    reason_turn = 0;
}

/* Goal: a CPU that nobody has woken soon halts at once; so does one that only its timer wakes. */
static void test_idle_halts_at_once_when_nothing_comes(void **state)
{
    (void)state;
    start(2);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(wait_once(), HALTED);
        assert_int_equal(turn_count, 0);
        interrupt(5 * US, false);
    }
}

/* Goal: once wakes come soon the CPU polls, and what comes then needs no interrupt.  Method:
 * 16 wakes of a halted CPU, then a reason in the 10th turn. */
static void test_idle_polls_when_wakes_come_soon(void **state)
{
    (void)state;
    start(2);
    wake_soon(16);
    reason_turn = 10;
    assert_int_equal(wait_once(), 0);
    assert_int_equal(turn_count, 10);
    assert_int_equal(arena.rqs[0].stat.poll_count, 1);
    assert_int_equal(port_load32(&arena.rqs[0].kick_pending), 0);
    interrupt(0, false); /* a later one finds no wait to end */
    assert_int_equal(wait_once(), 0);
}

/* Goal: polling ends with its window, and after one in vain there is none. */
static void test_idle_polls_for_a_while_only(void **state)
{
    (void)state;
    start(2);
    wake_often();
    assert_int_equal(wait_once(), HALTED);
    assert_in_range(turn_count * TURN_NS, POLL_NS_MIN, POLL_NS_MAX);
    interrupt(NS_PER_MS, false);
    assert_int_equal(wait_once(), HALTED);
    assert_int_equal(turn_count, 0);
}

/* Goal: an interrupt ends polling in the turn it comes: this CPU is interrupted for what comes
 * later, and what came before is known by the word being empty. */
static void test_idle_lets_interrupts_in(void **state)
{
    (void)state;
    start(2);
    wake_often();
    taken_turn = 7;
    assert_int_equal(wait_once(), INTERRUPTED);
    assert_int_equal(turn_count, 7);
    interrupt(0, false);
    assert_int_equal(port_or32(&arena.rqs[0].kick_pending, KICK_INBOX), 0); /* so it is sent */
}

/* Goal: the only CPU never polls, as nobody else can wake it. */
static void test_idle_alone_halts(void **state)
{
    (void)state;
    start(1);
    wake_soon(30);
    assert_int_equal(wait_once(), HALTED);
    assert_int_equal(turn_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_halts_at_once_when_nothing_comes),
        cmocka_unit_test(test_idle_polls_when_wakes_come_soon),
        cmocka_unit_test(test_idle_polls_for_a_while_only),
        cmocka_unit_test(test_idle_lets_interrupts_in),
        cmocka_unit_test(test_idle_alone_halts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
