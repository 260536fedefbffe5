/* SPDX-License-Identifier: MIT */
#include "kernel/process.h"

#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

struct pool process_pool;

struct process *process_at(uint32_t index)
{
    return pool_at(&process_pool, index);
}

bool process_init(void)
{
    if (!pool_init(&process_pool, sizeof(struct process), PROCESSES_MAX))
        return false;
    for (uint32_t i = 0; i < PROCESSES_MAX; i++)
        list_init(&process_at(i)->waiters);
    return true;
}

/* ---- Threads ---- */

void process_count_live(struct process *process)
{
    uint32_t count = port_load32(&process->live_count);

    while (!port_cas32(&process->live_count, &count, count + 1)) /* bound: others made progress */
        continue;
}

void process_note_exit(struct process *process, int64_t status)
{
    lock_take(&process->lock, LOCK_PROCESS);
    if (process_state(process) == PROCESS_LIVE)
        process->info.exit_status = status;
    lock_give(&process->lock, LOCK_PROCESS);
}

/* One thread less, unless it is the last.  Returns: it was not. */
static bool count_one_of_many(struct process *process)
{
    uint32_t count = port_load32(&process->live_count);

    while (count > 1) /* bound: another CPU made progress each time the swap fails */
        if (port_cas32(&process->live_count, &count, count - 1))
            return true;
    ASSERT(count == 1);
    return false;
}

void process_thread_gone(struct process *process)
{
    struct thread_ref reaper = THREAD_REF_NONE;
    uint32_t count;

    if (count_one_of_many(process))
        return;
    if (process_state(process) == PROCESS_LIVE)
        process_end(process, PROCESS_EXITED, process->info.exit_status);
    /*
     * Under the lock: the reaper, which looks at the count under it, either sees it and goes on, or
     * is given the process again.  Afterwards it may be somebody else's record.
     */
    family_lock();
    count = port_load32(&process->live_count);
    while (!port_cas32(&process->live_count, &count, count - 1)) /* bound: others made progress */
        continue;
    if (count == 1 && process_state(process) == PROCESS_ENDING)
        reaper = reaper_queue_locked(process, &process->item);
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
}

enum status process_hold(struct pool_ref ref)
{
    struct process *process = process_at(ref.index);
    uint32_t count = port_load32(&process->live_count);

    do { /* bound: another CPU made progress each time the swap fails */
        if (!pool_is_live(&process_pool, ref))
            return STATUS_STALE;
        if (count == 0)
            return STATUS_BUSY;
    } while (!port_cas32(&process->live_count, &count, count + 1));
    if (pool_is_live(&process_pool, ref))
        return STATUS_OK;
    process_thread_gone(process); /* the record is another's since */
    return STATUS_STALE;
}

enum status process_hold_living(struct pool_ref ref)
{
    enum status status = process_hold(ref);

    return status == STATUS_BUSY ? STATUS_STALE : status;
}

void process_leave(struct process *process, const struct ledger *left, uint32_t thread_count)
{
    lock_take(&process->lock, LOCK_PROCESS);
    ledger_add(&process->left, left);
    process->left_count += thread_count;
    lock_give(&process->lock, LOCK_PROCESS);
}

/* ---- Policy ---- */

struct process_policy process_policy(struct process *process)
{
    struct process_policy policy;

    lock_take(&process->lock, LOCK_PROCESS);
    policy = process->policy;
    lock_give(&process->lock, LOCK_PROCESS);
    return policy;
}

void process_set_policy(struct process *process, const struct process_policy *policy)
{
    lock_take(&process->lock, LOCK_PROCESS);
    if (policy->weight != 0)
        process->policy.weight = policy->weight;
    if (policy->class_plus_1 != 0)
        process->policy.class_plus_1 = policy->class_plus_1;
    if (policy->has_cpus) {
        process->policy.has_cpus = true;
        process->policy.cpus = policy->cpus;
    }
    process->policy.epoch++;
    lock_give(&process->lock, LOCK_PROCESS);
}

/* ---- Reading ---- */

enum status process_read_info(struct pool_ref ref, struct cap_process_info *info)
{
    struct process *process = process_at(ref.index);

    lock_take(&process->lock, LOCK_PROCESS);
    *info = process->info;
    info->state = process_state(process);
    if (info->state == PROCESS_LIVE && !session_is_live(process->session)) {
        info->state = PROCESS_ENDING; /* as begin_end will say, whatever it is called for */
        info->end = PROCESS_LOGGED_OUT;
    }
    info->live_count = port_load32(&process->live_count);
    lock_give(&process->lock, LOCK_PROCESS);
    return pool_is_live(&process_pool, ref) ? STATUS_OK : STATUS_STALE;
}
