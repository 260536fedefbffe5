/* SPDX-License-Identifier: MIT */
/* Rows that enter the kernel and come back to the same thread. */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/syscall.h"
#include "user/rt/thread.h"

#define UNKNOWN_CALL 99u
#define OPERATIONS 200u

static uint64_t unknown(uint32_t operations)
{
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        (void)syscall_raw(UNKNOWN_CALL, 0, 0);
    return bench_count() - start;
}

static uint64_t empty_enter(uint32_t operations)
{
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        (void)syscall_cap_enter(0, SYSCALL_NO_DEADLINE);
    return bench_count() - start;
}

/* Submit `count` copies of `entry`, enter once, read their completions: what a program that works
 * on its ring page by hand would do.  Returns the sum of their statuses. */
static inline int64_t round_trip(const struct ring_sqe *entry, uint32_t count)
{
    uint32_t index = rt_self()->index;
    struct ring_header *header = rt_ring_header(index);
    struct ring_sqe *sq = rt_ring_sq(index);
    const struct ring_cqe *cq = rt_ring_cq(index);
    uint32_t tail = header->sq_tail;
    uint32_t head = header->cq_head;
    int64_t sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sq[(tail + i) % RING_SQ_ENTRIES] = *entry;
    __atomic_store_n(&header->sq_tail, tail + count, __ATOMIC_RELEASE);
    int64_t unread = syscall_cap_enter(count, SYSCALL_NO_DEADLINE);

    BENCH_VERIFY(unread == count);
    for (uint32_t i = 0; i < count; i++)
        sum += cq[(head + i) % RING_CQ_ENTRIES].status;
    __atomic_store_n(&header->cq_head, head + count, __ATOMIC_RELEASE);
    return sum;
}

static uint64_t nops(uint32_t operations, uint32_t count)
{
    struct ring_sqe entry = {.op = RING_OP_NOP};
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i += count)
        BENCH_VERIFY(round_trip(&entry, count) == 0);
    return bench_count() - start;
}

static uint64_t nop_1(uint32_t operations)
{
    return nops(operations, 1);
}

static uint64_t nop_8(uint32_t operations)
{
    return nops(operations, 8);
}

static uint64_t nop_16(uint32_t operations)
{
    return nops(operations, 16);
}

static uint64_t ring_call(uint32_t operations)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = CAP_MACHINE, .method = MACHINE_CPU_COUNT};
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        BENCH_VERIFY(round_trip(&entry, 1) == 1);
    return bench_count() - start;
}

static uint64_t null_call(uint32_t operations)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = CAP_MACHINE, .method = MACHINE_CPU_COUNT};
    uint64_t value;
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        BENCH_VERIFY(syscall_entry(&entry, &value) == 1 && value == 0);
    return bench_count() - start;
}

void bench_calls(void)
{
    bench_row("unknown-syscall", unknown, OPERATIONS);
    bench_row("empty-cap-enter", empty_enter, OPERATIONS);
    bench_row("null-call", null_call, OPERATIONS);
    bench_row("null-call-ring", ring_call, OPERATIONS);
    bench_row("ring-nop-1", nop_1, OPERATIONS);
    bench_row("ring-nop-8", nop_8, OPERATIONS);
    bench_row("ring-nop-16", nop_16, OPERATIONS / 16 * 16);
}
