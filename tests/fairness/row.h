/* SPDX-License-Identifier: MIT */
/*
 * row.h - one scenario of fairness: CPUs, groups of threads, what happens to them, what is allowed.
 *
 * A row is data.  What is 0 has the usual value: weight 1024, class NORMAL, all CPUs, always runs.
 * CPU sets are 64 bits wide; 0 is all CPUs, and on a machine of more CPUs nothing else occurs.
 */
#ifndef TESTS_FAIRNESS_ROW_H
#define TESTS_FAIRNESS_ROW_H

#include "abi/sched.h"
#include "base/types.h"

#define MS(n) ((n)*NS_PER_MS)
#define US(n) ((n)*NS_PER_US)
#define CPU(k) (UINT64_C(1) << (k))
#define ROW_GROUPS_MAX 14u
#define ROW_EVENTS_MAX 16u
#define ROW_STEALS_MAX 6u
#define ROW_STEPS_MAX 10u

/* The promise of the design: what the fair class may be off by. */
#define LEAD_NS MS(12)               /* H */
#define FORGET_NS (UINT64_C(1) << 31) /* E */
#define SHARE_ERROR_PPM 3000u        /* 0.3 % */
#define STANDING_PPM 3000u           /* of a CPU, H / 2 E */
#define GAIN_MAX_PPM 50000           /* of CLAIM_GAIN */

enum row_step_kind {
    STEP_REPEAT, /* the end: from the first again */
    STEP_RUN,    /* `value` ns of CPU time */
    STEP_RUN_RANDOM, /* exponential with that mean */
    STEP_SLEEP,
    STEP_SLEEP_RANDOM,
    STEP_PERIOD, /* sleep until the next multiple of `value` since the thread's start */
    STEP_MASK,   /* `value`: CPU set */
    STEP_CALL,   /* wake the partner, wait for it */
    STEP_FORK,   /* start the next thread of the following group */
    STEP_NEXT,   /* start the next thread of its own group */
    STEP_WEIGHT, /* `value` */
    STEP_YIELD,
    STEP_EXIT
};

struct row_step {
    enum row_step_kind kind;
    uint64_t value;
};

enum row_flag {
    GROUP_LATE = 1,      /* it waits for EVENT_START or STEP_FORK */
    GROUP_CALLS = 2,     /* thread i's partner is thread i of the following group */
    GROUP_PARTNER = 4,   /* that group: it waits first */
    GROUP_ATTACKS = 8,   /* its entitlement: that of a thread that always runs, in `mask` */
    GROUP_SPREAD = 16,   /* periods are offset evenly, so that wakes do not coincide */
    GROUP_UNMEASURED = 32, /* it is there to disturb: nothing is claimed for it */
    GROUP_TOGETHER = 64  /* attackers gain by what all of them have got */
};

struct row_group {
    const char *name;
    uint32_t count;
    uint32_t weight;
    uint32_t weight_max;   /* not 0: each thread's is weight * (1..weight_max), at random */
    uint64_t mask;
    uint32_t copies;       /* not 0: so many times, the set shifted by `shift` each time */
    uint32_t shift;
    uint32_t mask_cpus_max; /* not 0: each thread's set is 1..this many CPUs, at random */
    bool is_batch;
    bool is_interactive;
    uint32_t flags;        /* enum row_flag */
    struct row_step steps[ROW_STEPS_MAX];
};

enum row_event_kind {
    EVENT_NONE,
    EVENT_START,   /* threads of `group` that are late begin, `count` of them, on `value` */
    EVENT_EXIT,    /* `count` threads of `group` end */
    EVENT_MASK,    /* `count` threads of `group` may use CPU set `value` */
    EVENT_OFFLINE, /* CPUs of `value` leave: all sets are narrowed; 0: all are back */
    EVENT_ROTATE,  /* every `value` ns from here on the machine is told that thread i may use CPU
                    * (i + turn) mod n mod m only: fair for equal hogs under any scheduler */
    EVENT_JITTER,  /* from here on every `count` ms one CPU of `value` leaves or is back */
    EVENT_CHURN    /* from here on every `value` ns one of `group` or the following group, which is
                    * late, ends, and the next late one starts */
};

struct row_event {
    enum row_event_kind kind;
    uint64_t at_ns;
    uint32_t group;
    uint32_t count;
    uint64_t value;
};

/* `cpu` is taken away for `take_ns` in every `period_ns`, by interrupts. */
struct row_steal {
    uint32_t cpu;
    uint64_t take_ns;
    uint64_t period_ns;
};

/* What a row claims. */
enum row_claim {
    CLAIM_STEADY, /* share error, lag */
    CLAIM_EVENT,  /* nobody gains or loses more than E from the event on */
    CLAIM_STANDING, /* off by at most 0.3 % of a CPU: so little is not corrected */
    CLAIM_HARM,   /* who is measured loses no more than in a steady row; gaining is allowed */
    CLAIM_WINDOW, /* error over any second at most 7 % */
    CLAIM_WAIT,   /* waits only */
    CLAIM_GAIN,   /* attackers gain at most 5 % */
    CLAIM_NONE
};

struct row {
    const char *name;
    const char *about;
    uint32_t cpu_count;
    enum row_claim claim;
    uint64_t warm_ns;     /* measured from here; 0: 2 s */
    uint64_t duration_ns; /* 0: 60 s */
    uint64_t drawn_from;  /* the seed of its random numbers; 0: the run's */
    bool is_burst;        /* no claim about waits */
    uint64_t wait_more_ns; /* so much longer a wait is explained in docs/fair.md */
    bool has_steal_ramp;  /* CPU k is taken for (7k mod 10) * 0.9 ms in every 10 ms */
    uint32_t wasted_max_ppm; /* idle CPU time while somebody allowed is queued; 0: no claim */
    struct row_group groups[ROW_GROUPS_MAX];
    struct row_event events[ROW_EVENTS_MAX];
    struct row_steal steals[ROW_STEALS_MAX];
};

struct row_table {
    const struct row *rows;
    uint32_t count;
};

extern const struct row_table rows_hogs;
extern const struct row_table rows_steady;
extern const struct row_table rows_sleepers;
extern const struct row_table rows_events;
extern const struct row_table rows_attacks;

#endif /* TESTS_FAIRNESS_ROW_H */
