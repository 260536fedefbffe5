/* SPDX-License-Identifier: MIT */
/* cap_machine.c - the methods of MACHINE (abi/cap.h): facts about the CPUs, and power-off. */
#include "kernel/cap.h"
#include "kernel/clock.h"
#include "kernel/pauses.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"

/* How a CPU has spent its time, up to its last event. */
struct times {
    uint64_t busy_ns;
    bool adds_up; /* busy + idle + kernel is all there was */
};

static struct times read_times(uint32_t cpu)
{
    struct rq *rq = rq_of(glue_sched(), cpu);
    struct times times;

    port_lock(&rq->lock);
    times.busy_ns = rq->busy_ns;
    times.adds_up =
        rq->busy_ns + rq->idle_ns + rq->kernel_ns == (uint64_t)mono_diff_ns(rq->since, rq->started);
    port_unlock(&rq->lock);
    return times;
}

/* The whole machine's busy time.  *adds_up: on every CPU the times are all there was. */
static uint64_t total_busy_ns(bool *adds_up)
{
    uint64_t total_ns = 0;

    *adds_up = true;
    for (uint32_t cpu = 0; cpu < glue_sched()->cpu_count; cpu++) { /* at most ARCH_CPU_MAX */
        struct times times = read_times(cpu);

        total_ns += times.busy_ns;
        *adds_up &= times.adds_up;
    }
    return total_ns;
}

/* What the ledgers of all threads say, the ended ones included. */
static uint64_t total_ledgers_ns(const struct process *process)
{
    uint64_t total_ns = 0;

    for (uint32_t cpu = 0; cpu < glue_sched()->cpu_count; cpu++) /* at most ARCH_CPU_MAX */
        total_ns += __atomic_load_n(&cpu_blocks[cpu].ended_ns, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < process->fresh_index; i++) { /* at most THREADS_PER_PROCESS_MAX */
        const struct uthread *t = &process->threads[i];
        struct ledger ledger;

        if (t->state == UTHREAD_LIVE && sched_ledger(glue_sched(), t->ref, &ledger) == STATUS_OK)
            total_ns += ledger.runtime_ns;
        if (i % 64 == 63)
            arch_pause();
    }
    return total_ns;
}

/* Other CPUs charge meanwhile: only a reading between two equal totals of busy time counts. */
static bool conservation_holds(const struct process *process)
{
    bool adds_up = true;

    for (uint32_t i = 0; i < CONSERVATION_TRIES_MAX && adds_up; i++) {
        uint64_t before_ns = total_busy_ns(&adds_up);
        uint64_t ledgers_ns = total_ledgers_ns(process);
        bool still_adds_up;
        uint64_t after_ns = total_busy_ns(&still_adds_up);

        adds_up &= still_adds_up;
        if (before_ns == after_ns && before_ns == ledgers_ns)
            return adds_up;
    }
    return false;
}

/* The CPU's account up to this instant: what is open is whose it is now. */
static void read_stat(uint32_t cpu, struct cap_cpu_stat *stat)
{
    struct rq *rq = rq_of(glue_sched(), cpu);
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
        .kernel_ns = rq->kernel_ns + excluded_ns,
        .switches = rq->stat.switch_count,
        .timer_interrupts = cpu_blocks[cpu].timer_count,
        .resched_ipis = rq->stat.kick_count,
        .steals = rq->stat.steal_count,
        .pushes = rq->stat.push_count,
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

int64_t machine_methods(struct cap_call *call)
{
    const struct process *process = call->thread->process;

    switch (call->method) {
    case MACHINE_CPU_COUNT:
        return glue_sched()->cpu_count;
    case MACHINE_CPU_STAT:
        return cpu_stat(process, call->args[0], call->args[1]);
    case MACHINE_POWER_OFF:
        if (call->args[0] > 1)
            return STATUS_BAD_ARGUMENT;
        pauses_report();
        arch_power_off((uint32_t)call->args[0]);
    case MACHINE_CONSERVATION:
        return conservation_holds(process) ? 1 : 0;
    default:
        return STATUS_BAD_CAP;
    }
}
