/* SPDX-License-Identifier: MIT */
/*
 * Threads that fault again and again, each fault answered at once, while they, who answers, their
 * processes and the endpoint end at any moment: nobody is forgotten (else this hangs), nothing is
 * left.  Arguments: cycles=N, seed=N.
 */
#include "base/assert.h"
#include "base/prng.h"
#include "user/guest_test/helper.h"
#include "user/rt/fault.h"
#include "user/rt/program.h"

#define CYCLES 120u
#define FAULTING 3u
#define MENDERS 2u
#define CLIENT_SLOT 20u
#define LINGER_NS (200 * NS_PER_US)

/* Nothing is ever mapped there, so RESUME is another fault. */
void fault_here(uint64_t address);
__asm__(".pushsection .text\nfault_here: movb (%rdi), %al\n\tret\n.popsection");

static struct prng random_state;
static uint32_t endpoint, client;
static uint32_t answered; /* faults, in all */
static struct rt_thread_ref menders[MENDERS];
static uint32_t wrong;

static void expect(bool is_right)
{
    wrong += !is_right;
}

static uint64_t below(uint64_t limit)
{
    return prng_below(&random_state, limit);
}

static void linger(void)
{
    if (below(4) == 0)
        return;
    if (below(2) == 0)
        rt_burn();
    else
        helper_sleep(below(LINGER_NS));
}

/* ---- Who faults, and who answers ---- */

static int64_t fault_as_thread(void *argument)
{
    (void)argument;
    fault_here(0);
    return 0;
}

static int64_t mend(void *argument)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    (void)argument;
    while (got == RECEIVED_FAULT) { /* waits in the kernel; ends with the endpoint */
        (void)__atomic_add_fetch(&answered, 1, __ATOMIC_RELAXED);
        rt_pause();
        got = rt_fault_resume_receive(endpoint, &m);
    }
    return got;
}

/* A process all of whose threads fault. */
static int64_t be_a_crowd(uint64_t word)
{
    struct cap_thread_params params = helper_params();

    (void)word;
    params.fault_client = CLIENT_SLOT;
    for (uint32_t i = 1; i < FAULTING; i++) {
        struct rt_thread_ref ref;

        if (rt_thread_spawn(&ref, fault_as_thread, NULL, &params) != STATUS_OK)
            break; /* the endpoint has ended */
    }
    fault_here(0);
    return 0;
}

static helper_role *const roles[] = {be_a_crowd};

/* ---- One cycle ---- */

static struct cap_thread_params somewhere(void)
{
    return below(2) == 0 ? helper_params() : helper_on((uint32_t)below(rt_cpu_count()));
}

static void begin(void)
{
    endpoint = helper_must(rt_endpoint_create(below(2) == 0 ? 0 : ENDPOINT_PASSIVE));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    for (uint32_t i = 0; i < MENDERS; i++) {
        struct cap_thread_params params = somewhere();

        menders[i] = helper_spawn(mend, NULL, &params);
    }
}

/* The endpoint ends, and with it who answers. */
static void destroy(void)
{
    expect(rt_endpoint_destroy(endpoint) == STATUS_OK);
    helper_release(endpoint);
    helper_release(client);
}

/* Threads that are killed; whoever answers is not, or this process would end. */
static void cycle_threads(void)
{
    struct rt_thread_ref refs[FAULTING];
    uint64_t turn = below(FAULTING);

    begin();
    for (uint32_t i = 0; i < FAULTING; i++) {
        struct cap_thread_params params = somewhere();

        params.fault_client = client;
        refs[i] = helper_spawn(fault_as_thread, NULL, &params);
    }
    for (uint32_t i = 0; i < FAULTING; i++) {
        linger();
        expect(rt_thread_kill(&refs[(i + turn) % FAULTING]) == STATUS_OK);
    }
    for (uint32_t i = 0; i < FAULTING; i++)
        expect(rt_thread_join(&refs[i], NULL) == STATUS_KILLED);
    destroy();
    for (uint32_t i = 0; i < MENDERS; i++)
        expect(helper_join(&menders[i]) == STATUS_STALE);
}

enum how { KILL, KILL_MENDERS, DESTROY, HOW_COUNT };

/* A process that ends, or who answers it, or the endpoint. */
static void cycle_process(enum how how)
{
    struct cap_process_params params = helper_child_params(0, 0);

    begin();
    rt_process_give(&params, client, CLIENT_SLOT, CAP_NONE);
    params.fault_client = client;
    uint32_t child = helper_start(&params);

    linger();
    if (how == KILL)
        expect(rt_process_kill(child) == STATUS_OK);
    for (uint32_t i = 0; how == KILL_MENDERS && i < MENDERS; i++) {
        linger();
        expect(rt_thread_kill(&menders[i]) == STATUS_OK);
    }
    if (how == KILL)
        expect(helper_end_of(child) == PROCESS_KILLED);
    destroy(); /* who waits in the line has nobody else to end it */
    if (how != KILL)
        expect(helper_end_of(child) == PROCESS_FAULTED);
    for (uint32_t i = 0; i < MENDERS; i++)
        expect(rt_thread_join(&menders[i], NULL) ==
               (how == KILL_MENDERS ? STATUS_KILLED : STATUS_OK));
}

static void storm(uint64_t cycles)
{
    for (uint64_t i = 0; i < cycles; i++) {
        if (i % 2 == 0)
            cycle_threads();
        else
            cycle_process((enum how)below(HOW_COUNT));
        rt_pause();
    }
}

int64_t rt_main(uint64_t argument)
{
    uint64_t cycles = CYCLES, seed = 1;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(3);
    helper_numbers("cycles", &cycles, 1);
    helper_numbers("seed", &seed, 1);
    random_state = prng_seed(seed);
    helper_warm(FAULTING + MENDERS);
    storm(4);
    wrong = answered = 0;
    struct helper_holdings before = helper_holdings();

    storm(cycles);
    tap_equal(wrong, 0, "whoever ends, all the others are told as they should be");
    tap_ok(answered > cycles, "and meanwhile faults are answered");
    tap_note("faults", answered);
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
