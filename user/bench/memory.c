/* SPDX-License-Identifier: MIT */
/*
 * What the kernel keeps for a thread that waits, in bytes, all told: the pages that go with it, by
 * the process's ledger or the machine's figures, whichever say more; and its place in the tables
 * that the kernel made at boot.  Its stack is the program's choice and is there before.
 */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/burn.h"
#include "user/rt/calls.h"
#include "user/rt/ledger.h"

#define THREADS 256u

static uint32_t gate;
static uint32_t waiting;

static int64_t wait_at_gate(void *argument)
{
    (void)argument;
    waiting++; /* one CPU, and no slice ends here */
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) == 0)
        (void)rt_park(&gate, 0, RT_NO_DEADLINE);
    return 0;
}

static void make_stacks(void)
{
    uint32_t slots[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        int64_t status = rt_stack_take(&slots[i]);

        BENCH_VERIFY(status == STATUS_OK);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        rt_stack_give(slots[i]);
}

static uint64_t pages_used(void)
{
    struct ledger_account account;
    int64_t status = rt_ledger_read(&account);

    BENCH_VERIFY(status == STATUS_OK);
    return account.rows[LEDGER_FRAMES].used;
}

static struct cap_machine_stat machine(void)
{
    struct cap_machine_stat stat;
    int64_t status = rt_machine_stat(&stat);

    BENCH_VERIFY(status == STATUS_OK);
    return stat;
}

void bench_memory(void)
{
    static struct rt_thread_ref refs[THREADS];

    make_stacks();
    uint64_t used = pages_used();
    uint64_t free = machine().frames_free;

    for (uint32_t i = 0; i < THREADS; i++) {
        int64_t status = rt_thread_spawn(&refs[i], wait_at_gate, NULL, NULL);

        BENCH_VERIFY(status == STATUS_OK);
        rt_pause();
    }
    while (waiting < THREADS) { /* bound: each has its turn */
        rt_pause();
        rt_yield();
    }
    uint64_t charged = pages_used() - used;
    uint64_t gone = free - machine().frames_free;
    uint64_t pages = charged > gone ? charged : gone;

    gate = 1;
    (void)rt_unpark(&gate, THREADS);
    for (uint32_t i = 0; i < THREADS; i++) {
        int64_t status = rt_thread_join(&refs[i], NULL);

        BENCH_VERIFY(status == STATUS_OK);
    }
    BENCH_VERIFY(pages >= THREADS); /* a ring page each */
    bench_print("memory-per-idle-thread",
                (pages * RT_PAGE_BYTES + THREADS - 1) / THREADS + machine().thread_slot_bytes);
}
