/* SPDX-License-Identifier: MIT */
/*
 * calls.h - endpoints of simulated threads: what kernel/call.c does for entries in registers.
 *
 *   call     A server waits there: it has the call.  Else the caller joins the line.
 *   receive  The call that has waited longest is taken; or the thread waits for one.
 *   answer   The caller goes on.  A thread that serves again next answers and receives in one.
 *
 * At a passive endpoint the server executes on its caller's context: lent with the call if the
 * server waits; borrowed from a caller in the line; handed back with an answer after which there is
 * nothing to receive.  At any other a call and such an answer turn the CPU over to the other, on a
 * context of its own.  Where the core refuses that, and everywhere else, the other is woken.
 *
 *   CA1  Those who wait at an endpoint are all callers, or all receivers.
 *   CA2  A caller waits: in the line, or served by one thread, which owes it the answer.
 *
 * Calls cost nothing, as all actions (sim/script.h).
 */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include "sim/script.h"

/* `thread`, which has `cpu`, begins one of the three; somebody else may have it then.  An answer is
 * due from now on, and given with the next receive or by calls_answer. */
void calls_begin(struct script *s, uint32_t cpu, uint32_t thread, const struct step_action *action);

/* It gives the answer that is due, and goes on. */
void calls_answer(struct script *s, uint32_t cpu, uint32_t thread);

/* May `t` begin `action`?  Not if an answer is due that does not go along with it. */
static inline bool calls_may_begin(const struct script_thread *t, const struct step_action *action)
{
    return !t->owes || action->kind == STEP_RECEIVE;
}

#endif /* SIM_CALLS_H */
