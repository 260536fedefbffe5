/* SPDX-License-Identifier: MIT */
/*
 * A wake beside many who are runnable on the CPU.
 *
 * The crowd is other processes' threads, as one process cannot have so many.  They wait until all
 * are there, then do nothing but give way, then end.  Their stacks of a few words, and the word
 * that says which it is, are one memory object, for thousands of objects are more than there are.
 */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/ledger.h"
#include "user/rt/process.h"
#include "user/rt/syscall.h"

#define CROWD_MAX 2000u
#define PROCESS_CROWD_MAX 1000u
#define PROCESSES_MAX (CROWD_MAX / PROCESS_CROWD_MAX)
#define WAKES 1u /* in a batch: then all others have their turn */

/* Frames: a thread has its ring page and one for its FPU state; the rest is the process's. */
#define THREAD_FRAMES 2u
#define PROCESS_FRAMES 512u

/* ---- What all share ---- */

#define STACK_BYTES 256u
#define SHARED_BYTES (RT_PAGE_BYTES + (uint64_t)CROWD_MAX * STACK_BYTES)
#define SHARED_SLOT 20u /* in a process of the crowd */

enum course { GATHER, GIVE_WAY, END };

struct shared {
    uint32_t course;
    uint32_t gathered_count;
    uint32_t awake_count;
    uint8_t rest[RT_PAGE_BYTES - 12];
    uint8_t stacks[CROWD_MAX][STACK_BYTES];
};

_Static_assert(sizeof(struct shared) == SHARED_BYTES, "it is mapped as a whole");

static struct shared *shared(void)
{
    return (struct shared *)RT_FREE_BASE;
}

static void map_shared(uint32_t handle)
{
    int64_t status = rt_memory_map(handle, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL);

    BENCH_VERIFY(status == STATUS_OK);
}

static enum course course(void)
{
    return (enum course)__atomic_load_n(&shared()->course, __ATOMIC_ACQUIRE);
}

static void set_course(enum course next)
{
    __atomic_store_n(&shared()->course, next, __ATOMIC_RELEASE);
}

static void count(uint32_t *of)
{
    (void)__atomic_fetch_add(of, 1, __ATOMIC_RELAXED);
}

static uint32_t counted(const uint32_t *of)
{
    return __atomic_load_n(of, __ATOMIC_RELAXED);
}

/* ---- The crowd: a process of it ---- */

/* One of it.  Without the runtime, which has no record at such a stack.  Each wakes two: who would
 * wake all would then owe them as much time as that took, to each. */
NORETURN static void be_one(void)
{
    struct ring_sqe park = {
        .op = RING_OP_PARK,
        .args = {(uint64_t)(uintptr_t)&shared()->course, GATHER, RT_NO_DEADLINE},
    };
    struct ring_sqe unpark = {
        .op = RING_OP_UNPARK,
        .args = {(uint64_t)(uintptr_t)&shared()->course, 2},
    };

    count(&shared()->gathered_count);
    while (course() == GATHER) /* waits in the kernel */
        (void)syscall_message(&park);
    (void)syscall_message(&unpark);
    count(&shared()->awake_count);
    while (course() == GIVE_WAY) { /* at most until the row's end */
        struct ring_sqe yield = {.op = RING_OP_YIELD};

        (void)syscall_message(&yield);
    }
    syscall_exit(0);
}

static void spawn_on(const uint8_t *stack)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = CAP_THREADS,
        .method = THREADS_SPAWN,
        .args = {(uint64_t)(uintptr_t)be_one, (uint64_t)(uintptr_t)stack + STACK_BYTES, 0, 0},
    };
    int64_t index = syscall_message(&entry);

    BENCH_VERIFY(index > 0);
}

void bench_crowd(uint32_t number)
{
    uint32_t first = number / CROWD_MAX * PROCESS_CROWD_MAX;
    uint32_t some = number % CROWD_MAX;

    map_shared(SHARED_SLOT);
    for (uint32_t i = 1; i < some; i++) { /* and this thread, at most PROCESS_CROWD_MAX */
        spawn_on(shared()->stacks[first + i]);
        rt_yield(); /* to it: who has run for long has a debt, and so have those whom it starts */
    }
    be_one();
}

/* ---- Who measures ---- */

static uint32_t memory;
static uint32_t crowd[PROCESSES_MAX];
static uint32_t crowd_count;

static uint64_t queued(void)
{
    struct cap_machine_stat stat;
    int64_t status = rt_machine_stat(&stat);

    BENCH_VERIFY(status == STATUS_OK);
    return stat.queued_count;
}

