/* SPDX-License-Identifier: MIT */
/* A thread's fault is told at its fault endpoint, and the answer says whether it goes on. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/fault.h"
#include "user/rt/program.h"

#define CLIENT_SLOT 20u /* of a child: whom its faults are told */
#define SERVE_SLOT 21u  /* where it receives */
#define MAPPED_AT RT_FREE_BASE
#define PAGE UINT64_C(4096)
#define PAGES 5u
/* Intel SDM volume 3, table 6-1. */
#define BREAKPOINT 3u
#define PAGE_FAULT 14u
#define COOKIE UINT64_C(0x0123456789abcdef)
#define BADGE 0xfeedbeefu

enum role { TOUCH, SERVE, READ_ONLY, TRAP };

static uint32_t endpoint, client;
static uint32_t memories[PAGES + 1];
static uint32_t memory_count;

static void make(uint32_t flags)
{
    endpoint = helper_must(rt_endpoint_create(flags));
    client = helper_must(rt_endpoint_mint(endpoint, BADGE));
}

static void unmake(void)
{
    (void)rt_endpoint_destroy(endpoint);
    helper_release(endpoint);
    helper_release(client);
    for (; memory_count > 0; memory_count--) {
        (void)rt_memory_destroy(memories[memory_count - 1]);
        helper_release(memories[memory_count - 1]);
    }
}

/* ---- A store that may fault, between registers that must stay ---- */

/* Store `value` at `address`.  Returns: how many registers, or the carry, were not as before. */
uint64_t fault_touch(uint64_t address, uint64_t value);
extern const char fault_touch_at[];

#define EACH(X) \
    X(rax, 1) X(rbx, 2) X(rcx, 3) X(rdx, 4) X(rbp, 5) X(r8, 6) X(r9, 7) X(r10, 8) X(r11, 9) \
    X(r12, 10) X(r13, 11) X(r14, 12) X(r15, 13)
#define PUSH(reg) "push %" #reg "\n\t"
#define POP(reg) "pop %" #reg "\n\t"
#define FILL(reg, value) "mov $" #value ", %" #reg "\n\t"
/* rdi and rsi are free behind the store; rsi is 0 there. */
#define LOOK(reg, value) \
    "cmp $" #value ", %" #reg "\n\tsetne %dil\n\tmovzbl %dil, %edi\n\tadd %rdi, %rsi\n\t"

__asm__(".pushsection .text\n"
        "fault_touch:\n\t" PUSH(rbx) PUSH(rbp) PUSH(r12) PUSH(r13) PUSH(r14) PUSH(r15)
        EACH(FILL) "stc\n"
        ".globl fault_touch_at\n"
        "fault_touch_at: mov %rsi, (%rdi)\n\t"
        "setnc %sil\n\tmovzbl %sil, %esi\n\t" EACH(LOOK) "mov %rsi, %rax\n\t"
        POP(r15) POP(r14) POP(r13) POP(r12) POP(rbp) POP(rbx) "ret\n"
        ".popsection");

static uint64_t read_at(uint64_t address)
{
    return __atomic_load_n((const uint64_t *)address, __ATOMIC_RELAXED);
}

/* ---- What children do ---- */

static void set_own_fault(uint64_t cookie)
{
    struct rt_thread_ref self = rt_thread_self();
    int64_t status = rt_fault_set(CAP_NONE, &self, CLIENT_SLOT, cookie);

    ASSERT(status == STATUS_OK);
}

/* Each page, from the last on; then what was stored there is there.  Returns: what was wrong. */
static int64_t touch(uint64_t is_set)
{
    uint64_t wrong = 0;

    if (is_set == 0)
        set_own_fault(COOKIE);
    for (uint64_t i = PAGES; i > 0; i--)
        wrong += fault_touch(MAPPED_AT + (i - 1) * PAGE, i);
    for (uint64_t i = PAGES; i > 0; i--)
        wrong += read_at(MAPPED_AT + (i - 1) * PAGE) != i;
    return (int64_t)wrong;
}

