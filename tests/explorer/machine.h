/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the least embedder of the core, as a model to explore, and what must hold of it.
 *
 * A CPU runs the program of its current thread, takes interrupts between two events, and idles when
 * the decision names nobody; if the scenario says so it polls first, and stops whenever the search
 * chooses.  It can be sent a reschedule interrupt (latched, at most one), get external interrupts
 * that wake threads, and reach the instant it armed.  It does what
 * core/sched.h asks of an embedder and no more: in particular an idle CPU that took an interrupt
 * decides again only if the event said so.
 *
 * Time stands still but for armed instants, which come when the search chooses, and what a
 * scenario lets pass.
 *
 *   M1  A thread's registers are in at most one CPU; it is put on a CPU only when they are in none.
 *   M2  At most one reschedule interrupt is latched per CPU; a wake sends at most one.
 *   M3  A wake of a thread that has ended is refused.
 *   M12 What a reader takes for a page of a clock is a page that its CPU has written (K1).
 *   M13 A CPU that polls is not interrupted (P1).
 * and at an end, when nothing can happen but armed instants (machine_end.c):
 *   M4  sched_check holds, the machine and the core agree on who runs where, and nobody is on his
 *       way between two CPUs.
 *   M5  No lost wake: no thread that a wake was meant for is still blocked, none has one pending.
 *   M6  Whoever is queued or in an inbox will be looked at: its CPU runs somebody and armed an
 *       instant; nobody of a shorter slice than who runs there waits in an inbox.
 *   M7  No idle CPU has gone to sleep beside work: if n threads wait on other CPUs that it may run,
 *       it or n idle CPUs have armed an instant for a second look.
 *   M8  An idle CPU can be found: its idle bit is set; a CPU with somebody queued has its overload
 *       bit set; both have published what they do.
 *   M9  Nobody runs where its mask does not let it.
 *   M10 A killed thread is DEAD, and in one reaped list unless it ended by itself; or it is still
 *       queued, if the kill was answered BUSY, and M6 says that it will be looked at.
 *   M11 What was asked for counts: a live thread has the weight and class that it was given last,
 *       or has them pending, and then it does not run, nor is it queued but if the answer was BUSY.
 *   M14 Who lends is in one chain, with a user who does not; each context is used by one thread.
 *   M15 Whoever is in a reaped list has been announced to the embedder of that CPU.
 */
#ifndef TESTS_EXPLORER_MACHINE_H
#define TESTS_EXPLORER_MACHINE_H

#include "core/sched.h"
#include "tests/explorer/explore.h"

#define MACHINE_CPUS_MAX COROUTINE_COUNT_MAX
#define MACHINE_THREADS_MAX 6u
#define MACHINE_OPS_MAX 6u
#define MACHINE_PAGES_MAX 8u
#define MACHINE_ARENA_BYTES 8192u

enum op_kind {
    OP_END = 0,
    OP_WAKE,  /* the thread `thread` */
    OP_JOIN,  /* wake it by JOIN: who wakes it is about to leave */
    OP_BLOCK, /* current waits */
    OP_YIELD,
    OP_EXIT,
    OP_MASK, /* let `thread` run on the CPUs of `mask` only */
    OP_KILL, /* the thread `thread` */
    OP_WEIGHT, /* give `thread` the weight `value` */
    OP_CLASS,  /* give `thread` the class `value` */
    OP_READ_CLOCK, /* read the clock that CPU `value` has published */
    OP_LEND,       /* current calls `thread`: lends, or wakes it and waits */
    OP_HAND_BACK,  /* current answers `thread` and waits: hands back, or parts, wakes and waits */
    OP_TURN_OVER,  /* current wakes `thread` and waits, in one if that may be */
    OP_GO_HOME,    /* current parts from who lent to it */
    OP_BORROW,     /* current serves the waiting `thread` */
    OP_BORROW_BLOCK /* the same, and current waits before anything is decided */
};

struct op {
    enum op_kind kind;
    uint32_t thread;
    uint64_t mask;
    uint32_t value;
};

/* Where a thread is when the exploration starts. */
enum start { START_RUNNING = 1, START_QUEUED, START_BLOCKED };

struct scenario_thread {
    enum start start;
    uint32_t cpu;
    uint64_t mask; /* CPUs it may use; 0: all */
    enum latency_class latency_class;
    bool may_stay_blocked; /* at an end; else that is a lost wake (M4) */
    struct op program[MACHINE_OPS_MAX];
};