static void start(uint32_t some)
{
    struct cap_process_params params = {
        .program = BENCH_PROGRAM,
        .latency_class = LATENCY_NORMAL,
        .argument = BENCH_CROWD + crowd_count * CROWD_MAX + some,
        .gift_count = 3,
        .gifts = {{.from = CAP_THREADS, .slot = CAP_THREADS},
                  {.from = CAP_CONSOLE, .slot = CAP_CONSOLE},
                  {.from = memory, .slot = SHARED_SLOT}},
        .limits = {[LEDGER_FRAMES] = PROCESS_FRAMES + some * THREAD_FRAMES,
                   [LEDGER_SLOTS] = 4,
                   [LEDGER_THREADS] = some,
                   [LEDGER_OPERATIONS] = some * RING_INFLIGHT_MAX,
                   [LEDGER_OBJECTS] = 4},
    };
    int64_t process = rt_process_spawn(&params);

    BENCH_VERIFY(process > 0);
    crowd[crowd_count++] = (uint32_t)process;
}

static void begin_crowd(uint32_t size)
{
    set_course(GATHER);
    shared()->gathered_count = shared()->awake_count = 0;
    for (uint32_t left = size; left > 0;) { /* at most PROCESSES_MAX */
        uint32_t some = left < PROCESS_CROWD_MAX ? left : PROCESS_CROWD_MAX;

        start(some);
        left -= some;
    }
    while (counted(&shared()->gathered_count) < size) /* bound: each has its turn */
        (void)rt_sleep_until(mono_add(rt_now(), NS_PER_MS).ns);
    set_course(GIVE_WAY);
    (void)rt_unpark(&shared()->course, 1);
    while (counted(&shared()->awake_count) < size) /* bound: as above */
        rt_yield();
}

static void end_crowd(uint32_t size)
{
    BENCH_VERIFY(queued() == size);
    set_course(END);
    while (crowd_count > 0) { /* at most PROCESSES_MAX */
        uint32_t process = crowd[--crowd_count];
        int64_t end = rt_process_wait(process, NULL);

        BENCH_VERIFY(end == PROCESS_EXITED);
        (void)rt_release(process);
    }
}

/* ---- The wake ---- */

static uint32_t gate;
static bool is_over;
static uint32_t arrived_count; /* at the gate, each time that somebody has come there */

static int64_t wait_at_gate(void *argument)
{
    (void)argument;
    while (!is_over) { /* waits in the kernel */
        arrived_count++; /* one CPU, and no slice ends before it waits */
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
    }
    return 0;
}

/* The waiter is of this thread's class: it runs when this one gives way, and then waits again. */
static uint64_t wakes(uint32_t operations)
{
    uint64_t took = 0;

    for (uint32_t i = 0; i < operations; i++) {
        uint32_t arrived = arrived_count;
        uint64_t start_count = bench_count();
        int64_t woken = rt_unpark(&gate, 1);
        uint64_t end_count = bench_count();

        BENCH_VERIFY(woken == 1 && arrived_count == arrived);
        took += end_count - start_count - BENCH_READ_COST;
        while (arrived_count == arrived) /* bound: each has its turn */
            rt_yield();
    }
    return took;
}

static void bench_wakes_beside(const char *name, uint32_t crowd_size)
{
    struct rt_thread_ref waiter;
    int64_t status;

    is_over = false;
    arrived_count = 0;
    status = rt_thread_spawn(&waiter, wait_at_gate, NULL, NULL);
    BENCH_VERIFY(status == STATUS_OK);
    while (arrived_count == 0) /* bound: it has its turn */
        rt_yield();
    begin_crowd(crowd_size);
    bench_instructions(name, wakes, WAKES);
    end_crowd(crowd_size);
    is_over = true;
    (void)rt_unpark(&gate, 1);
    status = rt_thread_join(&waiter, NULL);
    BENCH_VERIFY(status == STATUS_OK);
}

void bench_wakes_in_crowds(void)
{
    int64_t made = rt_memory_create(SHARED_BYTES);

    BENCH_VERIFY(made > 0);
    memory = (uint32_t)made;
    map_shared(memory);
    bench_wakes_beside("wake-beside-8", 8);
    bench_wakes_beside("wake-beside-100", 100);
    bench_wakes_beside("wake-beside-1000", 1000);
    bench_wakes_beside("wake-beside-2000", CROWD_MAX);
}
