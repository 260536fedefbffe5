/* SPDX-License-Identifier: MIT */
/* Whatever ends a fault's wait - an answer, an endpoint, a handler, who faults - ends it, once. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/entry.h"
#include "user/rt/fault.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define CLIENT_SLOT 20u
#define SERVE_SLOT 21u
#define PAGE_FAULT 14u /* Intel SDM volume 3, table 6-1 */
#define COOKIE 7u
#define LOOK_NS (200 * NS_PER_US)

enum role { FAULT, HOLD, OWN };

/* What a child of role FAULT does before it faults. */
enum before { CALLS = 1, SETS = 2, CALLS_AGAIN = 4, UNSETS = 8, SLEEPS = 16 };

/* Its first instruction faults where nothing is mapped. */
void fault_here(uint64_t address);
__asm__(".pushsection .text\nfault_here: movb (%rdi), %al\n\tret\n.popsection");

static uint32_t endpoint, client;

static void make(uint32_t flags)
{
    endpoint = helper_must(rt_endpoint_create(flags));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
}

static void unmake(void)
{
    (void)rt_endpoint_destroy(endpoint);
    helper_release(endpoint);
    helper_release(client);
}

/* A hang detector ends what never comes. */
static void wait_for(uint32_t waiting, uint32_t serving, uint32_t receivers)
{
    for (;;) {
        struct cap_endpoint_stat stat = helper_endpoint_stat(endpoint);

        if (stat.waiting == waiting && stat.serving == serving && stat.receivers == receivers)
            return;
        rt_pause();
        helper_sleep(LOOK_NS);
    }
}

/* ---- What children do ---- */

static int64_t call_parent(void)
{
    struct rt_message m = {{0}};

    return rt_endpoint_call(CLIENT_SLOT, 0, &m);
}

static void sleep_in_ring(void)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct ring_sqe entry = {.op = RING_OP_SLEEP_UNTIL, .args = {RING_NO_DEADLINE}};

        uint64_t ticket = rt_ring_submit(&entry);

        ASSERT(ticket == i);
    }
    rt_ring_enter();
}

static int64_t fault(uint64_t before)
{
    struct rt_thread_ref self = rt_thread_self();

    if ((before & CALLS) != 0)
        (void)call_parent();
    if ((before & SETS) != 0 &&
        rt_fault_set(CAP_NONE, &self, CLIENT_SLOT, COOKIE) != STATUS_OK)
        return 1;
    if ((before & CALLS_AGAIN) != 0)
        (void)call_parent();
    if ((before & UNSETS) != 0 && rt_fault_set(CAP_NONE, &self, CAP_NONE, 0) != STATUS_OK)
        return 2;
    if ((before & SLEEPS) != 0)
        sleep_in_ring();
    fault_here(0);
    return 3;
}

/* Receives one message and never answers. */
static int64_t hold(uint64_t word)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(SERVE_SLOT, &m);

    (void)word;
    ASSERT(got >= 0);
    helper_hang();
}

/* Gives its parent a client of an endpoint of its own, where it never receives. */
static int64_t own(uint64_t word)
{
    struct ring_sqe send = {.op = RING_OP_SEND, .cap = CLIENT_SLOT, .flags = RING_FLAG_NARROW};

    (void)word;
    send.args[3] = RING_GIFT(helper_must(rt_endpoint_create(0)), CAP_NONE);
    int64_t sent = rt_message_do(&send);

    ASSERT(sent == STATUS_OK);
    helper_hang();
}

static helper_role *const roles[] = {fault, hold, own};

static uint32_t start_by(uint64_t before, uint32_t handle, uint32_t grant)
{
    struct cap_process_params params = helper_child_params(FAULT, before);

    rt_process_give(&params, handle, CLIENT_SLOT, grant);
    return helper_start(&params);
}

static uint32_t start(uint64_t before)
{
    return start_by(before, client, CAP_NONE);
}

/* Start one, and receive its fault. */
static uint32_t receive_fault(struct rt_message *m)
{
    uint32_t child = start(SETS);
    int64_t got = rt_endpoint_receive(endpoint, m);

    ASSERT(got == RECEIVED_FAULT);
    ASSERT(rt_fault_of(m).pc == (uint64_t)(uintptr_t)fault_here);
    return child;
}

/* It has ended by that fault, as it would have without an endpoint. */
static void expect_faulted(uint32_t child, const char *what)
{
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);
    int64_t status = rt_process_info(child, &info);

    helper_release(child);
    if (!tap_ok(end == PROCESS_FAULTED && status == STATUS_OK && info.fault_vector == PAGE_FAULT &&
                    info.fault_address == 0 && info.fault_thread == 0 &&
                    info.fault_pc == (uint64_t)(uintptr_t)fault_here,
                what))
        tap_note("it ended with", end);
}

