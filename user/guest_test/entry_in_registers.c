/* SPDX-License-Identifier: MIT */
/* cap_enter with one entry in registers: the same operations, the ring untouched.  (What it refuses
 * is tested with the ring's refusals, in ring_malformed.) */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define SOON_NS (2 * NS_PER_MS)

static uint32_t word; /* stays 0 */

static int64_t do_now(struct ring_sqe entry)
{
    uint64_t value;

    return syscall_entry(&entry, &value);
}

static struct ring_sqe park_until(uint64_t deadline_ns)
{
    return (struct ring_sqe){.op = RING_OP_PARK,
                             .args = {(uint64_t)(uintptr_t)&word, 0, deadline_ns}};
}

static uint32_t unread(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);

    return __atomic_load_n(&header->cq_tail, __ATOMIC_ACQUIRE) - header->cq_head;
}

static void wait_for(uint64_t ticket, struct ring_cqe *completion)
{
    if (rt_ring_wait(ticket, RT_NO_DEADLINE, completion) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
}

/* Goal: short calls work, with both results.  Method: those of each object. */
static void test_calls(void)
{
    struct rt_thread_ref self = rt_thread_self();
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = CAP_THREADS, .method = THREADS_SELF};
    uint64_t value = 0;
    int64_t index = syscall_entry(&entry, &value);

    tap_ok(index == self.index && value == self.gen, "SELF has its status and its value");
    tap_equal(do_now((struct ring_sqe){.op = RING_OP_CALL, .cap = CAP_MACHINE}), rt_cpu_count(),
              "CPU_COUNT answers");
    tap_equal(do_now((struct ring_sqe){.op = RING_OP_CALL,
                                       .cap = CAP_POLICY,
                                       .args = {self.index, self.gen, WEIGHT_UNIT}}),
              STATUS_OK, "SET_WEIGHT takes its three arguments");
    tap_equal(do_now((struct ring_sqe){.op = RING_OP_NOP}), STATUS_OK, "NOP does nothing");
    tap_equal(do_now((struct ring_sqe){.op = RING_OP_YIELD}), STATUS_OK, "YIELD comes back");
}

struct registers {
    uint64_t rbx, rbp, r12, r13, r14, r15, rdi, rsi, rdx, r10, r8, r9;
};

/* A NOP with every other register full of `fill`; what came back. */
static struct registers call_with(uint64_t fill)
{
    static struct registers after;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t" /* the red zone */
                     "push %%rbx\n\tpush %%rbp\n\t"
                     "mov %[fill], %%rbx\n\tmov %[fill], %%rbp\n\tmov %[fill], %%r12\n\t"
                     "mov %[fill], %%r13\n\tmov %[fill], %%r14\n\tmov %[fill], %%r15\n\t"
                     "xor %%edi, %%edi\n\txor %%esi, %%esi\n\txor %%edx, %%edx\n\t"
                     "xor %%r10d, %%r10d\n\txor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\t"
                     "mov $2, %%eax\n\tsyscall\n\t"
                     "mov %%rbx, %[after]\n\tmov %%rbp, 8+%[after]\n\tmov %%r12, 16+%[after]\n\t"
                     "mov %%r13, 24+%[after]\n\tmov %%r14, 32+%[after]\n\t"
                     "mov %%r15, 40+%[after]\n\tmov %%rdi, 48+%[after]\n\t"
                     "mov %%rsi, 56+%[after]\n\tmov %%rdx, 64+%[after]\n\t"
                     "mov %%r10, 72+%[after]\n\tmov %%r8, 80+%[after]\n\tmov %%r9, 88+%[after]\n\t"
                     "pop %%rbp\n\tpop %%rbx\n\tlea 128(%%rsp), %%rsp"
                     : [after] "=m"(after), [fill] "+c"(fill)
                     :
                     : "rax", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "memory");
    return after;
}

/* Goal: only the registers named change.  Method: fill the others. */
static void test_registers(void)
{
    uint64_t fill = UINT64_C(0x5a5a5a5aa5a5a5a5);
    struct registers r = call_with(fill);

    tap_ok(r.rbx == fill && r.rbp == fill && r.r12 == fill && r.r13 == fill && r.r14 == fill &&
               r.r15 == fill && r.rdi == 0 && r.rsi == 0,
           "registers that are not named are kept");
    tap_ok((r.rdx | r.r10 | r.r8 | r.r9) == 0, "the words of the answer that a NOP lacks are 0");
}

