/* SPDX-License-Identifier: MIT */
/*
 * A process full of garbage hurts nobody: its threads submit it in registers and in their rings,
 * while one of them changes the memory that the kernel reads meanwhile.  A neighbour's work goes
 * on, every answer is one of those that are documented, and nothing is left when it has ended.
 *
 * Arguments: rounds=ROUNDS,CHILDREN and seed=NUMBER.
 */
#include "base/assert.h"
#include "user/guest_test/garbage.h"
#include "user/guest_test/helper.h"
#include "user/rt/endpoint.h"
#include "user/rt/layout.h"
#include "user/rt/print.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define ROUNDS 2u
#define CHILDREN 3u
#define SEED 1u
#define WORKERS 6u
#define REPORT_SLOT 20u
#define REPORT_AT RT_FREE_BASE
#define STATUSES (1u + (uint32_t)-STATUS_AGAIN) /* of the table, 0 to its last */
#define LATE (UINT64_C(1) << 63)
#define PATTERN_WORDS 256u
#define LOOK_NS (500 * NS_PER_US)
#define LOOKS_MAX 40u /* so long a child lives */
#define CHILD_FRAMES 1024u
#define CHILD_THREADS 24u
#define CHILD_GRANTS 16u
#define GRANDCHILD_FRAMES 192u
#define GRANDCHILD_THREADS 1u

/* What a child says to its parent, in a memory object that both have mapped. */
struct report {
    uint32_t stop; /* the parent's word */
    uint32_t turn_count; /* of a neighbour */
    uint32_t wrong_count;
    uint32_t restart_count;
    uint64_t call_count;  /* in registers */
    uint64_t entry_count; /* in rings */
    uint64_t enter_count;
    uint64_t full_count;    /* of those: RING_FULL, RING_CORRUPT */
    uint64_t corrupt_count;
    uint64_t refused_count[STATUSES]; /* by -status, of calls; [0]: done */
    struct ring_sqe wrong_entry;
    int64_t wrong_status;
};

static struct report *report = (struct report *)REPORT_AT;

static void count(uint64_t *counter)
{
    (void)__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void say_wrong(const struct ring_sqe *entry, int64_t status)
{
    if (__atomic_fetch_add(&report->wrong_count, 1, __ATOMIC_RELAXED) != 0)
        return;
    report->wrong_entry = *entry;
    report->wrong_status = status;
}

/* Where the parent looks.  The handle is let go: only who holds one could take the mapping away. */
static bool open_report(void)
{
    if (rt_memory_map(REPORT_SLOT, REPORT_AT, MEMORY_MAP_WRITE, NULL) != STATUS_OK)
        return false;
    return rt_release(REPORT_SLOT) == STATUS_OK;
}

/* ---- The neighbour: two threads that wait for each other, and memory that nobody else has ---- */

static uint32_t ball;
static uint32_t is_last; /* with the next ball */
static uint64_t pattern[PATTERN_WORDS];

static int64_t play_back(void *argument)
{
    (void)argument;
    for (uint32_t turn = 1;; turn += 2) { /* bound: the other side says when to stop */
        while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) != turn)
            (void)rt_park(&ball, turn - 1, RT_NO_DEADLINE);
        if (is_last != 0)
            return 0;
        __atomic_store_n(&ball, turn + 1, __ATOMIC_RELEASE);
        (void)rt_unpark(&ball, 1);
    }
}

/* The pattern of the turn before is there, whole; put the next. */
static uint32_t check_pattern(uint32_t turn)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        wrong += pattern[i] != (turn == 0 ? 0 : (uint64_t)turn * (i + 1));
        pattern[i] = (uint64_t)(turn + 1) * (i + 1);
    }
    return wrong;
}

