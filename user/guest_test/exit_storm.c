/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes that end, or are ended, in every state, many times: nothing is left of
 * them, and nobody who waited is forgotten (else this hangs).
 *
 * Arguments: cycles=PROCESSES,THREADS and seed=NUMBER.  The counts of states in which threads were
 * found are printed as notes, to be added up over seeds.
 */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define PROCESSES 100u
#define THREADS 1000u
#define SEED 1u
#define PLACES 4u   /* threads of a cycle */
#define CHILDREN 4u /* processes at once */
#define CROWD 6u    /* threads of a child, besides its first */
#define LOOK_NS (20 * NS_PER_US)
#define LINGER_NS (100 * NS_PER_US)
#define CHILD_STATUS 3

/* What a thread of a cycle is told and says. */
struct place {
    uint32_t word; /* 1: go on */
    uint32_t has_begun;
};

static struct place places[PLACES];
static struct rt_thread_ref refs[CROWD];
static uint32_t ball;
static uint64_t random_state;
static uint32_t wrong;

/* xorshift64 (Marsaglia 2003); only the first thread draws. */
static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* From nothing to LINGER_NS, so that what follows comes at any moment of what others do. */
static void linger(void)
{
    uint64_t r = draw();
    uint64_t amount = r >> 8;

    switch (r % 4) {
    case 0:
        return;
    case 1:
        for (uint32_t i = 0; i < amount % 32; i++)
            rt_pause();
        return;
    case 2:
        for (uint32_t i = 0; i < amount % 8; i++)
            rt_burn();
        return;
    default:
        helper_sleep(amount % LINGER_NS);
    }
}

static void expect(bool is_right)
{
    wrong += !is_right;
}

/* ---- Victims ---- */

static void begin(struct place *place)
{
    __atomic_store_n(&place->has_begun, 1, __ATOMIC_RELEASE);
}

static bool must_go_on(struct place *place)
{
    return __atomic_load_n(&place->word, __ATOMIC_ACQUIRE) == 0;
}

static int64_t park(void *argument)
{
    struct place *place = argument;

    begin(place);
    while (must_go_on(place))
        (void)rt_park(&place->word, 0, RT_NO_DEADLINE);
    return 0;
}

static int64_t spin(void *argument)
{
    begin(argument);
    while (must_go_on(argument))
        rt_burn();
    return 0;
}

static int64_t nap(void *argument)
{
    begin(argument);
    while (must_go_on(argument))
        helper_sleep(1000 * NS_PER_S);
    return 0;
}

static int64_t leave(void *argument)
{
    (void)argument;
    return 0;
}

static int64_t kill_itself(void *argument)
{
    struct rt_thread_ref self = rt_thread_self();

    (void)argument;
    (void)rt_thread_kill(&self);
    return 0;
}

/* Two that wait for each other in turn. */
static int64_t play(void *argument)
{
    struct place *place = argument;
    uint32_t side = (uint32_t)(place - places) % 2;

    begin(place);
    while (must_go_on(place)) {
        uint32_t seen = __atomic_load_n(&ball, __ATOMIC_ACQUIRE);

        if (seen % 2 != side) {
            (void)rt_park(&ball, seen, RT_NO_DEADLINE);
            continue;
        }
        __atomic_store_n(&ball, seen + 1, __ATOMIC_RELEASE);
        (void)rt_unpark(&ball, 1);
        rt_pause();
    }
    return 0;
}

/* To and fro all the time, between the CPUs in the middle if there are any: the first has its
 * killer, the last the hog. */
static int64_t wander(void *argument)
{
    uint32_t first = rt_cpu_count() / 2 - rt_cpu_count() / 4;
    uint32_t cpu_count = rt_cpu_count() / 2 + 1;

    begin(argument);
    for (uint32_t turn = 0; must_go_on(argument); turn++)
        helper_move_to((first + turn % 2) % cpu_count);
    return 0;
}

static int64_t join_other(void *argument)
{
    return rt_thread_join(argument, NULL);
}

/* ---- One cycle of threads ---- */

