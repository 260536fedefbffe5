/* SPDX-License-Identifier: MIT */
/* cap_policy.c - the methods of POLICY (abi/cap.h): weight, latency class, CPU set of threads. */
#include "kernel/cap.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

static enum status set_weight(struct thread_ref ref, uint64_t weight)
{
    if (weight < WEIGHT_MIN || weight > WEIGHT_MAX)
        return STATUS_BAD_ARGUMENT;
    return glue_set_weight(ref, (uint32_t)weight);
}

static enum status set_class(struct thread_ref ref, uint64_t latency_class)
{
    if (latency_class >= LATENCY_CLASS_COUNT)
        return STATUS_BAD_ARGUMENT;
    return glue_set_class(ref, (enum latency_class)latency_class);
}

static enum status set_mask(const struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct cpumask mask;
    enum status status = vspace_copy_in(&process->space, &mask, call->args[2], sizeof(mask));

    if (status != STATUS_OK)
        return status;
    return uthread_set_mask(process, call->args[0], call->args[1], &mask);
}

int64_t policy_methods(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct thread_ref ref;
    enum status status;

    if (call->method > POLICY_SET_MASK)
        return STATUS_BAD_CAP;
    status = seat_ref(process, call->args[0], call->args[1], &ref);
    if (status != STATUS_OK)
        return status;
    switch ((enum cap_policy_method)call->method) {
    case POLICY_SET_WEIGHT:
        return set_weight(ref, call->args[2]);
    case POLICY_SET_CLASS:
        return set_class(ref, call->args[2]);
    case POLICY_SET_MASK:
        return set_mask(call);
    }
    return STATUS_BAD_CAP;
}