static int64_t be_a_neighbour(uint64_t word)
{
    struct rt_thread_ref other;
    uint32_t stop = 0;

    (void)word;
    if (!open_report())
        return 1;
    other = helper_spawn(play_back, NULL, NULL);
    for (uint32_t turn = 0; stop == 0; turn++) {
        report->wrong_count += check_pattern(turn);
        is_last = stop = __atomic_load_n(&report->stop, __ATOMIC_ACQUIRE);
        __atomic_store_n(&ball, 2 * turn + 1, __ATOMIC_RELEASE);
        (void)rt_unpark(&ball, 1);
        while (stop == 0 && __atomic_load_n(&ball, __ATOMIC_ACQUIRE) != 2 * turn + 2)
            (void)rt_park(&ball, 2 * turn + 1, RT_NO_DEADLINE);
        __atomic_store_n(&report->turn_count, turn + 1, __ATOMIC_RELEASE);
        rt_pause();
    }
    return helper_join(&other);
}

/* ---- The child ---- */

static struct garbage_arena arena;
static struct cap_process_params grandchild;
static unsigned char stacks[WORKERS][RT_STACK_BYTES] __attribute__((aligned(RT_STACK_BYTES)));

struct worker {
    struct garbage garbage;
    uint32_t index; /* of its thread; what its generation was is in `gen`, 0: none yet */
    uint32_t gen;
};

static struct worker workers[WORKERS];

static uint64_t draw(struct garbage *g, uint64_t bound)
{
    return prng_below(&g->random, bound);
}

static void call(struct garbage *g)
{
    struct ring_sqe entry = garbage_entry(g);
    uint64_t value;

    entry.reserved = 0; /* there is no place for it */
    int64_t status = syscall_entry(&entry, &value);

    count(&report->call_count);
    if (status <= 0 && status > -(int64_t)STATUSES)
        count(&report->refused_count[-status]);
    else if (status > 0)
        count(&report->refused_count[0]);
    if (!garbage_is_documented(&entry, status))
        say_wrong(&entry, status);
    garbage_remember(g, &entry, status);
}

static bool is_documented_of_enter(int64_t result)
{
    return (result >= 0 && result <= (int64_t)RING_CQ_ENTRIES) || result == STATUS_BAD_ARGUMENT ||
           result == STATUS_RING_FULL || result == STATUS_RING_CORRUPT || result == STATUS_EXPIRED;
}

/* What is in the completion queue; another thread writes to the page's submissions and indices
 * only, so these are the kernel's. */
static void read_completions(struct garbage *g, uint32_t index)
{
    struct ring_header *header = rt_ring_header(index);
    uint32_t head = __atomic_load_n(&header->cq_head, __ATOMIC_RELAXED);
    uint32_t tail = __atomic_load_n(&header->cq_tail, __ATOMIC_ACQUIRE);

    for (uint32_t i = 0; i < RING_CQ_ENTRIES && head + i != tail; i++) {
        int64_t status = rt_ring_cq(index)[(head + i) % RING_CQ_ENTRIES].status;

        if (status > GARBAGE_RESULT_MAX || (status < 0 && !garbage_is_status(status)))
            say_wrong(&(struct ring_sqe){.op = RING_OP_COUNT}, status);
        garbage_remember(
            g, &(struct ring_sqe){.op = RING_OP_CALL, .cap = CAP_SPAWNER + (uint32_t)draw(g, 3)},
            status);
    }
    __atomic_store_n(&header->cq_head, tail, __ATOMIC_RELEASE);
}

/* Some entries, perhaps more than there are, and a wait that ends. */
static void submit(struct garbage *g, uint32_t index)
{
    struct ring_header *header = rt_ring_header(index);
    uint32_t tail = __atomic_load_n(&header->sq_tail, __ATOMIC_RELAXED);
    uint32_t entries = (uint32_t)draw(g, RING_SQ_ENTRIES + 1);

    for (uint32_t i = 0; i < entries; i++)
        rt_ring_sq(index)[(tail + i) % RING_SQ_ENTRIES] = garbage_entry(g);
    if (draw(g, 16) == 0)
        entries += (uint32_t)draw(g, RING_SQ_ENTRIES);
    __atomic_store_n(&header->sq_tail, tail + entries, __ATOMIC_RELEASE);

    uint64_t deadline = draw(g, 32) == 0 ? garbage_word(g) | LATE
                                         : mono_add(rt_now(), draw(g, 50 * NS_PER_US)).ns;
    int64_t result = syscall_cap_enter(draw(g, RING_CQ_ENTRIES + 2), deadline);

    if (!is_documented_of_enter(result))
        say_wrong(&(struct ring_sqe){.op = RING_OP_COUNT}, result);
    count(&report->enter_count);
    if (result == STATUS_RING_FULL)
        count(&report->full_count);
    if (result == STATUS_RING_CORRUPT)
        count(&report->corrupt_count);
    (void)__atomic_fetch_add(&report->entry_count, entries, __ATOMIC_RELAXED);
    if (draw(g, 8) != 0)
        read_completions(g, index);
}