/* Receives one message, and faults before it answers: a fault, or a call with the word and one. */
static int64_t serve(uint64_t word)
{
    struct rt_message m;

    (void)word;
    set_own_fault(COOKIE + 1);
    int64_t got = rt_endpoint_receive(SERVE_SLOT, &m);

    ASSERT(got >= 0);
    uint64_t wrong = fault_touch(MAPPED_AT, 1);

    m.words[0] = (got & RECEIVED_FAULT) != 0 ? FAULT_RESUME : m.words[0] + 1;
    return rt_endpoint_return(0, &m) + (int64_t)wrong;
}

/* A write to what can only be read. */
static int64_t write_text(uint64_t word)
{
    set_own_fault(COOKIE);
    (void)fault_touch((uint64_t)(uintptr_t)fault_touch_at, word);
    return 0;
}

/* A trap, behind which it goes on, and a jump to where nothing is. */
static int64_t trap(uint64_t word)
{
    set_own_fault(COOKIE);
    __asm__ volatile("int3");
    ((void (*)(void))(uintptr_t)word)();
    return 0;
}

static helper_role *const roles[] = {touch, serve, write_text, trap};

/* Start one whose faults come here, from its first instruction on or as soon as it says so. */
static uint32_t start(enum role role, bool is_set)
{
    struct cap_process_params params = helper_child_params(role, is_set);

    if (is_set) {
        params.fault_client = client;
        params.fault_cookie = COOKIE;
    } else {
        rt_process_give(&params, client, CLIENT_SLOT, CAP_NONE);
    }
    return helper_start(&params);
}

/* ---- The pager ---- */

/* Is it the fault of fault_touch, to write where nothing is mapped? */
static bool is_touch(int64_t got, const struct rt_message *m, uint64_t address, uint64_t cookie)
{
    struct rt_fault f = rt_fault_of(m);

    if (got == (RECEIVED_FAULT | (int64_t)((uint64_t)BADGE << 16)) &&
        f.what == (PAGE_FAULT | FAULT_READ | FAULT_WRITE) && f.address == address &&
        f.pc == (uint64_t)(uintptr_t)fault_touch_at && f.cookie == cookie)
        return true;
    tap_note("status", got);
    for (uint32_t i = 0; i < RT_MESSAGE_WORDS; i++)
        tap_note("word", (int64_t)m->words[i]);
    return false;
}

/* A page of zeroes for `child`, or for this process. */
static void map_page(uint32_t child, uint64_t address)
{
    uint32_t memory = helper_must(rt_memory_create(PAGE));
    int64_t status = rt_memory_map_for(child, memory, address, MEMORY_MAP_WRITE);

    ASSERT(status == STATUS_OK);
    ASSERT(memory_count < ARRAY_COUNT(memories));
    memories[memory_count++] = memory;
}

/* Goal: a pager in another address space maps what is touched, and the thread goes on as if it had
 * been there.  Method: a child that touches pages; its registers, its stores and each message. */
static void test_pager(uint32_t flags, bool is_set, const char *what)
{
    make(flags);
    uint32_t child = start(TOUCH, is_set);
    bool is_right = true;
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    for (uint64_t i = PAGES; i > 0; i--) {
        uint64_t address = MAPPED_AT + (i - 1) * PAGE;

        is_right = is_touch(got, &m, address, COOKIE) && is_right;
        map_page(child, address);
        got = i > 1 ? rt_fault_resume_receive(endpoint, &m) : rt_fault_resume();
    }
    struct cap_endpoint_stat stat = helper_endpoint_stat(endpoint);

    is_right = is_right && stat.received == PAGES && /* each was lent, or tried to be */
               stat.lent + stat.refused == ((flags & ENDPOINT_PASSIVE) != 0 ? PAGES : 0);
    tap_ok(is_right && got == STATUS_OK, what);
    tap_equal(helper_finish(child), 0, "its registers and stores are as if there had been none");
    unmake();
}

static int64_t touch_as_thread(void *argument)
{
    return (int64_t)fault_touch((uint64_t)(uintptr_t)argument, COOKIE);
}

/* Goal: a thread can be given an endpoint at its making, or later by another thread; its own
 * process can be the pager.  Method: two threads, of which the second waits to be given one. */
