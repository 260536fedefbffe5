/* SPDX-License-Identifier: MIT */
/*
 * wake_policy.h - what depends on where a wake comes from: one row per source.
 *
 * Every source is placed by the rule of core/wake.h.  If that finds nobody idle and would leave the
 * thread where it ran last, the row may say better:
 *
 *   spreads               it goes to one of two other CPUs of its set that has fewer threads by two
 *                         (a new thread, which has run nowhere)
 *   may_stay_with_waker   it goes to the waker's CPU, if the waker is alone there and the two
 *                         CPUs' clocks are in contact: who wakes by this source is about to leave
 *                         its CPU (it ended, calls and waits, has replied and receives), so the
 *                         woken thread runs there next, where otherwise that CPU would go idle and
 *                         steal it
 *
 * What wakes by TIMER or IRQ is an interrupt, which says nothing of who runs there; who unparks
 * goes on; so does who ends a process for another one that waits, or is an interrupt itself.
 */
#ifndef CORE_WAKE_POLICY_H
#define CORE_WAKE_POLICY_H

#include "core/sched.h"

struct wake_policy {
    bool spreads;
    bool may_stay_with_waker;
};

static inline struct wake_policy wake_policy_of(enum wake_source source)
{
    static const struct wake_policy rows[WAKE_SOURCE_COUNT] = {
        [WAKE_TIMER] = {.spreads = false, .may_stay_with_waker = false},
        [WAKE_PARK] = {.spreads = false, .may_stay_with_waker = false},
        [WAKE_JOIN] = {.spreads = false, .may_stay_with_waker = true},
        [WAKE_START] = {.spreads = true, .may_stay_with_waker = false},
        [WAKE_ENDPOINT] = {.spreads = false, .may_stay_with_waker = true},
        [WAKE_PROCESS] = {.spreads = false, .may_stay_with_waker = false},
        [WAKE_IRQ] = {.spreads = false, .may_stay_with_waker = false},
    };

    ASSERT(source < WAKE_SOURCE_COUNT);
    return rows[source];
}

#endif /* CORE_WAKE_POLICY_H */