static uint32_t last_cpu(void)
{
    return rt_cpu_count() - 1;
}

static void start(uint32_t number, int64_t (*run)(void *argument), uint32_t cpu)
{
    struct cap_thread_params params = helper_on(cpu);

    places[number] = (struct place){0};
    refs[number] = helper_spawn(run, &places[number], &params);
}

static void wait_until_begun(uint32_t number)
{
    while (__atomic_load_n(&places[number].has_begun, __ATOMIC_ACQUIRE) == 0) {
        helper_sleep(LOOK_NS);
        rt_pause();
    }
}

static void let_go(uint32_t number)
{
    __atomic_store_n(&places[number].word, 1, __ATOMIC_RELEASE);
    (void)rt_unpark(&places[number].word, 1);
}

static void kill(uint32_t number)
{
    expect(rt_thread_kill(&refs[number]) == STATUS_OK);
}

static void join_killed(uint32_t number)
{
    expect(rt_thread_join(&refs[number], NULL) == STATUS_KILLED);
}

static void cycle_blocked(void)
{
    start(0, draw() % 2 == 0 ? park : nap, (uint32_t)(draw() % rt_cpu_count()));
    wait_until_begun(0);
    linger();
    kill(0);
    join_killed(0);
}

/* Behind this thread on its CPU, or behind the hog on the last one. */
static void cycle_queued(void)
{
    start(0, spin, draw() % 2 == 0 ? 0 : last_cpu());
    linger();
    kill(0);
    join_killed(0);
}

/* Woken for another CPU, which has not seen it yet. */
static void cycle_inbox(void)
{
    start(0, park, last_cpu());
    wait_until_begun(0);
    helper_sleep(LOOK_NS);
    let_go(0);
    if (draw() % 4 == 0)
        rt_pause();
    int64_t killed = rt_thread_kill(&refs[0]);
    int64_t joined = rt_thread_join(&refs[0], NULL);

    expect(killed == STATUS_OK || killed == STATUS_STALE);
    expect(joined == STATUS_KILLED || joined == STATUS_OK);
}

static void cycle_running(void)
{
    start(0, spin, (uint32_t)(draw() % rt_cpu_count()));
    wait_until_begun(0);
    linger();
    kill(0);
    join_killed(0);
}

/* Threads that move themselves, found on their way. */
static void cycle_wandering(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        start(i, wander, (uint32_t)(draw() % rt_cpu_count()));
        wait_until_begun(i);
        linger();
        kill(i);
    }
    for (uint32_t i = 0; i < PLACES; i++)
        join_killed(i);
}

/* Threads behind the hog, which others take as soon as they may. */
static void cycle_migrating(void)
{
    struct cpumask all = helper_all();

    for (uint32_t i = 0; i < PLACES; i++)
        start(i, spin, last_cpu());
    for (uint32_t i = 0; i < PLACES; i++) {
        struct cpumask one = helper_only((uint32_t)(draw() % rt_cpu_count()));

        expect(rt_set_mask(&refs[i], draw() % 2 == 0 ? &all : &one) == STATUS_OK);
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        linger();
        kill(i);
    }
    for (uint32_t i = 0; i < PLACES; i++)
        join_killed(i);
}

static void cycle_joined(void)
{
    struct rt_thread_ref joiner;

    start(0, park, (uint32_t)(draw() % rt_cpu_count()));
    joiner = helper_spawn(join_other, &refs[0], NULL);
    linger();
    switch (draw() % 3) {
    case 0: /* the victim */
        kill(0);
        expect(helper_join(&joiner) == STATUS_KILLED);
        return;
    case 1: /* nobody */
        let_go(0);
        expect(helper_join(&joiner) == STATUS_OK);
        return;
    default: /* the joiner */
        expect(rt_thread_kill(&joiner) == STATUS_OK);
        expect(rt_thread_join(&joiner, NULL) == STATUS_KILLED);
        let_go(0);
        expect(rt_thread_join(&refs[0], NULL) == STATUS_OK);
    }
}