static void call_unknown(struct garbage *g)
{
    int64_t status = syscall_raw(garbage_word(g) | 4, garbage_word(g), garbage_word(g));

    if (status != STATUS_BAD_OP)
        say_wrong(&(struct ring_sqe){.op = RING_OP_COUNT}, status);
}

static int64_t work(void *argument)
{
    struct worker *worker = argument;
    struct garbage *g = &worker->garbage;

    for (;;) { /* bound: it is killed */
        uint64_t r = draw(g, 64);

        if (r < 16)
            submit(g, rt_self()->index);
        else if (r == 16)
            call_unknown(g);
        else if (r == 17 && draw(g, 16) == 0)
            return 0;
        else
            call(g);
        rt_pause();
    }
}

/* Writes where the kernel reads: to what arguments point to, and to rings of its threads. */
static void mutate(struct garbage *g)
{
    struct worker *worker = &workers[draw(g, WORKERS)];
    uint64_t r = draw(g, 16);

    if (r == 0) {
        garbage_arena_fill(&arena, &grandchild);
    } else if (r < 8) { /* not what was answered, which comes behind */
        uint64_t *words = (uint64_t *)(void *)&arena;
        uint64_t *word = &words[draw(g, offsetof(struct garbage_arena, handles) / sizeof(*words))];

        __atomic_store_n(word, draw(g, 2) == 0 ? garbage_word(g)
                                               : *word ^ UINT64_C(1) << draw(g, 64),
                         __ATOMIC_RELAXED);
    } else if (worker->gen != 0) { /* its page stays when it has ended */
        uint32_t *header = (uint32_t *)(void *)rt_ring_header(worker->index);
        uint64_t *entries = (uint64_t *)(void *)rt_ring_sq(worker->index);

        if (r == 8)
            __atomic_store_n(&header[draw(g, 4)], (uint32_t)garbage_word(g), __ATOMIC_RELEASE);
        else
            __atomic_store_n(&entries[draw(g, RING_SQ_ENTRIES * sizeof(struct ring_sqe) /
                                                  sizeof(*entries))],
                             garbage_word(g), __ATOMIC_RELEASE);
    }
}

static int64_t keep_mutating(void *argument)
{
    struct worker *worker = argument;

    while (draw(&worker->garbage, 1024) != 0) { /* bound: it is started again, and killed */
        for (uint32_t i = 0; i < 8; i++)
            mutate(&worker->garbage);
        rt_pause();
    }
    return 0;
}

static bool is_gone(const struct worker *worker)
{
    const struct telemetry_record *records =
        (const struct telemetry_record *)(TELEMETRY_BASE + sizeof(struct telemetry_header));

    return worker->gen == 0 ||
           __atomic_load_n(&records[worker->index].gen, __ATOMIC_ACQUIRE) != worker->gen;
}

