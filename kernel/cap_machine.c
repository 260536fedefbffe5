/* SPDX-License-Identifier: MIT */
/* cap_machine.c - the methods of MACHINE and POWER (abi/cap.h): facts, and switching it off. */
#include "core/account.h"
#include "core/why.h"
#include "kernel/cap.h"
#include "kernel/clock.h"
#include "kernel/cpuset.h"
#include "kernel/frame.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/mapping.h"
#include "kernel/memobj.h"
#include "kernel/pauses.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* The CPU's account up to this instant: what is open is whose it is now. */
static void read_stat(uint32_t cpu, struct cap_cpu_stat *stat)
{
    struct rq *rq = rq_of(glue_sched(), cpu);
    const struct arch_counts counts = arch_counts_of(cpu);
    uint64_t open_ns = 0;
    uint64_t excluded_ns;

    port_lock(&rq->lock);
    struct mono now = clock_now();

    if (mono_before(rq->since, now))
        open_ns = (uint64_t)mono_diff_ns(now, rq->since);
    excluded_ns = rq->excluded_ns < open_ns ? rq->excluded_ns : open_ns;
    *stat = (struct cap_cpu_stat){
        .busy_ns = rq->busy_ns + (rq->current != SLOT_NONE ? open_ns - excluded_ns : 0),
        .idle_ns = rq->idle_ns + (rq->current == SLOT_NONE ? open_ns - excluded_ns : 0),
        .kernel_ns = rq->kernel_ns,
        .irq_ns = rq->irq_ns + excluded_ns,
        .switches = rq->stat.switch_count,
        .timer_interrupts = cpu_blocks[cpu].timer_count,
        .resched_ipis = rq->stat.kick_count,
        .steals = rq->stat.steal_count,
        .pushes = rq->stat.push_count,
        .overloads = rq->stat.overload_count,
        .latency_bound_ns = rq_latency_bound_ns(rq),
        .space_writes = counts.space_count,
        .timer_writes = counts.timer_count,
        .ipis_sent = counts.kick_count,
    };
    port_unlock(&rq->lock);
}

static int64_t cpu_stat(const struct process *process, uint64_t cpu, uint64_t to)
{
    struct cap_cpu_stat stat;

    if (cpu >= glue_sched()->cpu_count)
        return STATUS_BAD_ARGUMENT;
    read_stat((uint32_t)cpu, &stat);
    return vspace_copy_out(&process->space, to, &stat, sizeof(stat));
}

/* Threads in the core's arena, by what links them.  *stale: entries of threads that have ended. */
static void count_slots(struct cap_machine_stat *stat)
{
    const struct sched *s = glue_sched();

    for (uint32_t slot = 0; slot < s->thread_count; slot++) { /* THREAD_SLOTS */
        enum thread_state state = thread_word_read(s, slot).state;
        uint32_t linked = port_load32(&thread_of(s, slot)->linked);

        stat->thread_slots_free += state == THREAD_DEAD && linked == 0;
        stat->queued_count += (linked & LINKED_QUEUE) != 0;
        stat->inbox_count += (linked & LINKED_INBOX) != 0;
        /* The state is read first: a thread that ends meanwhile is unlinked before it is dead. */
        stat->stale_entry_count +=
            state == THREAD_DEAD && (linked & (LINKED_QUEUE | LINKED_INBOX)) != 0;
        if (slot % 64 == 63)
            arch_pause();
    }
}

static void count_cpus(struct cap_machine_stat *stat)
{
    for (uint32_t i = 0; i < glue_sched()->cpu_count; i++) { /* at most ARCH_CPU_MAX */
        const struct rq_stat *rq = &rq_of(glue_sched(), i)->stat;
        const struct cpu *cpu = &cpu_blocks[i];

        stat->stale_wake_count += rq->stale_count;
        stat->thread_exit_count += cpu->exit_count;
        stat->thread_kill_count += cpu->kill_count;
        stat->process_end_count += cpu->process_end_count;
        stat->ended_joined_count += cpu->joined_count;
        stat->ended_waited_count += cpu->waited_count;
        stat->ended_new_count += rq->kill_count[THREAD_NEW];
        stat->ended_blocked_count += rq->kill_count[THREAD_BLOCKED];
        stat->ended_queued_count += rq->kill_count[THREAD_QUEUED];
        stat->ended_inbox_count += rq->kill_count[THREAD_INBOX];
        stat->ended_running_count += rq->kill_count[THREAD_RUNNING];
        stat->ended_migrating_count += rq->kill_count[THREAD_MIGRATING];
    }
}

static int64_t machine_stat(const struct process *process, uint64_t to)
{
    struct cap_machine_stat stat = {
        .frames_free = frame_free_count(),
        .thread_slot_bytes = sizeof(struct uthread) + sizeof(struct thread) + sizeof(struct sc) +
                             glue_sched()->mask_words * sizeof(struct port_atomic64) +
                             sizeof(struct why_row),
        .processes_free = pool_free_count(&process_pool),
        .memories_free = pool_free_count(&memobj_pool),
        .mappings_free = pool_free_count(&mapping_pool),
        .grants_free = pool_free_count(&grant_pool),
        .cpusets_free = pool_free_count(&cpuset_pool),
        .sessions_free = pool_free_count(&session_pool),
        .irqs_free = pool_free_count(&irq_pool),
    };

    count_slots(&stat);
    count_cpus(&stat);
    return vspace_copy_out(&process->space, to, &stat, sizeof(stat));
}

int64_t machine_methods(struct cap_call *call)
{
    const struct process *process = call->thread->process;

    switch (call->method) {
    case MACHINE_CPU_COUNT:
        return glue_sched()->cpu_count;
    case MACHINE_CPU_STAT:
        return cpu_stat(process, call->args[0], call->args[1]);
    case MACHINE_CONSERVATION:
        return account_balances(glue_sched()) ? 1 : 0;
    case MACHINE_STAT:
        return machine_stat(process, call->args[0]);
    default:
        return STATUS_BAD_CAP;
    }
}

int64_t power_methods(struct cap_call *call)
{
    if (call->method != POWER_OFF)
        return STATUS_BAD_CAP;
    if (call->args[0] > 1)
        return STATUS_BAD_ARGUMENT;
    pauses_report();
    arch_power_off((uint32_t)call->args[0]);
}
