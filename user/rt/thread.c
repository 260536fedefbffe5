/* SPDX-License-Identifier: MIT */
#include "user/rt/thread.h"

#include "user/rt/calls.h"
#include "user/rt/entry.h"
#include "user/rt/program.h"

_Static_assert(RT_STACK_BYTES == 16384, "crt0.S has this number");
_Static_assert((RT_STACK_BYTES & (RT_STACK_BYTES - 1)) == 0, "rt_self clears low bits");
_Static_assert(sizeof(struct rt_thread) <= RT_STACK_BYTES / 8, "the rest is for the stack");
_Static_assert(sizeof(union rt_stack) == RT_STACK_BYTES, "stacks follow one another");

union rt_stack rt_thread_stacks[RT_THREADS_MAX];

/* 1: the stack of that number is some thread's.  Changed by compare-and-swap and by join. */
static uint32_t slot_is_taken[RT_THREADS_MAX] = {1};

/* A free stack's number, now taken, or RT_THREADS_MAX. */
static uint32_t slot_take(void)
{
    for (uint32_t i = 0; i < RT_THREADS_MAX; i++) {
        uint32_t expected = 0;

        if (__atomic_compare_exchange_n(&slot_is_taken[i], &expected, 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return i;
    }
    return RT_THREADS_MAX;
}

static void slot_give(uint32_t slot)
{
    ASSERT(slot > 0 && slot < RT_THREADS_MAX);
    ASSERT(slot_is_taken[slot] == 1);

    __atomic_store_n(&slot_is_taken[slot], 0, __ATOMIC_RELEASE);
}

int64_t rt_thread_spawn(struct rt_thread_ref *ref, int64_t (*run)(void *argument), void *argument,
                        const struct cap_thread_params *params)
{
    uint32_t slot = slot_take();

    if (slot == RT_THREADS_MAX)
        return STATUS_NO_SLOT;

    union rt_stack *stack = &rt_thread_stacks[slot];
    uint64_t gen = 0;

    stack->thread = (struct rt_thread){.run = run, .argument = argument, .canary = RT_CANARY};

    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = CAP_THREADS,
        .method = THREADS_SPAWN,
        .args = {(uint64_t)rt_thread_entry, (uint64_t)(stack + 1), (uint64_t)stack,
                 (uint64_t)params},
    };
    int64_t index = rt_entry_do(&entry, &gen);

    if (index < 0) {
        slot_give(slot);
        return index;
    }
    *ref = (struct rt_thread_ref){(uint32_t)index, (uint32_t)gen, slot};
    return STATUS_OK;
}

int64_t rt_thread_join(const struct rt_thread_ref *ref, int64_t *exit_status)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = CAP_THREADS,
        .method = THREADS_JOIN,
        .args = {ref->index, ref->gen},
    };
    uint64_t value = 0;
    int64_t status = rt_entry_do(&entry, &value);

    if (status != STATUS_OK)
        return status;
    if (exit_status != NULL)
        *exit_status = (int64_t)value;
    slot_give(ref->slot);
    return STATUS_OK;
}

struct rt_thread_ref rt_thread_self(void)
{
    const struct rt_thread *self = rt_self();

    return (struct rt_thread_ref){self->index, self->gen, RT_THREADS_MAX};
}

void rt_thread_exit(int64_t status)
{
    syscall_exit(status);
}

void rt_thread_begin(struct rt_thread *self, uint64_t index, uint64_t gen)
{
    ASSERT(self == rt_self());

    self->index = (uint32_t)index;
    self->gen = (uint32_t)gen;
    rt_thread_exit(self->run(self->argument));
}

void rt_program_begin(uint64_t workload_bytes, uint64_t arguments_bytes, uint64_t index)
{
    struct rt_thread *self = rt_self();

    ASSERT(self == &rt_thread_stacks[0].thread);

    self->canary = RT_CANARY;
    self->index = (uint32_t)index;
    self->gen = rt_call_self_gen();
    rt_power_off(rt_main(workload_bytes, arguments_bytes) != 0);
}
