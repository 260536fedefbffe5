/* SPDX-License-Identifier: MIT */
/*
 * Six services, each calling the next, on all CPUs, while services and callers are killed and begin
 * anew: every call completes, with its answer or as broken.  Arguments: trips=N, seed=N.
 */
#include "base/assert.h"
#include "base/prng.h"
#include "user/guest_test/helper.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define SERVICES 6u
#define DRIVERS 4u /* two in registers, two by their rings */
#define MEMBERS (SERVICES + DRIVERS)
#define OUTSTANDING 4u
#define IS_PROCESS(i) ((i) == 1 || (i) == 4)
#define ENDPOINT_SLOT 20u /* of a process */
#define NEXT_SLOT 21u
#define CHAINS 3u   /* one after the other */
#define BROKEN 1    /* status of an answer: a service behind has ended */
#define TRIPS 1000u /* in all */
#define LOOK_NS (50 * NS_PER_US)
#define KILL_NS_MAX (400 * NS_PER_US)

static uint32_t endpoints[SERVICES];
static uint32_t clients[SERVICES + 1]; /* the last is none */
static struct rt_thread_ref threads[MEMBERS];
static uint32_t processes[SERVICES];
static uint64_t trips = TRIPS; /* then of each driver */

/* Of each driver, whichever thread it is: its trips that have ended, and how. */
static struct {
    uint64_t done;
    uint64_t right;
    uint64_t broken;
} drivers[DRIVERS];

/* ---- Services ---- */

static int64_t serve(uint32_t endpoint, uint32_t next)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    while (got >= 0) { /* waits in the kernel; ends with the endpoint */
        uint16_t answer = 0;

        m.words[0]++;
        if (next != CAP_NONE && rt_endpoint_call(next, 0, &m) != 0)
            answer = BROKEN;
        got = rt_endpoint_return_receive(endpoint, answer, &m);
    }
    return got;
}

static int64_t serve_as_thread(void *argument)
{
    uint32_t i = (uint32_t)(uintptr_t)argument;

    return serve(endpoints[i], clients[i + 1]);
}

static int64_t serve_as_process(uint64_t word)
{
    if (word != 0)
        helper_move_to((uint32_t)word - 1);
    return serve(ENDPOINT_SLOT, NEXT_SLOT);
}

static helper_role *const roles[] = {serve_as_process};

/* ---- Drivers ---- */

static void count(uint32_t i, int64_t status, uint64_t got, uint64_t wanted)
{
    drivers[i].right += status == 0 && got == wanted;
    drivers[i].broken += status == BROKEN || status == STATUS_DISCONNECTED;
    __atomic_store_n(&drivers[i].done, drivers[i].done + 1, __ATOMIC_RELEASE);
}

static int64_t drive_in_registers(void *argument)
{
    uint32_t i = (uint32_t)(uintptr_t)argument;

    while (drivers[i].done < trips) {
        struct rt_message m = {{drivers[i].done << SERVICES}};
        uint64_t wanted = m.words[0] + SERVICES;
        int64_t status = rt_endpoint_call(clients[0], 0, &m);

        count(i, status, m.words[0], wanted);
        rt_pause();
    }
    return 0;
}

/* Several calls at once, each with one word in its own place. */
static int64_t drive_by_ring(void *argument)
{
    uint32_t i = (uint32_t)(uintptr_t)argument;
    uint64_t *area = rt_message_area();

    while (drivers[i].done < trips) {
        struct ring_sqe entries[OUTSTANDING];
        struct ring_cqe completions[OUTSTANDING];
        uint64_t from = drivers[i].done << SERVICES;

        for (uint32_t j = 0; j < OUTSTANDING; j++) {
            entries[j] = (struct ring_sqe){.op = RING_OP_CALL,
                                           .flags = RING_FLAG_MESSAGE,
                                           .cap = clients[0],
                                           .args = {RING_MESSAGE(4 * j, 1, 4)}};
            area[4 * j] = from + j;
        }
        rt_ring_batch(entries, OUTSTANDING, completions);
        for (uint32_t j = 0; j < OUTSTANDING; j++)
            count(i, completions[j].status, area[4 * j], from + j + SERVICES);
        rt_pause();
    }
    return 0;
}

/* ---- Beginning and ending members: services, then drivers ---- */