/* On a stack of its own that nobody can take away.  THREADS may be gone or the ledger be full. */
static void restart(uint32_t number)
{
    struct worker *worker = &workers[number];
    struct rt_thread *thread = (struct rt_thread *)(void *)stacks[number];
    uint64_t gen = 0;

    *thread = (struct rt_thread){
        .run = number == 0 ? keep_mutating : work, .argument = worker, .canary = RT_CANARY};
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = CAP_THREADS,
        .method = THREADS_SPAWN,
        .args = {(uint64_t)(uintptr_t)rt_thread_entry,
                 (uint64_t)(uintptr_t)stacks[number] + RT_STACK_BYTES, (uint64_t)thread, 0},
    };
    int64_t index = syscall_entry(&entry, &gen);

    if (index < 0)
        return;
    worker->index = (uint32_t)index;
    worker->gen = (uint32_t)gen;
    entry.method = THREADS_DETACH; /* a sibling may have been faster, with whatever */
    entry.args[0] = worker->index;
    entry.args[1] = worker->gen;
    entry.args[2] = 0;
    (void)syscall_entry(&entry, &gen);
    __atomic_fetch_add(&report->restart_count, 1, __ATOMIC_RELAXED);
}

/* Whoever waits for ever is ended, now and then. */
static void kill_some(struct garbage *g)
{
    const struct worker *worker = &workers[draw(g, WORKERS)];
    struct ring_sqe entry = {.op = RING_OP_CALL,
                             .cap = CAP_THREADS,
                             .method = THREADS_KILL,
                             .args = {worker->index, worker->gen}};
    uint64_t value;

    (void)syscall_entry(&entry, &value);
}

static void prepare(void)
{
    grandchild = helper_child_params(2, 0);
    grandchild.gifts[0] = grandchild.gifts[--grandchild.gift_count]; /* not CONSOLE */
    grandchild.limits[LEDGER_FRAMES] = GRANDCHILD_FRAMES;
    grandchild.limits[LEDGER_THREADS] = GRANDCHILD_THREADS;
    grandchild.limits[LEDGER_OPERATIONS] = GRANDCHILD_THREADS * RING_INFLIGHT_MAX;
    grandchild.limits[LEDGER_SLOTS] = CAP_GIFTS_MAX;
    grandchild.limits[LEDGER_OBJECTS] = 4;
    grandchild.limits[LEDGER_GRANTS] = 1;
    garbage_arena_fill(&arena, &grandchild);
    for (uint32_t i = 0; i < GARBAGE_HANDLES; i++) {
        int64_t memory = rt_memory_create((1 + i % 3) * RT_PAGE_BYTES);
        bool is_first = i % GRANT_DEPTH_MAX == 0;
        int64_t grant = rt_grant_create(is_first ? CAP_CPUS : arena.handles[GARBAGE_ANY][i - 1]);
        int64_t copy = rt_copy(CAP_CPUS, (uint32_t)grant);

        arena.handles[GARBAGE_MEMORY][i] = (uint32_t)memory;
        arena.handles[GARBAGE_GRANT][i] = (uint32_t)grant;
        arena.handles[GARBAGE_ANY][i] = (uint32_t)copy;
    }
    for (uint32_t i = 0; i < GARBAGE_HANDLES; i++) {
        int64_t endpoint = rt_endpoint_create(i % 2 == 0 ? 0 : ENDPOINT_PASSIVE);
        int64_t client = rt_endpoint_mint((uint32_t)endpoint, i);

        arena.handles[GARBAGE_ENDPOINT][i] = (uint32_t)endpoint;
        arena.handles[GARBAGE_CLIENT][i] = (uint32_t)client;
    }
    arena.handles[GARBAGE_PROCESS][0] = (uint32_t)rt_process_spawn(&grandchild);
}

/* The first thread keeps the others going and has a ring too. */
static int64_t be_full_of_garbage(uint64_t word)
{
    struct garbage g = {.random = prng_seed(word), .arena = &arena};

    if (!open_report())
        return 1;
    prepare();
    for (uint32_t i = 0; i < WORKERS; i++)
        workers[i].garbage =
            (struct garbage){.random = prng_seed(word + (i + 1) * 1000), .arena = &arena};
    for (;;) { /* bound: it is killed */
        uint32_t number = (uint32_t)draw(&g, WORKERS);

        if (is_gone(&workers[number]))
            restart(number);
        if (draw(&g, 8) == 0)
            kill_some(&g);
        submit(&g, rt_self()->index);
        rt_pause();
    }
}