/* ---- Answers ---- */

static const struct {
    const char *what;
    uint16_t status;
    uint64_t word;
} answers[] = {
    {"END", 0, FAULT_END},
    {"another word", 0, FAULT_RESUME + 1},
    {"the message's own word", 0, PAGE_FAULT | FAULT_READ},
    {"RESUME with another status", 1, FAULT_RESUME},
};

/* Goal: whatever is not RESUME ends the process.  Method: each. */
static void test_answers(void)
{
    make(0);
    for (uint32_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct rt_message m;
        uint32_t child = receive_fault(&m);

        m = (struct rt_message){{answers[i].word}};
        (void)rt_endpoint_return(answers[i].status, &m);
        expect_faulted(child, answers[i].what);
    }
    unmake();
}

/* Goal: an answer that has no place is refused, and another can follow.  Method: five words; a
 * capability; RESUME, after which the same fault comes again, as nothing was mended. */
static void test_refused_answers(void)
{
    struct rt_message m;

    make(0);
    uint32_t child = receive_fault(&m);
    struct ring_sqe entry = {
        .op = RING_OP_RETURN,
        .flags = RING_FLAG_MESSAGE,
        .args = {RING_MESSAGE(0, RT_MESSAGE_WORDS + 1, 0)},
    };

    tap_equal(rt_message_do(&entry), STATUS_TOO_LONG, "an answer of five words is refused");
    entry = (struct ring_sqe){.op = RING_OP_RETURN,
                              .flags = RING_FLAG_COPY,
                              .args = {FAULT_RESUME, 0, 0, RING_GIFT(client, CAP_NONE)}};
    tap_equal(rt_message_do(&entry), STATUS_NOT_ACCEPTED, "and one with a capability");
    int64_t got = rt_fault_resume_receive(endpoint, &m);

    tap_ok(got == RECEIVED_FAULT && m.words[1] == 0 && m.words[3] == COOKIE,
           "RESUME with nothing mended: the same fault again");
    (void)rt_fault_end();
    expect_faulted(child, "then END");
    unmake();
}

/* ---- What is taken away ---- */

/* Goal: an endpoint that ends takes along who waits there.  Method: DESTROY while a fault is in the
 * line, received, and before it. */
static void test_destroy(void)
{
    struct rt_message m;

    make(0);
    uint32_t child = start(SETS);

    wait_for(1, 0, 0);
    (void)rt_endpoint_destroy(endpoint);
    expect_faulted(child, "the endpoint ends while the fault is in the line");
    unmake();
    make(0);
    child = receive_fault(&m);
    (void)rt_endpoint_destroy(endpoint);
    expect_faulted(child, "and while it is received");
    tap_equal(rt_fault_resume(), STATUS_STALE, "the answer comes too late");
    unmake();
    make(0);
    child = start(SETS | CALLS_AGAIN);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got == 0);
    (void)rt_endpoint_destroy(endpoint);
    expect_faulted(child, "and before there is a fault");
    unmake();
}

/* Goal: so does a grant.  Method: a client that was given through it; REVOKE, in the line and
 * received. */
static void test_revoke(void)
{
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct rt_message m;

        make(0);
        uint32_t grant = helper_must(rt_grant_create(client));
        uint32_t child = start_by(SETS, client, grant);

        wait_for(1, 0, 0);
        if (turn == 1) {
            int64_t got = rt_endpoint_receive(endpoint, &m);

            ASSERT(got == RECEIVED_FAULT);
        }
        int64_t status = rt_revoke(grant);

        ASSERT(status == STATUS_OK);
        expect_faulted(child, turn == 0 ? "a client is revoked while the fault is in the line"
                                        : "and while it is received");
        helper_release(grant);
        unmake();
    }
}

/* Goal: the end of a handler, and of an endpoint's owner, is the end.  Method: a child that has
 * received the fault is killed; one whose endpoint has it in its line. */