/* Ended by itself and by another at the same time. */
static void cycle_ending(void)
{
    start(0, draw() % 2 == 0 ? leave : kill_itself, (uint32_t)(draw() % rt_cpu_count()));
    linger();
    int64_t killed = rt_thread_kill(&refs[0]);
    int64_t joined = rt_thread_join(&refs[0], NULL);

    expect(killed == STATUS_OK || killed == STATUS_STALE);
    expect(joined == STATUS_OK || joined == STATUS_KILLED);
}

static void cycle_detached(void)
{
    bool is_first = draw() % 2 == 0;

    start(0, draw() % 2 == 0 ? park : spin, (uint32_t)(draw() % rt_cpu_count()));
    if (is_first)
        expect(rt_thread_detach(&refs[0]) == STATUS_OK);
    linger();
    kill(0);
    if (!is_first)
        expect(rt_thread_detach(&refs[0]) == STATUS_OK);
}

static void cycle_playing(void)
{
    start(0, play, 0);
    start(1, play, last_cpu());
    linger();
    helper_sleep(LOOK_NS);
    kill(0);
    linger();
    kill(1);
    join_killed(1);
    join_killed(0);
}

static void storm_of_threads(uint64_t cycles)
{
    static void (*const kinds[])(void) = {cycle_blocked,   cycle_queued, cycle_inbox,
                                          cycle_running,   cycle_joined, cycle_migrating,
                                          cycle_ending,    cycle_detached, cycle_playing,
                                          cycle_wandering};
    struct cap_thread_params params = helper_on(last_cpu());
    struct place hog_place = {0};
    struct rt_thread_ref hog;

    helper_move_to(0);
    hog = helper_spawn(spin, &hog_place, &params);
    for (uint64_t i = 0; i < cycles; i++) {
        kinds[i % ARRAY_COUNT(kinds)]();
        rt_pause();
    }
    __atomic_store_n(&hog_place.word, 1, __ATOMIC_RELEASE);
    (void)helper_join(&hog);
    helper_move_anywhere();
}

/* ---- What children do ---- */

enum how { RETURN, FAULT, HANG, CHURN, LEAVE, HOW_COUNT };

/* Threads come and go until it is killed. */
static void churn(void)
{
    for (;;) { /* bound: it is killed */
        struct rt_thread_ref ref = helper_spawn(leave, NULL, NULL);

        if (draw() % 2 == 0)
            (void)rt_thread_kill(&ref);
        (void)rt_thread_join(&ref, NULL);
        rt_pause();
    }
}

/* Its threads are sent from CPU to CPU until it is killed. */
static void drive_about(void)
{
    for (;;) { /* bound: it is killed */
        struct cpumask one = helper_only((uint32_t)(draw() % rt_cpu_count()));

        if (rt_set_mask(&refs[draw() % CROWD], &one) == STATUS_OK)
            linger();
        rt_pause();
    }
}

/* A thread of each kind, in an order of its own; then an end as the parent wants it. */
static int64_t be_a_crowd(uint64_t word)
{
    static struct place crowd_places[CROWD];

    random_state = word | 1;
    for (uint32_t i = 0; i < CROWD; i++) {
        static int64_t (*const members[])(void *argument) = {park, spin, nap, wander};
        struct cap_thread_params params = helper_on((uint32_t)(draw() % rt_cpu_count()));
        bool is_joiner = i > 0 && draw() % 4 == 0;

        refs[i] = is_joiner ? helper_spawn(join_other, &refs[i - 1], &params)
                            : helper_spawn(members[draw() % ARRAY_COUNT(members)],
                                           &crowd_places[i], draw() % 2 == 0 ? &params : NULL);
    }
    linger();
    switch ((enum how)(word % HOW_COUNT)) {
    case FAULT:
        __builtin_trap();
    case HANG:
        drive_about();
        break;
    case CHURN:
        churn();
        break;
    case LEAVE:
        rt_thread_exit(0); /* the others go on */
    case RETURN:
    case HOW_COUNT:
        break;
    }
    return CHILD_STATUS;
}

static helper_role *const roles[] = {be_a_crowd};

