/* SPDX-License-Identifier: MIT */
#include "kernel/reaper.h"

#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

static struct lock family;

void family_lock(void)
{
    lock_take(&family, LOCK_FAMILY);
}

void family_unlock(void)
{
    lock_give(&family, LOCK_FAMILY);
}

/* Whose reaper does what belongs to `process`. */
static struct process *keeper_of(struct process *process)
{
    return process->parent != NULL ? process->parent : process;
}

enum status reaper_create(struct process *process)
{
    struct uthread *reaper;
    enum status status = STATUS_OK;

    family_lock();
    reaper = process->reaper;
    family_unlock();
    if (reaper != NULL)
        return status;
    status = uthread_create_reaper(process, &reaper);
    if (status != STATUS_OK)
        return status;
    family_lock();
    bool is_ours = process->reaper == NULL;

    if (is_ours)
        process->reaper = reaper;
    family_unlock();
    if (is_ours)
        glue_wake(reaper->ref, WAKE_START);
    else
        (void)glue_kill(reaper->ref); /* another thread was faster */
    return status;
}

struct thread_ref reaper_queue_locked(struct process *process, struct reap_item *item)
{
    struct process *keeper = keeper_of(process);

    if (!item->is_queued) {
        item->is_queued = true;
        list_insert_before(&keeper->reap_queue, &item->link);
        keeper->reap_count++;
    }
    ASSERT(keeper->reaper != NULL); /* RP2 */
    return keeper->reaper->ref;
}

void reaper_queue(struct process *process, struct reap_item *item)
{
    struct thread_ref reaper;

    family_lock();
    reaper = reaper_queue_locked(process, item);
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
}

void reaper_unqueue_locked(struct process *process, struct reap_item *item)
{
    if (!item->is_queued)
        return;
    item->is_queued = false;
    list_remove(&item->link);
    keeper_of(process)->reap_count--;
}

/* The first item, behind all others from now on; NULL: there is none.  *count: how many. */
static struct reap_item *next_item(struct process *keeper, uint32_t *count)
{
    struct reap_item *item = NULL;

    family_lock();
    *count = keeper->reap_count;
    if (*count > 0) {
        struct list *first = keeper->reap_queue.next;

        item = LIST_ENTRY(first, struct reap_item, link);
        list_remove(first);
        list_insert_before(&keeper->reap_queue, first);
    }
    family_unlock();
    return item;
}

/* A killed thread's work goes on; when it is done the record is taken down. */
static enum work_turn finish_thread(struct uthread *reaper, struct uthread *t)
{
    enum work_turn turn;

    work_redirect(&t->work, reaper->ref);
    turn = work_step(&t->work);
    if (turn != WORK_DONE)
        return turn;
    t->work.kind = WORK_NONE;
    family_lock();
    reaper_unqueue_locked(t->process, &t->item);
    family_unlock();
    uthread_take_down(t);
    return turn;
}

static enum work_turn do_item(struct uthread *reaper, struct reap_item *item)
{
    bool is_parked = false; /* it has left the queue */

    switch ((enum reap_kind)item->kind) {
    case REAP_THREAD:
        return finish_thread(reaper, LIST_ENTRY(item, struct uthread, item));
    case REAP_SESSION:
        return session_step(LIST_ENTRY(item, struct session, item));
    case REAP_PROCESS:
        return process_end_step(LIST_ENTRY(item, struct process, item), reaper->ref, &is_parked);
    }
    UNREACHABLE();
}

enum work_turn reaper_step(struct uthread *t)
{
    uint32_t count;
    struct reap_item *item = next_item(t->process, &count);
    enum work_turn turn;

    if (item == NULL)
        return WORK_WAIT;
    turn = do_item(t, item);
    if (turn != WORK_WAIT) {
        t->waits = 0;
        return turn == WORK_DONE ? WORK_MORE : turn;
    }
    /* A wake that comes from now on is kept for the block.  It waits only when all wait. */
    if (++t->waits < count)
        return WORK_MORE;
    t->waits = 0;
    return WORK_WAIT;
}

void reaper_gone(struct process *process, const struct uthread *t)
{
    struct ledger left = uthread_ledger(t);
    struct thread_ref reaper = THREAD_REF_NONE;

    family_lock();
    process_leave(process, &left, 0);
    if (process->reaper == t) {
        process->reaper = NULL;
        if (process_state(process) == PROCESS_ENDING)
            reaper = reaper_queue_locked(process, &process->item);
    }
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
}