static void test_handlers_end(void)
{
    struct ring_sqe receive = {.op = RING_OP_RECV, .flags = RING_FLAG_ACCEPT};

    make(0);
    struct cap_process_params params = helper_child_params(HOLD, 0);

    rt_process_give(&params, endpoint, SERVE_SLOT, CAP_NONE);
    uint32_t handler = helper_start(&params);
    uint32_t child = start(SETS);

    wait_for(0, 1, 0);
    (void)rt_process_kill(handler);
    expect_faulted(child, "a handler's process is killed that has received the fault");
    tap_equal(helper_end_of(handler), PROCESS_KILLED, "which is all that it notices");

    params = helper_child_params(OWN, 0);
    rt_process_give(&params, client, CLIENT_SLOT, CAP_NONE);
    handler = helper_start(&params);
    receive.cap = endpoint;
    int64_t got = rt_message_do(&receive);

    ASSERT(got == (RECEIVED_SEND | RECEIVED_GIFT));
    uint32_t given = (uint32_t)receive.args[3];

    child = start_by(SETS, given, CAP_NONE);
    helper_sleep(NS_PER_MS); /* time enough to fault; if not, the endpoint has ended before */
    (void)rt_process_kill(handler);
    expect_faulted(child, "the owner of the endpoint is killed, the fault being in the line");
    (void)helper_end_of(handler);
    helper_release(given);
    unmake();
}

/* Receives with place for two words. */
static int64_t receive_little(void *argument)
{
    struct ring_sqe entry = {.op = RING_OP_RECV, .flags = RING_FLAG_MESSAGE, .cap = endpoint};

    (void)argument;
    entry.args[0] = RING_MESSAGE(0, 0, 2);
    return rt_message_do(&entry);
}

/* Goal: a fault that cannot be told ends the process.  Method: a receiver with too little place;
 * all operations of its ring in flight; no endpoint any more. */
static void test_untold(void)
{
    make(0);
    struct rt_thread_ref ref = helper_spawn(receive_little, NULL, NULL);

    wait_for(0, 0, 1);
    expect_faulted(start(SETS), "who receives has no place for four words");
    wait_for(0, 0, 1);
    (void)rt_endpoint_destroy(endpoint);
    tap_equal(helper_join(&ref), STATUS_STALE, "who receives goes on receiving");
    unmake();
    make(0);
    expect_faulted(start(SETS | SLEEPS), "its ring has all its operations in flight");
    expect_faulted(start(SETS | UNSETS), "its endpoint was taken away from it");
    struct cap_endpoint_stat stat = helper_endpoint_stat(endpoint);

    tap_equal((int64_t)(stat.received + stat.waiting), 0, "of these nothing was told");
    unmake();
}

/* ---- Who faults is killed ---- */

static void kill_child(uint32_t child, const char *what)
{
    (void)rt_process_kill(child);
    tap_equal(helper_end_of(child), PROCESS_KILLED, what);
    tap_equal(rt_fault_resume(), STATUS_STALE, "nobody is answered");
    wait_for(0, 0, 0);
    unmake();
}

/* Goal: who waits in a fault can be killed.  Method: in the line; received; received by who runs on
 * its context. */
static void test_killed(void)
{
    struct rt_message m;

    make(0);
    uint32_t child = start(SETS);

    wait_for(1, 0, 0);
    kill_child(child, "a process is killed whose fault is in the line");
    make(0);
    child = receive_fault(&m);
    kill_child(child, "and one whose fault is received");
    make(ENDPOINT_PASSIVE);
    child = receive_fault(&m);
    kill_child(child, "by who runs on its context");
}

static int64_t fault_as_thread(void *argument)
{
    (void)argument;
    fault_here(0);
    return 0;
}

/* Sets its own, faults, and would have to answer. */
static int64_t fault_for_itself(void *argument)
{
    struct rt_thread_ref self = rt_thread_self();

    (void)argument;
    if (rt_fault_set(CAP_NONE, &self, client, COOKIE) != STATUS_OK)
        return 1;
    fault_here(0);
    return 2;
}

static void kill_thread(const struct rt_thread_ref *ref, const char *what)
{
    (void)rt_thread_kill(ref);
    tap_equal(rt_thread_join(ref, NULL), STATUS_KILLED, what);
    wait_for(0, 0, 0);
    unmake();
}

/* Goal: the same of a thread, and the process goes on; so who waits for itself can be freed.
 * Method: in the line, received, its own only receiver. */
static void test_thread_killed(void)
{
    struct cap_thread_params params = helper_params();
    struct rt_message m;

    make(0);
    params.fault_client = client;
    struct rt_thread_ref ref = helper_spawn(fault_as_thread, NULL, &params);

    wait_for(1, 0, 0);
    kill_thread(&ref, "a thread is killed whose fault is in the line");
    make(0);
    params.fault_client = client;
    ref = helper_spawn(fault_as_thread, NULL, &params);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got == RECEIVED_FAULT);
    kill_thread(&ref, "and one whose fault is received");
    for (uint32_t flags = 0; flags <= ENDPOINT_PASSIVE; flags += ENDPOINT_PASSIVE) {
        make(flags);
        ref = helper_spawn(fault_for_itself, NULL, NULL);
        wait_for(1, 0, 0);
        kill_thread(&ref, "and one that waits for itself");
    }
}

