/* SPDX-License-Identifier: MIT */
/* cap_threads.c - the methods of THREADS (abi/cap.h): the caller's own threads. */
#include "kernel/cap.h"
#include "kernel/fault.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"
#include "kernel/walk.h"
#include "kernel/why.h"

#define STACK_ALIGNMENT 16u

/* Defaults when `from` is 0. */
static enum status read_params(const struct process *process, uint64_t from,
                               struct cap_thread_params *params)
{
    enum status status;

    *params = (struct cap_thread_params){.latency_class = CAP_CLASS_DEFAULT};
    if (from != 0) {
        status = vspace_copy_in(&process->space, params, from, sizeof(*params));
        if (status != STATUS_OK)
            return status;
    }
    if (params->has_mask > 1 || (params->latency_class >= LATENCY_CLASS_COUNT &&
                                 params->latency_class != CAP_CLASS_DEFAULT))
        return STATUS_BAD_ARGUMENT;
    return STATUS_OK;
}

/* Weight and class are the process's, unless others were asked for, which takes POLICY. */
static enum status choose(const struct process *process, const struct process_policy *policy,
                          struct cap_thread_params *params)
{
    uint32_t weight = policy->weight != 0 ? policy->weight : WEIGHT_UNIT;
    uint32_t class = policy->class_plus_1 != 0 ? policy->class_plus_1 - 1 : LATENCY_NORMAL;

    if (params->weight == 0)
        params->weight = weight;
    if (params->latency_class == CAP_CLASS_DEFAULT)
        params->latency_class = class;
    if (params->weight == weight && params->latency_class == class)
        return STATUS_OK;
    return cap_is_held(process, CAP_POLICY, CAP_KIND_POLICY) ? STATUS_OK : STATUS_BAD_CAP;
}

static enum status check_start(const struct process *process, uint64_t entry, uint64_t stack)
{
    if (stack % STACK_ALIGNMENT != 0)
        return STATUS_BAD_ALIGNMENT;
    if (vspace_lookup(&process->space, entry, ARCH_EXECUTE) == 0)
        return STATUS_BAD_ADDRESS;
    if (stack < STACK_ALIGNMENT ||
        vspace_lookup(&process->space, stack - STACK_ALIGNMENT, ARCH_WRITE) == 0)
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

/* The process's CPUs, or what of them was asked for.  OUTSIDE_MASK: nothing. */
static enum status narrow(const struct process *process, const struct process_policy *policy,
                          const struct cap_thread_params *asked, struct cpumask *mask)
{
    *mask = policy->has_cpus ? policy->cpus : process->cpus;
    for (uint32_t i = 0; asked->has_mask != 0 && i < CPUMASK_WORDS; i++)
        mask->words[i] &= asked->mask[i];
    return cpumask_is_empty(mask->words, CPUMASK_WORDS) ? STATUS_OUTSIDE_MASK : STATUS_OK;
}

static int64_t spawn(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct process_policy policy = process_policy(process);
    struct cap_thread_params asked;
    struct cpumask mask;
    struct thread_name name;
    struct thread_ref ref;
    struct uthread_start start = {
        .entry = call->args[0],
        .stack = call->args[1],
        .argument = call->args[2],
    };
    enum status status = check_start(process, start.entry, start.stack);

    if (status == STATUS_OK)
        status = read_params(process, call->args[3], &asked);
    if (status == STATUS_OK)
        status = fault_decode(process, asked.fault_client, asked.fault_cookie, &start.fault);
    if (status == STATUS_OK)
        status = choose(process, &policy, &asked);
    if (status == STATUS_OK)
        status = narrow(process, &policy, &asked, &mask);
    if (status != STATUS_OK)
        return status;
    struct thread_params params = {
        .weight = asked.weight,
        .latency_class = (enum latency_class)asked.latency_class,
        .start_cpu = cpu_this()->number,
        .mask = mask.words,
    };

    status = uthread_create(process, &start, &params, &name, &ref);
    if (status != STATUS_OK)
        return status;
    walk_catch_up(process, name.index, policy.epoch);
    glue_wake(ref, WAKE_START); /* from here on it may run, end and be joined */
    call->value = name.gen;
    return name.index;
}

static int64_t join(struct cap_call *call)
{
    struct uthread *t = call->thread;
    struct op *op;
    enum status status;

    if (call->args[0] == t->index && call->args[1] == t->gen)
        return STATUS_WOULD_DEADLOCK;
    op = op_take(t, OP_JOIN, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    status = seat_join(t->process, op, call->args[0], call->args[1]);
    if (status != STATUS_OK) {
        op_drop(t, op);
        return status;
    }
    t->wait_source = WAKE_JOIN;
    call->is_waiting = true;
    return STATUS_OK;
}

static int64_t kill_thread(struct cap_call *call)
{
    struct thread_ref ref;
    enum status status = seat_ref(call->thread->process, call->args[0], call->args[1], &ref);

    if (status == STATUS_OK)
        (void)glue_kill(ref);
    return status;
}

static int64_t set_fault(const struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct fault_handler handler;
    enum status status = fault_decode(process, call->args[2], call->args[3], &handler);

    return status == STATUS_OK ? fault_set(process, call->args[0], call->args[1], &handler)
                               : status;
}

static int64_t thread_stat(const struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct uthread_reading reading;
    struct thread_ref ref;
    enum status status = seat_ref(process, call->args[0], call->args[1], &ref);

    if (status == STATUS_OK)
        status = uthread_read(ref, &reading);
    if (status == STATUS_OK && !thread_ref_is_live(glue_sched(), ref))
        status = STATUS_STALE;
    if (status != STATUS_OK)
        return status;
    struct cap_thread_stat stat = {
        .runtime_ns = reading.ledger.runtime_ns,
        .cpu = reading.cpu,
        .is_running = reading.is_running,
    };

    return vspace_copy_out(&process->space, call->args[2], &stat, sizeof(stat));
}

static int64_t thread_why(const struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct cap_thread_why why;
    enum status status = why_of_thread(process, call->args[0], call->args[1], &why);

    if (status != STATUS_OK)
        return status;
    return vspace_copy_out(&process->space, call->args[2], &why, sizeof(why));
}

int64_t threads_methods(struct cap_call *call)
{
    struct process *process = call->thread->process;

    switch (call->method) {
    case THREADS_SPAWN:
        return spawn(call);
    case THREADS_JOIN:
        return join(call);
    case THREADS_SELF:
        call->value = call->thread->gen;
        return call->thread->index;
    case THREADS_DETACH:
        return seat_detach(process, call->args[0], call->args[1]);
    case THREADS_KILL:
        return kill_thread(call);
    case THREADS_END:
        process_end(process, PROCESS_EXITED, (int64_t)call->args[0]);
        uthread_exit(call->thread, (int64_t)call->args[0]);
    case THREADS_STAT:
        return thread_stat(call);
    case THREADS_PROCESS_STAT:
        return walk_begin_stat(call, process_ref(process));
    case THREADS_WHY:
        return thread_why(call);
    case THREADS_SET_FAULT:
        return set_fault(call);
    default:
        return STATUS_BAD_CAP;
    }
}