static int64_t end_at_once(uint64_t word)
{
    return (int64_t)word;
}

static helper_role *const roles[] = {be_full_of_garbage, be_a_neighbour, end_at_once};

/* ---- The parent ---- */

struct watched {
    uint32_t memory; /* its report's */
    uint32_t handle;
    struct report *report;
};

static struct watched watch(uint32_t number)
{
    struct watched w = {.memory = (uint32_t)rt_memory_create(sizeof(struct report))};
    uint64_t at = REPORT_AT + number * RT_PAGE_BYTES;
    int64_t status = rt_memory_map(w.memory, at, MEMORY_MAP_WRITE, NULL);

    ASSERT(status == STATUS_OK);
    w.report = (struct report *)at;
    return w;
}

static void unwatch(const struct watched *w)
{
    int64_t destroyed = rt_memory_destroy(w->memory);
    int64_t released = rt_release(w->memory);

    ASSERT(destroyed == STATUS_OK && released == STATUS_OK);
}

static void start_neighbour(struct watched *w)
{
    struct cap_process_params params = helper_child_params(1, 0);

    params.weight = WEIGHT_MAX / 2; /* its share is its own, whatever the others take */
    rt_process_give(&params, w->memory, REPORT_SLOT, CAP_NONE);
    w->handle = helper_start(&params);
}

static void start_child(struct watched *w, uint64_t seed, uint32_t grant)
{
    struct cap_process_params params = helper_child_params(0, seed & 0xffffffff);

    ASSERT(params.gifts[0].slot == CAP_CONSOLE);
    params.gifts[0] = (struct cap_gift){.from = CAP_SPAWNER, .slot = CAP_SPAWNER};
    params.limits[LEDGER_FRAMES] = CHILD_FRAMES;
    params.limits[LEDGER_GRANTS] = CHILD_GRANTS;
    params.limits[LEDGER_THREADS] = CHILD_THREADS;
    params.limits[LEDGER_OPERATIONS] = CHILD_THREADS * RING_INFLIGHT_MAX;
    rt_process_give(&params, CAP_SESSIONS, CAP_SESSIONS, CAP_NONE);
    rt_process_give(&params, w->memory, REPORT_SLOT, CAP_NONE);
    rt_process_give(&params, CAP_IRQS, CAP_IRQS, CAP_NONE);
    rt_process_give(&params, CAP_PORTS, CAP_PORTS, CAP_NONE);
    rt_process_give(&params, CAP_MACHINE, REPORT_SLOT + 1, grant);
    rt_process_give(&params, grant, REPORT_SLOT + 2, grant);
    w->handle = helper_start(&params);
}

/* Until it ends by itself, or for a while. */
static bool outlives(const struct watched *w)
{
    struct cap_process_info info = {0};

    for (uint32_t look = 0; look < LOOKS_MAX; look++) {
        helper_sleep(LOOK_NS);
        int64_t status = rt_process_info(w->handle, &info);

        ASSERT(status == STATUS_OK);
        if (info.state == PROCESS_GONE)
            return true;
    }
    return false;
}

/* All that was seen. */
static struct report sum;
static uint64_t ended_count[PROCESS_FAULTED + 1];

static void add(const struct report *r)
{
    if (sum.wrong_count == 0 && r->wrong_count > 0) {
        sum.wrong_entry = r->wrong_entry;
        sum.wrong_status = r->wrong_status;
    }
    sum.wrong_count += r->wrong_count;
    sum.restart_count += r->restart_count;
    sum.call_count += r->call_count;
    sum.entry_count += r->entry_count;
    sum.enter_count += r->enter_count;
    sum.full_count += r->full_count;
    sum.corrupt_count += r->corrupt_count;
    for (uint32_t i = 0; i < STATUSES; i++)
        sum.refused_count[i] += r->refused_count[i];
}