static void begin_process(uint32_t i)
{
    uint32_t cpu = i % 2 == 0 ? i % rt_cpu_count() + 1 : 0;
    struct cap_process_params params = helper_child_params(0, cpu);

    rt_process_give(&params, endpoints[i], ENDPOINT_SLOT, CAP_NONE);
    rt_process_give(&params, clients[i + 1], NEXT_SLOT, CAP_NONE);
    processes[i] = helper_start(&params);
}

static void begin(uint32_t i)
{
    struct cap_thread_params params = i % 2 == 0 ? helper_on(i % rt_cpu_count()) : helper_params();

    if (i >= SERVICES)
        threads[i] = helper_spawn(i % 2 == 0 ? drive_in_registers : drive_by_ring,
                                  (void *)(uintptr_t)(i - SERVICES), &params);
    else if (IS_PROCESS(i))
        begin_process(i);
    else
        threads[i] = helper_spawn(serve_as_thread, (void *)(uintptr_t)i, &params);
}

static void kill(uint32_t i)
{
    if (i < SERVICES && IS_PROCESS(i)) {
        (void)rt_process_kill(processes[i]);
        (void)helper_end_of(processes[i]);
    } else {
        (void)rt_thread_kill(&threads[i]);
        (void)rt_thread_join(&threads[i], NULL);
    }
}

static bool is_over(void)
{
    for (uint32_t i = 0; i < DRIVERS; i++)
        if (__atomic_load_n(&drivers[i].done, __ATOMIC_ACQUIRE) < trips)
            return false;
    return true;
}

static void begin_all(uint32_t passive)
{
    for (uint32_t i = 0; i < SERVICES; i++) {
        endpoints[i] =
            helper_must(rt_endpoint_create((passive >> i & 1) != 0 ? ENDPOINT_PASSIVE : 0));
        clients[i] = helper_must(rt_endpoint_mint(endpoints[i], i));
    }
    for (uint32_t i = 0; i < DRIVERS; i++)
        drivers[i].done = drivers[i].right = drivers[i].broken = 0;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        begin(i);
        rt_pause();
    }
}

/* Services end because their endpoints do.  Returns: how many did so. */
static uint32_t end_all(void)
{
    uint32_t stale = 0;

    for (uint32_t i = SERVICES; i < MEMBERS; i++)
        (void)helper_join(&threads[i]);
    for (uint32_t i = 0; i < SERVICES; i++) {
        (void)rt_endpoint_destroy(endpoints[i]);
        int64_t status = IS_PROCESS(i) ? helper_finish(processes[i]) : helper_join(&threads[i]);

        stale += status == STATUS_STALE;
        (void)rt_release(endpoints[i]);
        (void)rt_release(clients[i]);
    }
    return stale;
}

/* Goal: no call is lost or answered wrongly, whoever ends meanwhile.  Method: members chosen by a
 * seed are killed and begun anew until all trips are over; a hang is seen by the hang detector. */
static void test_chain(uint32_t passive, struct prng *p, const char *what)
{
    uint64_t right = 0, broken = 0, done = 0;
    uint32_t kills = 0;

    begin_all(passive);
    for (; !is_over(); kills++) {
        uint32_t i = (uint32_t)prng_below(p, MEMBERS);

        helper_sleep(LOOK_NS + prng_below(p, KILL_NS_MAX));
        kill(i);
        begin(i);
    }
    for (uint32_t i = 0; i < DRIVERS; i++) {
        done += drivers[i].done;
        right += drivers[i].right;
        broken += drivers[i].broken;
    }
    tap_note("kills:", kills);
    tap_note("trips that were broken:", (int64_t)broken);
    /* A driver may be killed after it has counted how, and before it has counted the trip. */
    tap_ok(right + broken >= done && right + broken <= done + kills && right > 0, what);
    tap_equal(end_all(), SERVICES, "all services end with their endpoints");
}

int64_t rt_main(uint64_t argument)
{
    uint64_t seed = 1;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(CHAINS * 2 + 1);
    helper_numbers("trips", &trips, 1);
    helper_numbers("seed", &seed, 1);
    trips = trips / (CHAINS * DRIVERS * OUTSTANDING) * OUTSTANDING + OUTSTANDING;
    helper_warm(MEMBERS);
    struct prng p = prng_seed(seed);
    struct helper_holdings before = helper_holdings();

    test_chain(0, &p, "six services with contexts of their own");
    test_chain(0x3e, &p, "five passive ones behind one that is not");
    test_chain(0x1a, &p, "some of each");
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