/* Goal: the ring is not touched, nor needed.  Method: an entry that is queued; a full ring. */
static void test_ring_is_untouched(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    struct ring_sqe nop = {.op = RING_OP_NOP};
    struct ring_cqe completion;
    uint64_t ticket = rt_ring_submit(&nop);
    uint32_t head = header->sq_head;
    int64_t status = do_now(nop);

    tap_ok(status == STATUS_OK && header->sq_head == head && unread() == 0,
           "an entry that is queued stays queued");
    tap_ok(rt_ring_wait(ticket, RT_NO_DEADLINE, &completion) == STATUS_OK, "and completes later");

    for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
        rt_ring_sq(rt_self()->index)[header->sq_tail % RING_SQ_ENTRIES] = nop;
        __atomic_store_n(&header->sq_tail, header->sq_tail + 1, __ATOMIC_RELEASE);
        (void)syscall_cap_enter(0, SYSCALL_NO_DEADLINE);
    }
    uint32_t filled = unread();

    status = do_now(nop);
    __atomic_store_n(&header->cq_head, header->cq_tail, __ATOMIC_RELEASE);
    tap_ok(filled == RING_CQ_ENTRIES && status == STATUS_OK,
           "it works while no completion slot is free");
}

static int64_t unpark_later(void *argument)
{
    (void)argument;
    helper_sleep(2 * SOON_NS);
    helper_unpark_all(&word, 1);
    return 7;
}

/* Goal: what waits is waited for.  Method: each operation that waits. */
static void test_waiting(void)
{
    struct mono at = mono_add(rt_now(), SOON_NS);
    int64_t status = do_now((struct ring_sqe){.op = RING_OP_SLEEP_UNTIL, .args = {at.ns}});

    tap_ok(status == STATUS_OK && !mono_before(rt_now(), at), "SLEEP_UNTIL sleeps until then");
    at = mono_add(rt_now(), SOON_NS);
    status = do_now(park_until(at.ns));
    tap_ok(status == STATUS_EXPIRED && !mono_before(rt_now(), at), "PARK waits for its deadline");
    struct rt_thread_ref ref = helper_spawn(unpark_later, NULL, NULL);

    tap_equal(do_now(park_until(RING_NO_DEADLINE)), STATUS_OK, "PARK waits for an UNPARK");
    struct ring_sqe join = {.op = RING_OP_CALL,
                            .cap = CAP_THREADS,
                            .method = THREADS_JOIN,
                            .args = {ref.index, ref.gen}};
    uint64_t value = 0;

    status = syscall_entry(&join, &value);
    tap_ok(status == STATUS_OK && value == 7, "JOIN waits for the end and has its status");
}

/* Goal: operations of the ring end while the thread waits for one in registers, and do not end that
 * wait.  Method: a short sleep in the ring, a PARK in registers that is unparked later. */
static void test_beside_the_ring(void)
{
    struct ring_sqe nap = {.op = RING_OP_SLEEP_UNTIL, .args = {mono_add(rt_now(), SOON_NS / 2).ns}};
    uint64_t ticket = rt_ring_submit(&nap);
    struct ring_cqe completion;

    rt_ring_enter();
    struct rt_thread_ref ref = helper_spawn(unpark_later, NULL, NULL);
    int64_t status = do_now(park_until(RING_NO_DEADLINE));
    uint32_t there = unread();

    wait_for(ticket, &completion);
    tap_equal(status, STATUS_OK, "a PARK in registers waits for its own end");
    tap_ok(there == 1 && completion.status == STATUS_OK,
           "while an operation of the ring completes there");
    (void)helper_join(&ref);

    struct ring_sqe park = park_until(RING_NO_DEADLINE);

    ticket = rt_ring_submit(&park);
    rt_ring_enter();
    status = do_now((struct ring_sqe){.op = RING_OP_CANCEL, .args = {ticket}});
    wait_for(ticket, &completion);
    tap_ok(status == STATUS_OK && completion.status == STATUS_CANCELLED,
           "CANCEL in registers ends an operation of the ring");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(5 + 2 + 3 + 4 + 3);
    test_calls();
    test_registers();
    test_ring_is_untouched();
    test_waiting();
    test_beside_the_ring();
    return tap_end();
}