static void run_child(uint64_t seed)
{
    struct watched child = watch(0);
    int64_t grant = rt_grant_create(CAP_MACHINE);

    ASSERT(grant > 0);
    start_child(&child, seed, (uint32_t)grant);
    if (!outlives(&child)) {
        if (seed % 2 == 0)
            (void)rt_revoke((uint32_t)grant);
        (void)rt_process_kill(child.handle);
    }
    int64_t end = helper_end_of(child.handle);

    ASSERT(end >= PROCESS_EXITED && end <= PROCESS_FAULTED);
    ended_count[end]++;
    add(child.report);
    (void)rt_revoke((uint32_t)grant);
    (void)rt_release((uint32_t)grant);
    unwatch(&child);
}

/* One neighbour beside some children.  Returns: whether its work went on, and was right. */
static bool run_round(uint64_t seed, uint64_t children)
{
    struct watched neighbour = watch(1);
    bool has_gone_on = true;

    start_neighbour(&neighbour);
    for (uint64_t i = 0; i < children; i++) {
        uint32_t turns = __atomic_load_n(&neighbour.report->turn_count, __ATOMIC_ACQUIRE);

        run_child(seed * 1000 + i);
        helper_wait_for(&neighbour.report->turn_count, turns + 1); /* hangs if it stands still */
    }
    __atomic_store_n(&neighbour.report->stop, 1, __ATOMIC_RELEASE);
    has_gone_on = helper_finish(neighbour.handle) == 0 && neighbour.report->wrong_count == 0;
    tap_note("neighbour's turns:", neighbour.report->turn_count);
    unwatch(&neighbour);
    return has_gone_on;
}

static void say_sum(void)
{
    tap_note("fuzz_calls", (int64_t)sum.call_count);
    tap_note("fuzz_entries", (int64_t)sum.entry_count);
    tap_note("fuzz_enters", (int64_t)sum.enter_count);
    tap_note("fuzz_enters_full", (int64_t)sum.full_count);
    tap_note("fuzz_enters_corrupt", (int64_t)sum.corrupt_count);
    tap_note("fuzz_threads", sum.restart_count);
    tap_note("fuzz_killed", (int64_t)ended_count[PROCESS_KILLED]);
    tap_note("fuzz_faulted", (int64_t)ended_count[PROCESS_FAULTED]);
    tap_note("fuzz_exited", (int64_t)ended_count[PROCESS_EXITED]);
    for (uint32_t i = 0; i < STATUSES; i++)
        tap_note(status_name(-(int64_t)i), (int64_t)sum.refused_count[i]);
}

static void say_wrong_entry(void)
{
    const uint64_t *words = (const uint64_t *)(const void *)&sum.wrong_entry;

    tap_note("the first wrong answer:", sum.wrong_status);
    for (uint32_t i = 0; i < sizeof(sum.wrong_entry) / sizeof(*words); i++)
        tap_note("word of its entry:", (int64_t)words[i]);
}

int64_t rt_main(uint64_t argument)
{
    uint64_t rounds[2] = {ROUNDS, CHILDREN};
    uint64_t seed = SEED;
    uint32_t undisturbed = 0;
    uint32_t clean = 0;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    if (rt_cap_kind(CAP_CONSOLE) != CAP_KIND_CONSOLE)
        return 1; /* a grandchild whose argument was changed */
    helper_begin(4);
    helper_numbers("rounds", rounds, ARRAY_COUNT(rounds));
    helper_numbers("seed", &seed, 1);
    helper_warm(4);
    struct helper_holdings before = helper_holdings();

    for (uint64_t i = 0; i < rounds[0]; i++) {
        undisturbed += run_round(seed * 1000 + i, rounds[1]);
        clean += helper_is_as_before(&before);
    }
    tap_equal(undisturbed, (int64_t)rounds[0], "a neighbour's work goes on and is right");
    tap_equal(clean, (int64_t)rounds[0], "all that was held is back");
    if (!tap_equal(sum.wrong_count, 0, "every answer is a documented one"))
        say_wrong_entry();
    tap_ok(sum.call_count > 0 && sum.entry_count > 0, "calls and entries were made");
    say_sum();
    return tap_end();
}
