/* SPDX-License-Identifier: MIT */
#include "user/rt/thread.h"

#include "user/rt/entry.h"
#include "user/rt/process.h"
#include "user/rt/program.h"

_Static_assert(sizeof(struct rt_thread) <= RT_STACK_BYTES / 8, "the rest is for the stack");

int64_t rt_thread_spawn(struct rt_thread_ref *ref, int64_t (*run)(void *argument), void *argument,
                        const struct cap_thread_params *params)
{
    uint32_t slot;
    int64_t status = rt_stack_take(&slot);

    if (status != STATUS_OK)
        return status;

    struct rt_thread *thread = (struct rt_thread *)rt_stack_base(slot);
    uint64_t gen = 0;

    /* Not the stash of completions, which is long and means nothing while it is empty. */
    thread->run = run;
    thread->argument = argument;
    thread->is_failing = false;
    thread->ring.next_ticket = 0;
    thread->ring.outstanding = 0;
    thread->ring.stash_count = 0;
    thread->canary = RT_CANARY;

    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = CAP_THREADS,
        .method = THREADS_SPAWN,
        .args = {(uint64_t)rt_thread_entry, (uint64_t)thread + RT_STACK_BYTES, (uint64_t)thread,
                 (uint64_t)params},
    };
    int64_t index = rt_entry_do(&entry, &gen);

    if (index < 0) {
        rt_stack_give(slot);
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

    if (status != STATUS_OK && status != STATUS_KILLED)
        return status;
    if (exit_status != NULL)
        *exit_status = (int64_t)value;
    rt_stack_give(ref->slot);
    return status;
}

int64_t rt_thread_detach(const struct rt_thread_ref *ref)
{
    int64_t status = rt_call(CAP_THREADS, THREADS_DETACH, ref->index, ref->gen, 0);

    if (status == STATUS_OK)
        rt_stack_give_later(ref->slot, ref->index, ref->gen);
    return status;
}

int64_t rt_thread_stat(const struct rt_thread_ref *ref, struct cap_thread_stat *stat)
{
    return rt_call(CAP_THREADS, THREADS_STAT, ref->index, ref->gen, (uint64_t)stat);
}

int64_t rt_thread_why(uint32_t process, const struct rt_thread_ref *ref,
                      struct cap_thread_why *why)
{
    if (process == CAP_NONE)
        return rt_call(CAP_THREADS, THREADS_WHY, ref->index, ref->gen, (uint64_t)why);
    return rt_call(process, PROCESS_WHY, ref->index, ref->gen, (uint64_t)why);
}

int64_t rt_thread_kill(const struct rt_thread_ref *ref)
{
    return rt_call(CAP_THREADS, THREADS_KILL, ref->index, ref->gen, 0);
}

struct rt_thread_ref rt_thread_self(void)
{
    const struct rt_thread *self = rt_self();

    return (struct rt_thread_ref){self->index, self->gen, rt_stack_slot((uint64_t)self)};
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

void rt_program_begin(uint64_t argument, uint64_t index, uint64_t gen)
{
    struct rt_thread *self = rt_self(); /* zeroed by the kernel */

    self->canary = RT_CANARY;
    self->index = (uint32_t)index;
    self->gen = (uint32_t)gen;
    ASSERT((uint64_t)self == PROCESS_STACK_TOP - PROCESS_STACK_BYTES);
    rt_process_end(rt_main(argument));
}