static void test_own_process(void)
{
    struct cap_thread_params params = helper_params();
    struct rt_message m;

    make(0);
    params.fault_client = client;
    params.fault_cookie = COOKIE;
    struct rt_thread_ref ref =
        helper_spawn(touch_as_thread, (void *)(uintptr_t)MAPPED_AT, &params);
    int64_t got = rt_endpoint_receive(endpoint, &m);
    bool is_right = is_touch(got, &m, MAPPED_AT, COOKIE);

    memories[memory_count++] = helper_must(rt_memory_create(PAGE));
    got = rt_memory_map(memories[0], MAPPED_AT, MEMORY_MAP_WRITE, NULL);
    tap_ok(is_right && got == STATUS_OK && rt_fault_resume() == STATUS_OK,
           "a thread of this process has one from its making on");
    tap_ok(helper_join(&ref) == 0 && read_at(MAPPED_AT) == COOKIE, "and goes on");
    unmake();
}

/* Goal: what was wanted, and that a page is there, is told.  Method: a write to code; END. */
static void test_mapped(void)
{
    struct cap_process_info info = {0};
    struct rt_message m;

    make(0);
    uint32_t child = start(READ_ONLY, false);
    int64_t got = rt_endpoint_receive(endpoint, &m);
    struct rt_fault f = rt_fault_of(&m);

    tap_ok(got > 0 && f.what == (PAGE_FAULT | FAULT_READ | FAULT_WRITE | FAULT_MAPPED) &&
               f.address == (uint64_t)(uintptr_t)fault_touch_at,
           "a write to what is mapped to be read is told as that");
    (void)rt_fault_end();
    int64_t end = rt_process_wait(child, NULL);

    (void)rt_process_info(child, &info);
    helper_release(child);
    tap_ok(end == PROCESS_FAULTED && info.fault_vector == PAGE_FAULT && info.fault_thread == 0 &&
               info.fault_address == (uint64_t)(uintptr_t)fault_touch_at &&
               info.fault_pc == (uint64_t)(uintptr_t)fault_touch_at,
           "END: the process ends, and its fault is known");
    unmake();
}

/* Goal: other faults are told as what they are, and a trap is gone on behind.  Method: a
 * breakpoint, then a jump to 0, which mending nothing makes the same fault again. */
static void test_kinds(void)
{
    const uint64_t jump = PAGE_FAULT | FAULT_READ | FAULT_EXECUTE;
    struct rt_message m;

    make(0);
    uint32_t child = start(TRAP, false);
    int64_t got = rt_endpoint_receive(endpoint, &m);
    struct rt_fault f = rt_fault_of(&m);

    tap_ok(got > 0 && FAULT_VECTOR(f.what) == BREAKPOINT && f.what == BREAKPOINT && f.address == 0,
           "a breakpoint is no page fault");
    got = rt_fault_resume_receive(endpoint, &m);
    f = rt_fault_of(&m);
    bool is_jump = f.what == jump && f.address == 0 && f.pc == 0;

    got = rt_fault_resume_receive(endpoint, &m);
    f = rt_fault_of(&m);
    tap_ok(got > 0 && is_jump && f.what == jump && f.pc == 0,
           "behind it a jump to 0 is told, as often as it is resumed");
    (void)rt_fault_end();
    tap_equal(helper_end_of(child), PROCESS_FAULTED, "and ends");
    unmake();
}

/* ---- Faults of who serves ---- */

/* A child that serves at `served`. */
static uint32_t start_server(uint32_t served)
{
    struct cap_process_params params = helper_child_params(SERVE, 0);

    rt_process_give(&params, client, CLIENT_SLOT, CAP_NONE);
    rt_process_give(&params, served, SERVE_SLOT, CAP_NONE);
    return helper_start(&params);
}

static uint32_t served_client;

static int64_t call_server(void *argument)
{
    struct rt_message m = {{41}};
    int64_t status = rt_endpoint_call(served_client, 0, &m);

    (void)argument;
    return status == STATUS_OK ? (int64_t)m.words[0] : status;
}

/* Goal: a server that faults while it serves is mended, and its caller has his answer; or not, and
 * he is told that.  Method: a thread calls a child, whose fault comes here; all on the caller's
 * context, or none. */
