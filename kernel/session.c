/* SPDX-License-Identifier: MIT */
#include "kernel/session.h"

#include "kernel/limits.h"
#include "kernel/op.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"

struct pool session_pool;

static struct session *first;
static struct tally services[CAP_SERVICES_MAX + 1];

struct session *session_at(uint32_t index)
{
    return pool_at(&session_pool, index);
}

static void init_record(struct session *s, struct process *owner, uint32_t slot)
{
    s->owner = owner;
    s->slot = slot;
    s->is_released = false;
    s->process_count = 0;
    s->walker_count = 0;
    s->to_end_count = 0;
    s->waiter_count = 0;
    list_init(&s->link);
    list_init(&s->waiters);
    s->item = (struct reap_item){.kind = REAP_SESSION};
    list_init(&s->item.link);
    tally_init(&s->tally);
    port_store32(&s->is_live, 1);
}

bool session_init(void)
{
    if (!pool_init(&session_pool, sizeof(struct session), SESSIONS_MAX))
        return false;
    first = session_at(pool_take(&session_pool));
    init_record(first, NULL, 0);
    for (uint32_t i = 0; i < ARRAY_COUNT(services); i++)
        tally_init(&services[i]);
    return true;
}

bool session_of_is_live(const struct process *owner)
{
    return owner == NULL || session_is_live(owner->session);
}

/* ---- Its life ---- */

enum status session_create(struct process *owner, uint32_t slot, uint32_t *index)
{
    enum status status = object_take(&session_pool, &owner->ledger, index);

    if (status != STATUS_OK)
        return status;
    init_record(session_at(*index), owner, slot);
    family_lock();
    list_insert_before(&owner->sessions, &session_at(*index)->link);
    family_unlock();
    return STATUS_OK;
}

static struct thread_ref queue(struct session *s)
{
    return reaper_queue_locked(s->owner, &s->item);
}

/* The same, if it may have come to its end. */
static struct thread_ref queue_if_over(struct session *s)
{
    bool is_over = s->process_count == 0 && (s->is_released || !session_is_live(s));

    return is_over ? queue(s) : THREAD_REF_NONE;
}

static struct thread_ref log_out(struct session *s)
{
    if (session_is_live(s)) {
        port_store32(&s->is_live, 0);
        s->to_end_count = (uint32_t)s->tally.left.process_count;
    }
    return queue(s);
}

enum status session_logout(struct pool_ref ref, struct op *op)
{
    struct session *s = session_at(ref.index);
    struct thread_ref reaper = THREAD_REF_NONE;
    enum status status = STATUS_OK;

    family_lock();
    if (!pool_is_live(&session_pool, ref)) {
        status = STATUS_STALE;
    } else if (s->waiter_count == SESSION_WAITERS_MAX) {
        status = STATUS_NO_SLOT;
    } else {
        op->key = ref.index;
        op->is_waiter = true;
        s->waiter_count++;
        list_insert_before(&s->waiters, &op->parked);
        reaper = log_out(s);
    }
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
    return status;
}

/* Under LOCK_FAMILY. */
static void unlink_waiter(struct session *s, struct op *op)
{
    s->waiter_count--;
    list_remove(&op->parked);
    op->is_waiter = false;
}

void session_logout_cancel(struct op *op)
{
    family_lock();
    if (op->is_waiter)
        unlink_waiter(session_at((uint32_t)op->key), op);
    family_unlock();
}

void session_release(struct process *process, struct pool_ref ref, uint32_t slot)
{
    struct session *s = session_at(ref.index);
    struct thread_ref reaper = THREAD_REF_NONE;

    family_lock();
    if (pool_is_live(&session_pool, ref) && s->owner == process && s->slot == slot) {
        s->is_released = true;
        reaper = queue_if_over(s);
    }
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
}

bool session_end_all(struct process *owner)
{
    for (struct list *at = owner->sessions.next; at != &owner->sessions; at = at->next) {
        struct session *s = LIST_ENTRY(at, struct session, link); /* at most SESSIONS_MAX */

        if (session_is_live(s) || !s->is_released) {
            s->is_released = true;
            (void)log_out(s); /* whom to wake is who calls: the owner's parent's reaper */
        }
    }
    return list_is_empty(&owner->sessions);
}

/* ---- Its end, in steps ---- */

/* Under LOCK_FAMILY.  Returns how many of those who wait are to be woken. */
static uint32_t answer_some(struct session *s, struct thread_ref woken[WAITERS_PER_STEP])
{
    uint32_t count = 0;

    while (!list_is_empty(&s->waiters) && count < WAITERS_PER_STEP) {
        struct op *op = LIST_ENTRY(s->waiters.next, struct op, parked);

        unlink_waiter(s, op);
        woken[count++] = op_claim(op) ? op_complete(op, STATUS_OK, 0) : THREAD_REF_NONE;
    }
    return count;
}

