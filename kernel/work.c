/* SPDX-License-Identifier: MIT */
#include "kernel/work.h"

#include "kernel/endpoint.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/limits.h"
#include "kernel/mapping.h"
#include "kernel/memobj.h"
#include "kernel/process.h"
#include "kernel/uthread.h"
#include "kernel/walk.h"

void work_init(struct work *w, enum work_kind kind, struct process *process,
               struct thread_ref worker)
{
    *w = (struct work){
        .kind = kind,
        .object = POOL_NONE,
        .mapping = POOL_NONE,
        .process = process,
        .worker = worker,
        .unmapping = {.mapping = POOL_NONE},
    };
}

void work_redirect(struct work *w, struct thread_ref worker)
{
    if (w->worker.slot == worker.slot && w->worker.gen == worker.gen)
        return;
    w->worker = worker;
    if (w->unmapping.mapping != POOL_NONE)
        quiesce_redirect(&w->unmapping.quiesce, worker);
    if (w->kind == WORK_SPAWN)
        process_redirect(process_at(w->object), worker);
}

/* Where w->cursor of WORK_REVOKE is: mappings, interrupt bindings, processes, threads. */
#define REVOKE_IRQS ((uint64_t)MAPPINGS_MAX)
#define REVOKE_PROCESSES (REVOKE_IRQS + IRQS_MAX)
#define REVOKE_THREADS (REVOKE_PROCESSES + PROCESSES_MAX)
#define REVOKE_END (REVOKE_THREADS + THREAD_SLOTS)

/* Skip records that were never used. */
static void skip_fresh(struct work *w)
{
    if (w->cursor < REVOKE_IRQS && w->cursor >= mapping_pool.fresh)
        w->cursor = REVOKE_IRQS;
    if (w->cursor >= REVOKE_PROCESSES && w->cursor < REVOKE_THREADS &&
        w->cursor - REVOKE_PROCESSES >= process_pool.fresh)
        w->cursor = REVOKE_THREADS;
}

/* Behind the mappings: one record.  Returns: there may be more to do there. */
static bool revoke_other(struct work *w)
{
    bool is_done = true;

    if (w->cursor < REVOKE_PROCESSES)
        irq_drop_dead((uint32_t)(w->cursor - REVOKE_IRQS));
    else if (w->cursor < REVOKE_THREADS)
        is_done = process_drop_waiters((uint32_t)(w->cursor - REVOKE_PROCESSES));
    else
        is_done = !endpoint_drop_dead(uthread_of_slot((uint32_t)(w->cursor - REVOKE_THREADS)));
    w->cursor += is_done;
    return !is_done;
}

/*
 * After a grant was revoked: first all mappings are looked at, then all interrupt bindings, then
 * all processes for those who wait, then all threads for what they wait for at endpoints.  What is
 * made from now on looks at the grant itself.
 */
static enum work_turn revoke_step(struct work *w)
{
    if (w->unmapping.mapping != POOL_NONE) {
        enum work_turn turn = mapping_unmap_step(w);

        return turn == WORK_DONE ? WORK_MORE : turn;
    }
    for (uint32_t i = 0; i < RECORDS_PER_STEP; i++) {
        skip_fresh(w);
        if (w->cursor == REVOKE_END) {
            if (w->object != POOL_NONE)
                grant_free(w->object);
            return WORK_DONE;
        }
        if (w->cursor >= REVOKE_IRQS) {
            if (revoke_other(w))
                return WORK_MORE;
            continue;
        }
        switch (mapping_claim_dead(w, (uint32_t)w->cursor)) {
        case MAPPING_CLAIMED:
            w->cursor++;
            return WORK_MORE;
        case MAPPING_BUSY:
            return WORK_AGAIN;
        case MAPPING_NONE:
            w->cursor++;
            break;
        }
    }
    return WORK_MORE;
}

/* A step for a process that is another's, perhaps. */
static enum work_turn let_go(struct work *w, enum work_turn turn)
{
    if (turn == WORK_DONE && w->is_held) {
        w->is_held = false;
        process_thread_gone(w->process);
    }
    return turn;
}

enum work_turn work_step(struct work *w)
{
    switch (w->kind) {
    case WORK_SPAWN:
        return process_make_step(w);
    case WORK_MEMORY_CREATE:
        return memobj_create_step(w);
    case WORK_MAP:
        return let_go(w, mapping_make_step(w));
    case WORK_UNMAP:
        return let_go(w, mapping_unmap_step(w));
    case WORK_DESTROY:
        return memobj_destroy_step(w);
    case WORK_REVOKE:
        return revoke_step(w);
    case WORK_POLICY:
        return walk_policy_step(w);
    case WORK_STAT:
        return walk_stat_step(w);
    case WORK_TALLY:
        return session_stat_step(w);
    case WORK_END_ENDPOINT:
        return endpoint_end_some(w->object, process_state(w->process) == PROCESS_LIVE
                                                ? STATUS_STALE
                                                : STATUS_DISCONNECTED)
                   ? WORK_DONE
                   : WORK_MORE;
    case WORK_NONE:
        break;
    }
    UNREACHABLE();
}
