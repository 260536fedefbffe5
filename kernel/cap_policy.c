/* SPDX-License-Identifier: MIT */
/* cap_policy.c - the methods of POLICY (abi/cap.h): what threads and processes get of CPUs. */
#include "kernel/cap.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"
#include "kernel/walk.h"

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

static enum status decode(const struct cap_process_policy *asked, struct process_policy *policy)
{
    struct cpumask online = {{0}};

    if (asked->has_class > 1 || asked->has_mask > 1)
        return STATUS_BAD_FLAGS;
    if (asked->weight > WEIGHT_MAX)
        return STATUS_BAD_ARGUMENT;
    if (asked->has_class == 1 && asked->latency_class >= LATENCY_CLASS_COUNT)
        return STATUS_BAD_ARGUMENT;
    *policy = (struct process_policy){
        .weight = asked->weight,
        .class_plus_1 = asked->has_class == 1 ? asked->latency_class + 1 : 0,
        .has_cpus = asked->has_mask == 1,
    };
    cpumask_fill(online.words, CPUMASK_WORDS, glue_sched()->cpu_count);
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        policy->cpus.words[i] = asked->mask[i] & online.words[i];
    return policy->has_cpus && cpumask_is_empty(policy->cpus.words, CPUMASK_WORDS)
               ? STATUS_OUTSIDE_MASK
               : STATUS_OK;
}

static int64_t set_process(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct pool_ref target = process_ref(process);
    struct cap_process_policy asked;
    struct process_policy policy;
    struct cap_ref ref;
    enum status status = vspace_copy_in(&process->space, &asked, call->args[1], sizeof(asked));

    if (status == STATUS_OK)
        status = decode(&asked, &policy);
    if (status == STATUS_OK && call->args[0] != CAP_NONE) {
        status = cap_lookup_kind(process, cap_handle_of(call->args[0]), CAP_KIND_PROCESS, &ref);
        target = (struct pool_ref){ref.object, ref.object_gen};
    }
    if (status != STATUS_OK)
        return status;
    return walk_begin_policy(call, target, &policy);
}

int64_t policy_methods(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct thread_ref ref;
    enum status status;

    if (call->method == POLICY_SET_PROCESS)
        return set_process(call);
    if (call->method > POLICY_SET_PROCESS)
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
    case POLICY_SET_PROCESS:
        break;
    }
    return STATUS_BAD_CAP;
}
