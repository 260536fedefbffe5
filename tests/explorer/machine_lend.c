/* SPDX-License-Identifier: MIT */
/*
 * machine_lend.c - calls as the kernel makes them of core/lend.h, and what must hold of chains.
 *
 * A call that may not lend wakes who is called and waits; an answer that may not hand back parts,
 * wakes the caller and waits.  Between its steps the CPU takes no interrupt and decides nothing.
 */
#include "core/lend.h"
#include "tests/explorer/machine.h"

/* Lending was refused: wake the other, and wait. */
static void wake_and_wait(uint32_t cpu, uint32_t thread)
{
    struct decision d =
        sched_wake(machine_sched(), cpu, machine_ref(thread), WAKE_ENDPOINT, machine.now);

    machine_send_kicks(&d);
    machine_act_final(cpu, sched_block(machine_sched(), cpu, WAKE_ENDPOINT, machine.now));
}

/* Lending was done: the other runs here. */
static void follow(uint32_t cpu, const struct decision *d)
{
    machine_send_kicks(d);
    machine_switch_to(cpu, d->next.slot);
    if (d->resched)
        machine_decide(cpu);
}

static void call(uint32_t cpu, uint32_t thread)
{
    struct sched *s = machine_sched();
    struct decision d;

    if (sched_lend(s, rq_of(s, cpu), machine_ref(thread), machine.now, &d) == LEND_DONE)
        follow(cpu, &d);
    else
        wake_and_wait(cpu, thread);
}

static void answer(uint32_t cpu, uint32_t thread)
{
    struct sched *s = machine_sched();
    struct decision d;

    if (lend_is_lent(s, machine.current[cpu]) &&
        sched_hand_back(s, rq_of(s, cpu), machine_ref(thread), machine.now, &d) == LEND_DONE) {
        follow(cpu, &d);
        return;
    }
    sched_go_home(s, rq_of(s, cpu), machine.now, &d);
    wake_and_wait(cpu, thread);
}

static void turn_over(uint32_t cpu, uint32_t thread)
{
    struct sched *s = machine_sched();
    struct decision d;

    if (sched_turn_over(s, rq_of(s, cpu), machine_ref(thread), machine.now, &d) == LEND_DONE)
        follow(cpu, &d);
    else
        wake_and_wait(cpu, thread);
}

void machine_lend(uint32_t cpu, const struct op *op)
{
    struct sched *s = machine_sched();
    struct decision d;

    switch (op->kind) {
    case OP_LEND:
        call(cpu, op->thread);
        return;
    case OP_HAND_BACK:
        answer(cpu, op->thread);
        return;
    case OP_TURN_OVER:
        turn_over(cpu, op->thread);
        return;
    case OP_GO_HOME:
        sched_go_home(s, rq_of(s, cpu), machine.now, &d);
        machine_act(cpu, d);
        return;
    case OP_BORROW:
    case OP_BORROW_BLOCK:
        if (sched_borrow(s, rq_of(s, cpu), machine_ref(op->thread), machine.now, &d) != LEND_DONE)
            explore_note("has refused to lend");
        if (op->kind == OP_BORROW)
            machine_act(cpu, d);
        else
            machine_act_final(cpu, sched_block(s, cpu, WAKE_ENDPOINT, machine.now));
        return;
    default:
        UNREACHABLE();
    }
}

void machine_check_chains(const struct scenario *scenario)
{
    struct sched *s = machine_sched();
    uint32_t lender_count = 0;
    uint32_t found_count = 0;

    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(s, i);

        if (word.state == THREAD_DEAD)
            continue;
        lender_count += word.is_lender;
        if (word.is_lender)
            continue;
        lend_check(s, i);
        if (thread_sc(thread_of(s, i)) != i)
            found_count += sc_of(s, i)->lent.depth;
    }
    if (lender_count != found_count)
        explore_fail("M14: %u threads lend, %u are in chains", lender_count, found_count);
}