struct scenario {
    const char *name;
    const char *goal;
    uint32_t cpu_count;
    uint32_t thread_count;
    uint32_t timer_count; /* so many armed instants of each CPU come */
    uint64_t timers_on; /* of these CPUs; 0: of all */
    uint64_t lead_vns[MACHINE_CPUS_MAX]; /* by which G of a CPU is ahead of the others' */
    uint64_t apart_ns; /* so much later than the one before each CPU starts */
    uint64_t late_ns; /* passes at the end of the set-up: armed instants and checks are due then */
    uint64_t op_ns; /* passes at the beginning of each operation of a program */
    bool has_polling; /* idle CPUs poll before they halt */
    bool clocks_are_choices; /* the words of the clock pages are shared memory like all else */
    struct scenario_thread threads[MACHINE_THREADS_MAX];
    struct op prepare[MACHINE_OPS_MAX]; /* the last of the set-up: who runs on CPU 0 does that */
    struct op externals[MACHINE_CPUS_MAX][MACHINE_OPS_MAX]; /* by interrupts */
};

/* A clock page: whose, and its words. */
struct page {
    uint64_t cpu;
    uint64_t load;
    uint64_t v;
    uint64_t zone;
    uint64_t time;
    uint64_t w;
};

/* All of the modelled machine: what is copied and hashed. */
struct machine {
    uint32_t is_kicked[MACHINE_CPUS_MAX];   /* an interrupt is latched */
    uint32_t current[MACHINE_CPUS_MAX];     /* thread slot or SLOT_NONE */
    uint32_t is_polling[MACHINE_CPUS_MAX];
    uint32_t external_at[MACHINE_CPUS_MAX]; /* next entry of its externals */
    uint32_t timers_left[MACHINE_CPUS_MAX];
    struct mono arm_at[MACHINE_CPUS_MAX];
    uint32_t program_at[MACHINE_THREADS_MAX];
    uint32_t has_ended[MACHINE_THREADS_MAX];
    uint32_t is_killed[MACHINE_THREADS_MAX];
    uint32_t kill_was_busy[MACHINE_THREADS_MAX];
    uint32_t weight[MACHINE_THREADS_MAX];       /* that it was given; 0: none */
    uint32_t class_plus_1[MACHINE_THREADS_MAX]; /* the same */
    uint32_t policy_was_busy[MACHINE_THREADS_MAX];
    uint32_t told[MACHINE_CPUS_MAX]; /* 1 + head of the reaped list when it was announced last */
    uint32_t home[MACHINE_THREADS_MAX]; /* CPU that has its registers + 1; 0: saved */
    struct mono now;
    uint32_t has_polling; /* all is set up, and the scenario has it */
    uint32_t clocks_are_choices;
    uint32_t page_count; /* clock pages written, if they are choices; the last of them: */
    struct page pages[MACHINE_PAGES_MAX];
    unsigned char arena[MACHINE_ARENA_BYTES] ALIGNED(64); /* a struct sched */
};

extern struct machine machine;

static inline struct sched *machine_sched(void)
{
    return (struct sched *)(void *)machine.arena;
}

/* The model of a scenario for explore_run. */
struct explore_model machine_model(const struct scenario *scenario);

/* ---- Acting on decisions, for machine_lend.c ---- */

struct thread_ref machine_ref(uint32_t thread);
void machine_send_kicks(const struct decision *d);
void machine_switch_to(uint32_t cpu, uint32_t next);
void machine_decide(uint32_t cpu);
/* The end of an event that decided, and of one that does not by itself change who runs here. */
void machine_act_final(uint32_t cpu, struct decision d);
void machine_act(uint32_t cpu, struct decision d);

/* An operation of the kinds from OP_LEND on, as the kernel does it (machine_lend.c). */
void machine_lend(uint32_t cpu, const struct op *op);

/* M14. */
void machine_check_chains(const struct scenario *scenario);

/* M12 of CPU `of`'s page, read now. */
void machine_read_clock(uint32_t of);

/* Move the clocks of the idle CPUs apart as the scenario says. */
void machine_set_leads(const struct scenario *scenario);

/* An event of `cpu` is over: clear what it counted and nobody reads, so that states that differ in
 * nothing else are equal. */
void machine_forget(uint32_t cpu);

/* M3..M11, M14, M15 at an end; explore_fail on the first violation. */
void machine_check_end(const struct scenario *scenario);

/* "rq1.published", "thread0.word". */
void machine_name_address(const void *address, char *text, size_t text_bytes);

#endif /* TESTS_EXPLORER_MACHINE_H */