/* ---- Setting ---- */

static int64_t set(uint32_t process, uint32_t gen, uint32_t handle, uint64_t cookie)
{
    struct rt_thread_ref ref = {.index = 0, .gen = gen};

    return rt_fault_set(process, &ref, handle, cookie);
}

/* Goal: each refusal.  Method: of this process's first thread, whose endpoint stays none. */
static void test_refused_settings(void)
{
    struct cap_thread_params params = helper_params();
    struct rt_thread_ref ref;

    make(0);
    tap_equal(set(CAP_NONE, 1, endpoint, 0), STATUS_BAD_CAP, "an ENDPOINT is not to be called");
    tap_equal(set(CAP_NONE, 1, CAP_LEDGER, 0), STATUS_BAD_CAP, "nor is another object");
    tap_equal(set(CAP_NONE, 1, CAP_NONE, 1), STATUS_BAD_ARGUMENT, "a cookie for no endpoint");
    tap_equal(set(CAP_NONE, 2, client, 0), STATUS_STALE, "a thread that there is not");
    struct ring_sqe entry = {.op = RING_OP_CALL,
                             .cap = CAP_THREADS,
                             .method = THREADS_SET_FAULT,
                             .args = {0, 1, client | UINT64_C(1) << 32, 0}};

    tap_equal(rt_entry_do(&entry, NULL), STATUS_BAD_CAP, "a handle that is too wide");
    params.fault_client = endpoint;
    tap_equal(rt_thread_spawn(&ref, fault_as_thread, NULL, &params), STATUS_BAD_CAP,
              "a new thread with one that is not to be called");
    struct cap_process_params child = helper_child_params(FAULT, 0);

    child.fault_client = endpoint;
    tap_equal(rt_process_spawn(&child), STATUS_BAD_CAP, "a new process with such a one");
    child.fault_client = CAP_NONE;
    child.fault_cookie = 1;
    tap_equal(rt_process_spawn(&child), STATUS_BAD_ARGUMENT, "and with a cookie for none");
    (void)rt_endpoint_destroy(endpoint);
    tap_equal(set(CAP_NONE, 1, client, 0), STATUS_STALE, "an endpoint that has ended");
    helper_release(endpoint);
    helper_release(client);
    tap_equal(set(CAP_NONE, 1, client, 0), STATUS_STALE, "a handle that was released");
}

/* Goal: who holds a process can set it for a thread of that.  Method: a child that waits for it, by
 * a call; its refusals. */
static void test_for_another(void)
{
    struct rt_message m;

    make(0);
    uint32_t child = start(CALLS);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got == 0);
    tap_equal(set(child, 2, client, 0), STATUS_STALE, "a thread that another process has not");
    tap_equal(set(child, 1, endpoint, 0), STATUS_BAD_CAP, "an ENDPOINT is not to be called");
    tap_equal(set(child, 1, client, COOKIE + 1), STATUS_OK, "a process's holder sets it");
    got = rt_endpoint_return_receive(endpoint, 0, &m);
    tap_ok(got == RECEIVED_FAULT && m.words[3] == COOKIE + 1, "and is told");
    (void)rt_fault_end();
    int64_t end = rt_process_wait(child, NULL);

    ASSERT(end == PROCESS_FAULTED);
    tap_equal(set(child, 1, client, 0), STATUS_STALE, "a process that has ended");
    uint32_t memory = helper_must(rt_memory_create(RT_PAGE_BYTES));

    tap_equal(rt_memory_map_for(child, memory, RT_FREE_BASE, 0), STATUS_STALE,
              "where nothing can be mapped either");
    tap_equal(rt_memory_map_for(memory, memory, RT_FREE_BASE, 0), STATUS_BAD_CAP,
              "nor in what is no process");
    (void)rt_memory_destroy(memory);
    helper_release(memory);
    helper_release(child);
    unmake();
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(ARRAY_COUNT(answers) + 4 + 4 + 2 + 3 + 5 + 3 * 2 + 4 + 10 + 7 + 1);
    helper_warm(2);
    struct helper_holdings before = helper_holdings();

    test_answers();
    test_refused_answers();
    test_destroy();
    test_revoke();
    test_handlers_end();
    test_untold();
    test_killed();
    test_thread_killed();
    test_refused_settings();
    test_for_another();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
