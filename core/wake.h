/* SPDX-License-Identifier: MIT */
/*
 * wake.h - where a woken thread goes, and whether its CPU must be interrupted.
 *
 * Placement (O(1) words): the previous CPU if it is idle; else an idle CPU of its cluster, then of
 * up to CLUSTER_SCAN_MAX clusters from there on; else the previous CPU.  A new thread, for which
 * that is the one it was made on, goes to the one of two others of its set with fewer threads, if
 * those are fewer by two; so does one whose set does not have its previous CPU, whatever they are.
 * Who is woken by one that is about to leave its CPU may go there, if nobody is idle.  Which wake
 * is which says the row of its source (core/wake_policy.h).
 * An idle CPU is claimed by clearing its bit, so that two wakers never choose the same one.
 *
 * Notification: iff (the inbox was empty and the target is idle) or the woken context has a
 * shorter slice than who runs there, or the target runs somebody alone without a timer.  It is a
 * reason set in the target's word, and an interrupt unless that is on its way or the target polls
 * (core/poll.h).
 */
#ifndef CORE_WAKE_H
#define CORE_WAKE_H

#include "core/sched.h"

struct placement {
    uint32_t cpu;
    uint32_t previous; /* where it ran last */
    uint32_t rule;     /* enum why_rule */
    bool is_claimed;   /* its idle bit was taken for this: use it, or give it back */
};

/* Choose the CPU for `thread`. */
MUST_USE struct placement wake_place(struct sched *s, uint32_t thread);

/* The placement by `cpu` is not used after all: a claimed CPU looks for work again. */
void wake_unplace(struct sched *s, uint32_t cpu, const struct placement *place,
                  struct decision *d);

/* Post `thread`, which is INBOX(target) and in no inbox yet, to another CPU; a kick is added to `d`
 * if the target would not look by itself. */
void wake_deliver(struct sched *s, uint32_t thread, uint32_t target, struct decision *d);

/* Give `target` a reason to look; the interrupt for it, unless one is on its way or it polls, is
 * added to `d`. */
void wake_kick(struct sched *s, uint32_t target, enum kick_reason reason, struct decision *d);

/* Clear the idle bit of `cpu`.  Returns: it was set, so the CPU is the caller's to use. */
MUST_USE bool wake_claim(struct sched *s, uint32_t cpu);

/* Claim an idle CPU that `thread` may use, near `near` first; CPU_NONE if there is none. */
MUST_USE uint32_t wake_claim_idle(struct sched *s, uint32_t thread, uint32_t near);

#endif /* CORE_WAKE_H */