/* ---- Cycles of processes ---- */

struct child {
    uint32_t handle; /* CAP_NONE: none */
    enum how how;
    bool has_waiter;
    struct rt_thread_ref waiter;
};

static int64_t wait_for_child(void *argument)
{
    const struct child *child = argument;

    return rt_process_wait(child->handle, NULL);
}

static void start_child(struct child *child)
{
    uint64_t word = draw() >> HELPER_ROLE_BITS;
    struct cap_process_params params = helper_child_params(0, word);

    child->how = (enum how)(word % HOW_COUNT);
    child->handle = helper_start(&params);
    child->has_waiter = draw() % 2 == 0;
    if (child->has_waiter)
        child->waiter = helper_spawn(wait_for_child, child, NULL);
}

static bool may_end_so(const struct child *child, bool is_killed, int64_t end, int64_t exit_status)
{
    if (end == PROCESS_KILLED)
        return is_killed;
    if (child->how == RETURN)
        return end == PROCESS_EXITED && exit_status == CHILD_STATUS;
    return child->how == FAULT && end == PROCESS_FAULTED;
}

static void finish_child(struct child *child)
{
    bool is_killed = (child->how != RETURN && child->how != FAULT) || draw() % 4 == 0;
    struct cap_process_info info = {0};
    int64_t exit_status = 0;

    if (child->handle == CAP_NONE)
        return;
    if (is_killed) {
        int64_t killed = rt_process_kill(child->handle);

        expect(killed == STATUS_OK || killed == STATUS_STALE);
    }
    int64_t end = rt_process_wait(child->handle, &exit_status);

    expect(may_end_so(child, is_killed, end, exit_status));
    expect(rt_process_info(child->handle, &info) == STATUS_OK && info.state == PROCESS_GONE &&
           info.live_count == 0);
    if (child->has_waiter)
        expect(helper_join(&child->waiter) == end);
    expect(rt_release(child->handle) == STATUS_OK);
    child->handle = CAP_NONE;
}

static void storm_of_processes(uint64_t cycles)
{
    static struct child children[CHILDREN];

    for (uint64_t i = 0; i < cycles; i++) {
        struct child *child = &children[i % CHILDREN];

        finish_child(child);
        start_child(child);
        for (uint64_t more = draw() % 4; more > 0; more--) /* at most 3 */
            linger();
        rt_pause();
    }
    for (uint32_t i = 0; i < CHILDREN; i++)
        finish_child(&children[i]);
}

/* ---- The whole ---- */

static void say_counts(const struct cap_machine_stat *a, const struct cap_machine_stat *b)
{
#define SAY(name) tap_note(#name, (int64_t)(b->name##_count - a->name##_count))
    SAY(thread_exit);
    SAY(thread_kill);
    SAY(process_end);
    SAY(stale_wake);
    SAY(ended_new);
    SAY(ended_blocked);
    SAY(ended_queued);
    SAY(ended_inbox);
    SAY(ended_running);
    SAY(ended_migrating);
    SAY(ended_joined);
    SAY(ended_waited);
#undef SAY
}

int64_t rt_main(uint64_t argument)
{
    uint64_t cycles[2] = {PROCESSES, THREADS};
    uint64_t seed = SEED;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(4);
    helper_numbers("cycles", cycles, ARRAY_COUNT(cycles));
    helper_numbers("seed", &seed, 1);
    random_state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;

    helper_warm(64); /* some detached ones may have ended and not be gone yet */
    storm_of_processes(CHILDREN);
    wrong = 0;
    struct helper_holdings before = helper_holdings();

    storm_of_threads(cycles[1]);
    tap_equal(wrong, 0, "threads end in every state, and are told as they ended");
    wrong = 0;
    storm_of_processes(cycles[0]);
    tap_equal(wrong, 0, "processes end in every state, and are told as they ended");
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    struct helper_holdings after = helper_holdings();

    tap_equal((int64_t)after.stat.stale_entry_count, 0, "no queue holds a thread that has ended");
    say_counts(&before.stat, &after.stat);
    return tap_end();
}