static void test_server_faults(uint32_t flags, bool is_mended, const char *what)
{
    struct rt_message m;

    make(flags);
    uint32_t served = helper_must(rt_endpoint_create(flags));

    served_client = helper_must(rt_endpoint_mint(served, 0));
    uint32_t child = start_server(served);
    struct rt_thread_ref caller = helper_spawn(call_server, NULL, NULL);
    int64_t got = rt_endpoint_receive(endpoint, &m);
    bool is_right = is_touch(got, &m, MAPPED_AT, COOKIE + 1);

    map_page(child, MAPPED_AT);
    (void)(is_mended ? rt_fault_resume() : rt_fault_end());
    int64_t answer = helper_join(&caller);
    int64_t end = helper_end_of(child);

    tap_ok(is_right && answer == (is_mended ? 42 : STATUS_DISCONNECTED) &&
               end == (is_mended ? PROCESS_EXITED : PROCESS_FAULTED),
           what);
    (void)rt_endpoint_destroy(served);
    helper_release(served);
    helper_release(served_client);
    unmake();
}

/* Goal: who is told of a fault can fault, too.  Method: a child's fault goes to another child, and
 * that one's here; all passive, so that what is lent is lent twice. */
static void test_handler_faults(void)
{
    struct cap_process_params params = helper_child_params(TOUCH, 0);
    uint32_t served = helper_must(rt_endpoint_create(ENDPOINT_PASSIVE));
    struct rt_message m;

    make(ENDPOINT_PASSIVE);
    served_client = helper_must(rt_endpoint_mint(served, 0));
    rt_process_give(&params, served_client, CLIENT_SLOT, CAP_NONE);
    uint32_t handler = start_server(served);
    uint32_t child = helper_start(&params);
    int64_t got = rt_endpoint_receive(endpoint, &m);
    bool is_right = is_touch(got, &m, MAPPED_AT, COOKIE + 1);

    for (uint64_t i = 0; i < PAGES; i++)
        map_page(child, MAPPED_AT + i * PAGE);
    map_page(handler, MAPPED_AT);
    (void)rt_fault_resume();
    tap_ok(is_right && helper_finish(child) == 0 && helper_finish(handler) == 0,
           "the fault of a fault's handler, on the context of who faulted first");
    (void)rt_endpoint_destroy(served);
    helper_release(served);
    helper_release(served_client);
    unmake();
}

/* ---- No fault ---- */

static int64_t call_plain(void *argument)
{
    struct rt_message m = {{PAGE_FAULT, MAPPED_AT, 0, COOKIE}};

    (void)argument;
    return rt_endpoint_call(client, 0, &m);
}

/* Goal: no call looks like a fault.  Method: one with the same words; one with each flag that there
 * is not. */
static void test_call_is_no_fault(void)
{
    struct rt_message m;
    uint32_t refused = 0;

    make(0);
    struct rt_thread_ref ref = helper_spawn(call_plain, NULL, NULL);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    (void)rt_endpoint_return(3, &m);
    tap_ok(got >= 0 && (got & RECEIVED_FAULT) == 0 && helper_join(&ref) == 3,
           "a call with the words of a fault is a call");
    for (uint32_t flag = 32; flag <= 128; flag *= 2) {
        struct ring_sqe entry = {.op = RING_OP_CALL, .flags = (uint8_t)flag, .cap = client};

        refused += rt_message_do(&entry) == STATUS_BAD_FLAGS;
    }
    tap_equal(refused, 3, "and a flag that is not known is refused");
    unmake();
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(3 * 2 + 2 + 2 + 3 + 4 + 1 + 2 + 2);
    helper_warm(2);
    struct helper_holdings before = helper_holdings();

    test_pager(0, false, "a pager of another process is told of each page that is touched");
    test_pager(ENDPOINT_PASSIVE, false, "and one that runs on the context of who faults");
    test_pager(0, true, "a process that was made with a fault endpoint");
    test_own_process();
    test_mapped();
    test_kinds();
    test_server_faults(0, true, "a server that faults while it serves");
    test_server_faults(ENDPOINT_PASSIVE, true, "and one on its caller's context");
    test_server_faults(0, false, "one that is not mended: its caller is told");
    test_server_faults(ENDPOINT_PASSIVE, false, "and so is one whose context it has");
    test_handler_faults();
    test_call_is_no_fault();
    tap_ok(rt_conservation_holds(), "time is conserved");
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
