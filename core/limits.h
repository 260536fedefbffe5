/* SPDX-License-Identifier: MIT */
/* limits.h - every bound of the scheduler, with how they relate. */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include "abi/sched.h"
#include "base/cpumask.h"

#define SLOT_NONE UINT32_MAX
#define THREAD_COUNT_MAX (1u << 20)
#define THREAD_BYTES_MAX 192u /* of a thread's record and its home context's */
#define CLUSTER_CPUS CPUMASK_WORD_BITS /* CPUs that share an idle word and an overload word */
#define CLUSTER_COUNT_MAX (CPU_MAX / CLUSTER_CPUS)
#define CLUSTER_SCAN_MAX 4u   /* clusters a wake looks at for an idle CPU */
#define KICK_MAX 4u           /* kicks in one decision */
#define KICKS_PER_WAKE_MAX 1u
#define STEAL_TRY_MAX 4u      /* victims tried by one CPU going idle */
#define STEAL_SCAN_MAX 8u     /* queued contexts looked at per victim, and taken at most */
#define STEAL_RETRY_NS UINT64_C(50000)
/* Of what one steal takes beyond the first, per window and CPU (core/balance.h).  32 is four of the
 * largest steals: more often than that in 10 ms it is the same threads going to and fro.  A victim
 * has several thieves, and a burst of 64 is to be drained by the first eight of them. */
#define STEAL_WINDOW_NS UINT64_C(10000000)
#define STEAL_TAKE_MAX 32u
#define STEAL_LOSE_MAX 64u

/* Polling of an idle CPU (core/poll.h): an interrupt and a halt cost a few microseconds, so it is
 * worth it if wakes come within 50, and to wait for longer than 200 saves next to nothing. */
#define POLL_NS_MIN 50000u
#define POLL_NS_MAX 200000u
#define POLL_LONG_NS (20 * POLL_NS_MAX) /* what the longest period, and a useless one, counts as */

#define DECIDE_TURNS_MAX 4u   /* looks at the inbox in one decision; then it asks for another */
#define BALANCE_TURNS_MAX 64u /* readings of the whole machine's accounts before giving up */
#define PUSH_TRY_MAX 3u       /* threads one check may find no place for */
#define PUSH_SAMPLE_COUNT 2u  /* CPUs looked at for one of them */
#define CLOCK_READ_TRIES 4u   /* readings of another CPU's clock before going without it */
#define WHY_READ_TRIES 4u     /* readings of a reason before going without it */
#define CLOCK_HALVINGS_MAX 64u /* of a 64-bit clock: nothing is left after them */
#define LEND_DEPTH_MAX 8u      /* lenders of one context at once */
#define STATE_RETRY_MAX 64u   /* turns of a compare-and-swap loop before it is called a bug */

/*
 * A tree whose siblings differ by at most 2 in height has at least N(h) = N(h - 1) + N(h - 3) + 1
 * nodes when it is h deep (Foster, CACM 16(8), 1973): 2^20 nodes are at most 35 deep.
 */
#define EEDQ_DEPTH_MAX 40u
/* A queue of no more contexts is an array, one of more a tree, until it has shrunk to the second.
 * With 12, what is beside the keys fills one line of memory (core/eedq.h). */
#define EEDQ_ARRAY_MAX 12u
#define EEDQ_ARRAY_AGAIN 6u

/* A thread alone on its CPU is charged when something happens there, so a charge can be long. */
#define CHARGE_NS_MAX (UINT64_C(1) << 47) /* 39 hours; times WEIGHT_UNIT it still fits 58 bits */
#define GRANULARITY_NS UINT64_C(25000)    /* added to the longest slice in the bound of lag */

/* Fairness across CPUs: core/clock.h, core/balance.h. */
#define CLOCK_EPOCH_NS (UINT64_C(1) << 31) /* E: at its multiples every clock is halved */
#define PUSH_LEAD_NS UINT64_C(12000000)    /* H: by how much another CPU must lead for a push */
#define PUSH_CHECK_NS SLICE_NORMAL_NS      /* T: an overloaded CPU looks that often */
#define CLOCK_CONTACT_NS_MAX (4 * PUSH_LEAD_NS + 2 * SLICE_BATCH_NS)

/* Overload of one CPU: core/overload.h. */
#define OVERLOAD_WINDOW_NS UINT64_C(100000000)
#define OVERLOAD_COUNT_MAX 64u
#define OVERLOAD_SOJOURN_NS UINT64_C(200000000)

/*
 * Keys of a queue stay this near to its V0, so that key * weight * count fits 128 bits easily.  One
 * charge of the lightest context reaches 2^57: timers may be as late as a machine was stopped.
 */
#define VKEY_VNS_BITS 60u
#define VKEY_VNS_MAX (INT64_C(1) << VKEY_VNS_BITS)
#define REBASE_VNS_BITS 38u /* a key beyond that moves V0 */
#define REWEIGHT_VNS_MAX (INT64_C(1) << 42) /* lag and request that a new weight scales */

_Static_assert(EEDQ_ARRAY_AGAIN < EEDQ_ARRAY_MAX, "no rebuilding back and forth");
_Static_assert(THREAD_COUNT_MAX <= (1u << 20), "EEDQ_DEPTH_MAX assumes it");
_Static_assert(CHARGE_NS_MAX <= UINT64_MAX / WEIGHT_UNIT / 4, "charge * unit fits 64 bits");
_Static_assert(CHARGE_NS_MAX * WEIGHT_UNIT / WEIGHT_MIN < (uint64_t)VKEY_VNS_MAX / 4,
               "the longest charge of the lightest context fits a key");
_Static_assert(SLICE_BATCH_NS * WEIGHT_UNIT / WEIGHT_MIN < (uint64_t)REWEIGHT_VNS_MAX,
               "one slice of the lightest context can be scaled");
_Static_assert((uint64_t)REWEIGHT_VNS_MAX * (WEIGHT_MAX / WEIGHT_MIN) < (uint64_t)VKEY_VNS_MAX,
               "what is scaled fits a key");
_Static_assert(CLOCK_CONTACT_NS_MAX * THREAD_COUNT_MAX < UINT64_MAX / WEIGHT_UNIT,
               "service at a mean weight fits 64 bits");
_Static_assert(STEAL_SCAN_MAX <= STEAL_TAKE_MAX && STEAL_TAKE_MAX <= STEAL_LOSE_MAX,
               "one steal fits the budgets, and one thief that of its victim");
_Static_assert(KICKS_PER_WAKE_MAX <= KICK_MAX, "a wake's kicks fit its decision");

#endif /* CORE_LIMITS_H */
