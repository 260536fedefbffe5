/* SPDX-License-Identifier: MIT */
/*
 * machine.h - CPUs in simulated time: the embedder of core/, and nothing else.
 *
 * The machine owns the clock, the timers and the interrupts.  It calls the core's event functions,
 * acts on the decisions, and asks the program (sim/script.h) what the thread on a CPU does next.
 *
 *     event_take -> the kernel still has the CPU: the event waits until it is free
 *                -> enter the CPU (what ran there has used CPU time until now)
 *                -> kick: sched_kicked     timer: the core is to decide     sleepers: sched_wake
 *                   each an interrupt: decide while told to, follow the decision; then the kernel
 *                   has the CPU for interrupt_ns, and who runs there goes on after that
 *                -> polled: nothing came, so the CPU halts; or something did: the core is to decide
 *                -> spent: let the program go on and decide while told to, until its thread spends
 *                   CPU time or the CPU is idle
 *
 * Only what sched_decide, sched_block and sched_exit answer is followed (who runs, what to arm);
 * the decision of a wake or a mask carries kicks and resched only, or a new instant to arm.
 *
 * Time.  Running takes time, an interrupt takes interrupt_ns of its CPU's, which is nobody's, and
 * the way of a kick takes MACHINE_IPI_NS.  What a thread asks of the kernel takes 0 ns.  An idle
 * CPU polls as the kernel's does (kernel/idle.h), if the configuration says so: what comes then is
 * no interrupt, and is seen after MACHINE_POLL_NS.
 *
 *   M1  One event of each kind is pending at most: per CPU a kick, a timer instant, the end of
 *       polling, the end of what its thread spends; per thread the end of its sleep.
 *   M2  A thread spends CPU time only while it is the core's current thread of that CPU.
 *   M3  used_ns of a thread equals its ledger, the open interval of its CPU included.  An interrupt
 *       is accounted when it begins, so until free_at the CPU's books are ahead of the clock.
 *   M4  `waste` counts exactly the threads whose state is QUEUED.
 *
 * Locks: none; one machine belongs to one host thread.  Many machines may exist.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "core/poll.h"
#include "core/sched.h"
#include "sim/event.h"
#include "sim/waste.h"

struct view;

#define MACHINE_IPI_NS UINT64_C(1000) /* from sending a kick until the other CPU is interrupted */
/* Kernel time of a timer interrupt or a kick.  Measured: kernel_ns of a CPU divided by its
 * interrupts, `capos run --json` of one thread with "run": 1000, "sleep": 2000 gives 2,782 ns
 * (docs/simulator.md has more). */
#define MACHINE_INTERRUPT_NS UINT64_C(2800)
/* From setting a reason until a polling CPU has seen it.  In QEMU's deterministic machine that is
 * less than can be measured: the CPU that polls has the next turn. */
#define MACHINE_POLL_NS UINT64_C(10)
#define MACHINE_INSTANT_EVENTS_MAX (1u << 26) /* more at one instant: something goes in circles */
#define MACHINE_THREAD_NONE UINT32_MAX

struct machine_cpu {
    uint32_t thread;      /* whose turn it is, or MACHINE_THREAD_NONE: idle */
    struct mono entered;  /* since then its thread has used the CPU */
    struct mono free_at;  /* until then the kernel has it, if that is ahead */
    bool must_decide;     /* the core asked for sched_decide */
    uint64_t timer_count; /* timer interrupts: scheduling instants and sleepers, as they come */
    struct poll poll;     /* how its idle periods ended of late */
    struct mono idle_since;
    bool is_idle;    /* since then */
    bool is_polling; /* the CPU is in `polling` */
    bool has_seen;   /* a reason, in MACHINE_POLL_NS */
    uint32_t place;  /* in `polling` */
};

struct machine_thread {
    struct thread_ref ref;
    uint32_t sleep_cpu; /* whose timer ends its sleep */
    uint32_t class;     /* of its CPU set, see struct waste */
    bool is_queued;     /* as counted in `waste` */
    bool is_touched;    /* it is in `touched` */
    uint64_t used_ns;
    struct ledger ledger; /* once it has ended */
    bool has_started;
    bool has_ended;
};

/*
 * What the threads do.  go_on: `thread` has `cpu` at m->now and does one thing.  Returns: true when
 * it has begun to spend CPU time (machine_spend_until), false when whoever has the CPU then, maybe
 * somebody else, is to be asked.
 */
struct machine_program {
    bool (*go_on)(void *context, uint32_t cpu, uint32_t thread);
    void *context;
};

struct machine_config {
    uint32_t cpu_count;
    uint32_t thread_count;
    uint64_t seed;
    enum fair_policy fair_policy;
    uint64_t interrupt_ns; /* kernel time of an interrupt; 0: interrupts cost nothing */
    bool has_polling;      /* idle CPUs poll; else they halt at once */
    uint32_t check_every;  /* sched_check after every so many events; 0: never by itself */
    const uint64_t *rows;  /* the CPU sets that occur, words_for(cpu_count) words each */
    uint32_t row_count;
    struct machine_program program;
    struct view *view; /* prints events, or NULL */
};