/* SE2.  Under LOCK_FAMILY.  Returns whom to wake. */
static struct thread_ref free_record(struct session *s)
{
    struct process *owner = s->owner;
    uint32_t index = pool_index(&session_pool, s);

    tally_absorb(&owner->session->tally, &s->tally.left);
    list_remove(&s->link);
    (void)pool_stale(&session_pool, index);
    ledger_release(&owner->ledger, LEDGER_OBJECTS, 1);
    pool_give(&session_pool, index);
    if (process_state(owner) != PROCESS_ENDING)
        return THREAD_REF_NONE;
    return reaper_queue_locked(owner, &owner->item); /* it may have waited for this */
}

/* The next of its processes, if that has to be ended; else *ref is nobody.  Under LOCK_FAMILY. */
static void next_to_end(struct session *s, struct pool_ref *ref)
{
    struct process *p = tally_rotate(&s->tally);

    s->to_end_count--;
    if (p != NULL && process_state(p) == PROCESS_LIVE)
        *ref = process_ref(p);
}

enum work_turn session_step(struct session *s)
{
    struct thread_ref woken[WAITERS_PER_STEP + 1];
    struct pool_ref ending = {POOL_NONE, 0};
    uint32_t count = 0;

    family_lock();
    if (s->to_end_count > 0) {
        next_to_end(s, &ending);
    } else {
        if (s->process_count == 0)
            count = answer_some(s, woken);
        if (s->process_count > 0 || s->waiter_count == 0) {
            reaper_unqueue_locked(s->owner, &s->item); /* its last process queues it again */
            if (s->process_count == 0 && s->walker_count == 0 && s->is_released)
                woken[count++] = free_record(s);
        }
    }
    family_unlock();
    if (ending.index != POOL_NONE)
        process_kill(ending);
    for (uint32_t i = 0; i < count; i++)
        glue_wake(woken[i], WAKE_PROCESS);
    return WORK_MORE;
}

/* ---- Its processes ---- */

static void join(struct process *p, struct session *s)
{
    p->session = s;
    s->process_count++;
    tally_join(&s->tally, &p->in_session, p);
    tally_join(&services[p->service], &p->in_service, p);
}

enum status session_join(struct process *p, struct pool_ref ref)
{
    struct session *s = ref.index == POOL_NONE ? p->parent->session : session_at(ref.index);

    if (ref.index != POOL_NONE && !pool_is_live(&session_pool, ref))
        return STATUS_STALE;
    if (!session_is_live(s))
        return STATUS_STALE;
    join(p, s);
    return STATUS_OK;
}

void session_join_first(struct process *p)
{
    join(p, first);
}

void session_leave(struct process *p, const struct cap_total_stat *used)
{
    tally_leave(&p->in_session, used);
    tally_leave(&p->in_service, used);
}

struct thread_ref session_forget(struct process *p)
{
    struct session *s = p->session;

    ASSERT(s->process_count > 0);
    s->process_count--;
    return queue_if_over(s);
}

/* ---- What was used ---- */

/* w->object says what is read: a session, or behind all of them a service. */
static struct tally *tally_of(const struct work *w)
{
    return w->object < SESSIONS_MAX ? &session_at(w->object)->tally
                                    : &services[w->object - SESSIONS_MAX];
}

enum status session_begin_stat(struct work *w, struct pool_ref ref, uint64_t to)
{
    bool is_own = ref.index == SESSION_OF_CALLER;
    struct session *s = is_own ? w->process->session : session_at(ref.index);
    enum status status;

    family_lock();
    status = is_own || pool_is_live(&session_pool, ref) ? STATUS_OK : STATUS_STALE;
    if (status == STATUS_OK)
        s->walker_count++;
    family_unlock();
    w->object = pool_index(&session_pool, s);
    w->to = to;
    return status;
}

void service_begin_stat(struct work *w, uint32_t service, uint64_t to)
{
    w->object = SESSIONS_MAX + service;
    w->to = to;
}

static void let_go(struct session *s)
{
    struct thread_ref reaper = THREAD_REF_NONE;

    family_lock();
    s->walker_count--;
    if (s->walker_count == 0 && s->is_released)
        reaper = queue_if_over(s);
    family_unlock();
    glue_wake(reaper, WAKE_PROCESS);
}

enum work_turn session_stat_step(struct work *w)
{
    struct tally *tally = tally_of(w);
    struct cap_total_stat sum;

    if (w->cursor == 0) {
        if (!tally_walk_begin(tally))
            return WORK_AGAIN;
        w->cursor = 1;
    }
    if (!tally_walk_some(tally, &sum))
        return WORK_MORE;
    w->status = vspace_copy_out(&w->process->space, w->to, &sum, sizeof(sum));
    if (w->object < SESSIONS_MAX)
        let_go(session_at(w->object));
    return WORK_DONE;
}