enum machine_stop {
    MACHINE_AT_END,  /* the next event is at or behind `end`; m->now is `end` */
    MACHINE_DRAINED, /* no event is left; m->now is the last one's instant */
    MACHINE_AT_COUNT /* `count` events were handled */
};

struct machine_times {
    uint64_t busy_ns;
    uint64_t idle_ns;
    uint64_t kernel_ns;
};

struct machine_arena;

struct machine {
    struct machine_config config;
    struct sched *sched;
    struct mono now;
    struct event_queue events;
    struct machine_cpu *cpus;
    struct machine_thread *threads;
    struct waste waste;
    uint32_t *polling; /* CPUs that poll */
    uint32_t polling_count;
    uint32_t *touched; /* slots of threads whose state may have changed in this event */
    uint32_t touched_count;
    uint32_t started_count;
    uint32_t ended_count;
    uint64_t event_count;
    uint64_t instant_count; /* events at this instant so far */
    uint64_t trace_hash;
    uint64_t kernel_ns; /* taken by interrupts on all CPUs, those under way included */
    struct machine_arena *arena;
};

/* Boot `m` (its address must not change): all CPUs idle at 0 ns, no threads.  False: no memory. */
MUST_USE bool machine_init(struct machine *m, const struct machine_config *config);
void machine_fini(struct machine *m);

/*
 * Make thread `thread` and leave it blocked, as if it had last run on `cpu`, with the CPU set of
 * `class`.  Threads are made in order, before the first event.
 */
void machine_thread_start(struct machine *m, uint32_t thread, uint32_t cpu, uint32_t class,
                          const struct thread_params *params);

/* Make `thread`, in the same order, and leave it as it is: machine_fork may start it later. */
void machine_thread_make(struct machine *m, uint32_t thread, uint32_t class,
                         const struct thread_params *params);

/* Blocked `thread` is woken by the timer of `cpu` at `at`. */
void machine_sleep_until(struct machine *m, uint32_t cpu, uint32_t thread, struct mono at);

/* Handle events before `end`, at most `count` of them.  Returns: why it stopped. */
MUST_USE enum machine_stop machine_run(struct machine *m, struct mono end, uint64_t count);

/* Between two calls of machine_run: may anything happen to `cpu` at m->now?  Not while the kernel
 * has it, as interrupts are off then. */
MUST_USE bool machine_is_free(const struct machine *m, uint32_t cpu);

/*
 * At m->now, between two calls of machine_run, on a CPU that is free: an interrupt of somebody
 * else's takes `kernel_ns`.  What the embedder asked of the core on `cpu` at this instant (a wake,
 * a fork, a CPU set, from outside) is decided on.
 */
void machine_interrupt(struct machine *m, uint32_t cpu, uint64_t kernel_ns);

/* ---- For the program, about the CPU it was called for ---- */

/* The thread on `cpu` uses CPU time until `until`, unless it is interrupted. */
void machine_spend_until(struct machine *m, uint32_t cpu, struct mono until);

/* The thread on `cpu` waits; with WAKE_TIMER until `until`, which is MONO_NEVER otherwise. */
void machine_block(struct machine *m, uint32_t cpu, enum wake_source source, struct mono until);

/* The thread on `cpu` gives up the rest of its slice; it may go on all the same. */
void machine_give_up(struct machine *m, uint32_t cpu);

/* The thread on `cpu` starts `thread`, as if it made it now. */
void machine_fork(struct machine *m, uint32_t cpu, uint32_t thread);

/*
 * What the core answered to an event of the thread on `cpu` that no function here is for.  heed: it
 * goes on, unless the core wants to decide.  hand: d->next has the CPU, at once and with the next
 * instant that was set.
 */
void machine_heed(struct machine *m, uint32_t cpu, const struct decision *d);
void machine_hand(struct machine *m, uint32_t cpu, const struct decision *d);

/* Wake `thread` from `cpu`. */
void machine_wake(struct machine *m, uint32_t cpu, uint32_t thread, enum wake_source source);

/* Give `thread`, the one on `cpu` or another, the CPU set of `class`. */
void machine_set_mask(struct machine *m, uint32_t cpu, uint32_t thread, uint32_t class);

/* Give `thread` another weight. */
void machine_set_weight(struct machine *m, uint32_t cpu, uint32_t thread, uint32_t weight);

/* The thread on `cpu` ends; its ledger is kept. */
void machine_exit(struct machine *m, uint32_t cpu);

/* ---- Reading, up to m->now ---- */

/* The ledger of a thread, ended or not. */
struct ledger machine_ledger(const struct machine *m, uint32_t thread);

/* Where the time of a CPU went since it booted. */
struct machine_times machine_times(const struct machine *m, uint32_t cpu);

/* The core's laws, M2 to M4 and the queue of events; panics.  O(threads + CPUs). */
void machine_check(struct machine *m);

#endif /* SIM_MACHINE_H */
