/* SPDX-License-Identifier: MIT */
#include "kernel/endpoint.h"

#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

#define LINE_OWNER UINT32_MAX /* in a heap node: it is in some line */

struct pool endpoint_pool;

bool endpoint_init(void)
{
    return pool_init(&endpoint_pool, sizeof(struct endpoint), ENDPOINTS_MAX);
}

enum status endpoint_create(struct process *owner, uint32_t flags, uint32_t *index)
{
    enum status status = object_take(&endpoint_pool, &owner->ledger, index);
    struct endpoint *e;

    if (status != STATUS_OK)
        return status;
    e = endpoint_at(*index);
    e->owner = owner;
    e->flags = flags;
    e->line = (struct heap){.root = NULL};
    list_init(&e->arrived);
    list_init(&e->receivers);
    list_init(&e->served);
    e->timer = (struct timer){.node = {.note = TIMER_ENDPOINT}};
    e->stat = (struct cap_endpoint_stat){.received = 0};
    object_link(&owner->endpoints, &e->link);
    return STATUS_OK;
}

static struct endpoint *of(const struct op *op)
{
    return endpoint_at(op->endpoint);
}

static struct op *first_of(const struct list *list)
{
    return list_is_empty(list) ? NULL : LIST_ENTRY(list->next, struct op, parked);
}

/* ---- Linking, under LOCK_ENDPOINT ---- */

/* EP4: an instant earlier than what is set is set. */
static void set_timer(struct endpoint *e)
{
    const struct heap_node *first = e->line.root;

    if (first == NULL || mono_is_never(first->at))
        return;
    if (timer_is_linked(&e->timer)) {
        if (!mono_before(first->at, e->timer.node.at))
            return;
        timer_cancel(&e->timer);
    }
    timer_insert(&e->timer, first->at);
}

static void join_line(struct endpoint *e, struct op *op, struct mono deadline)
{
    op->about.place = PLACE_LINE;
    heap_insert(&e->line, &op->timer.node, deadline, LINE_OWNER);
    list_insert_before(&e->arrived, &op->parked);
    e->stat.waiting++;
    set_timer(e);
}

/* Nowhere from now on; who calls this ends the operation. */
static HOT void unlink(struct endpoint *e, struct op *op)
{
    switch ((enum op_place)op->about.place) {
    case PLACE_NONE:
        break;
    case PLACE_LINE:
        heap_remove(&e->line, &op->timer.node);
        port_store32(&op->timer.node.owner, 0);
        list_remove(&op->parked);
        op->about.place = PLACE_NONE;
        e->stat.waiting--;
        break;
    case PLACE_RECEIVING:
        endpoint_unlink_receiver(e, op);
        break;
    case PLACE_SERVED:
        endpoint_unlink_served(e, op);
        break;
    }
}

/* End a linked operation.  Returns: whom to wake. */
static struct thread_ref end(struct endpoint *e, struct op *op, enum status status)
{
    unlink(e, op);
    return endpoint_complete(op, status, (struct message_end){.cap = CAP_NONE});
}

/* ---- Passing ---- */

/* What the receiver's status says of the message. */
static int64_t received_status(const struct op *op, const struct message_end *message)
{
    return endpoint_received(op->about.method, op->about.badge) |
           (op->kind == OP_SEND ? RECEIVED_SEND : 0) |
           ((op->about.flags & MESSAGE_FAULT) != 0 ? RECEIVED_FAULT : 0) |
           (message->cap != CAP_NONE ? RECEIVED_GIFT : 0);
}

/* The message of `op`, which is linked nowhere, goes to `to`.  Returns: OK, or what the sender is
 * refused with. */
static enum status pass(struct endpoint *e, struct op *op, const struct message *from,
                        const struct message *to, struct submitted *got)
{
    struct cap_ref gift;
    enum status status = message_check(from, to, &gift);

    if (status == STATUS_OK)
        status = message_pass(from, to, &gift, &got->end);
    if (status != STATUS_OK)
        return status;
    e->stat.received++;
    got->status = received_status(op, &got->end);
    if (op->kind == OP_CALL)
        endpoint_serve(e, op, to->t);
    return STATUS_OK;
}

HOT struct submitted endpoint_submit(struct op *op, const struct ring_sqe *entry,
                                     const struct cap_ref *cap)
{
    struct uthread *t = cpu_this()->current;
    struct endpoint *e = of(op);
    struct submitted s = {.status = STATUS_OK, .other = THREAD_REF_NONE};
    struct submitted got = s;
    struct op *receiver;

    lock_take(&e->lock, LOCK_ENDPOINT);
    receiver = endpoint_first_receiver(e);
    if (!cap_is_live(cap)) { /* under the lock: its end finds the operation from now on */
        s.status = STATUS_STALE;
    } else if (receiver == NULL) {
        join_line(e, op, entry->deadline_ns != 0 ? (struct mono){entry->deadline_ns} : MONO_NEVER);
    } else {
        struct message from = message_of_op(op, t);
        struct message to = message_of_op(receiver, op_owner(receiver));

        s.status = pass(e, op, &from, &to, &got);
        if (s.status == STATUS_OK) {
            unlink(e, receiver);
            s.other = endpoint_complete(receiver, got.status, got.end);
            s.is_complete = op->kind == OP_SEND;
        }
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    return s;
}

/* Whose turn it is. */
static struct op *next_in_line(const struct endpoint *e)
{
    if (e->line.root == NULL)
        return NULL;
    if (e->stat.received % ENDPOINT_OLDEST_EVERY == ENDPOINT_OLDEST_EVERY - 1)
        return first_of(&e->arrived);
    return LIST_ENTRY(e->line.root, struct op, timer.node);
}

/* Take the next message for `to`.  Those that cannot be passed end with their refusals; a few in
 * one hold of the lock.  Returns: something has come. */
static bool take_next(struct endpoint *e, const struct message *to, struct submitted *s,
                      struct thread_ref *refused, uint32_t *refused_count)
{
    while (*refused_count < WAITERS_PER_STEP) {
        struct op *op = next_in_line(e);

        if (op == NULL)
            return false;
        struct uthread *caller = op_owner(op);
        struct message from = message_of_op(op, caller);

        unlink(e, op);
        enum status status = endpoint_is_dead(op) ? STATUS_STALE : pass(e, op, &from, to, s);

        if (status == STATUS_OK && op->kind == OP_CALL) {
            s->other = caller->ref;
            return true;
        }
        refused[(*refused_count)++] = end(e, op, status); /* a SEND ends with OK */
        if (status == STATUS_OK)
            return true;
    }
    return false;
}

struct submitted endpoint_receive(struct op *op, const struct cap_ref *cap)
{
    struct uthread *t = cpu_this()->current;
    struct endpoint *e = of(op);
    struct submitted s = {.status = STATUS_OK, .other = THREAD_REF_NONE};
    struct thread_ref refused[WAITERS_PER_STEP];
    uint32_t refused_count = 0;
    struct message to = message_of_op(op, t);

    lock_take(&e->lock, LOCK_ENDPOINT);
    if (!cap_is_live(cap)) {
        s.status = STATUS_STALE;
    } else if (take_next(e, &to, &s, refused, &refused_count)) {
        s.is_complete = true;
        if (s.end.cap != CAP_NONE)
            op->slot = CAP_NONE;
    } else if (e->line.root != NULL) { /* more refusals than one hold of the lock allows */
        s.status = STATUS_AGAIN;
    } else {
        endpoint_link_receiver(e, op);
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    for (uint32_t i = 0; i < refused_count; i++) /* at most WAITERS_PER_STEP */
        glue_wake(refused[i], WAKE_ENDPOINT);
    return s;
}

/* Where the thread serves, or NULL.  A RECV of its ring may be passed a call at this moment. */
static HOT struct endpoint *served_at(const struct uthread *t)
{
    if (__atomic_load_n(&t->serving, __ATOMIC_ACQUIRE) == NULL)
        return NULL;
    return endpoint_at(t->serving_endpoint); /* which stays until the thread receives again */
}

HOT enum status endpoint_answer(struct uthread *t, const struct ring_sqe *entry,
                                struct thread_ref *caller)
{
    struct endpoint *e = served_at(t);
    enum status status = STATUS_STALE;
    struct message_end message;
    struct cap_ref gift;

    if (e == NULL)
        return STATUS_STALE;
    lock_take(&e->lock, LOCK_ENDPOINT);
    struct op *op = t->serving;

    if (op != NULL) {
        struct message from = message_of(t, entry->flags, entry->args);
        struct message to = message_of_op(op, op_owner(op));

        status = message_check(&from, &to, &gift);
        if (status == STATUS_OK)
            status = message_pass(&from, &to, &gift, &message);
        if (status == STATUS_STALE)
            status = STATUS_BAD_CAP; /* what should go along; somebody does wait */
        if (status == STATUS_OK) {
            unlink(e, op);
            *caller = endpoint_complete(
                op, (int64_t)entry->method | (message.cap != CAP_NONE ? RECEIVED_GIFT : 0),
                message);
        }
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    return status;
}

/* ---- Ends ---- */

void endpoint_disown(struct uthread *t)
{
    struct endpoint *e = served_at(t);
    struct thread_ref caller = THREAD_REF_NONE;

    if (e == NULL)
        return;
    lock_take(&e->lock, LOCK_ENDPOINT);
    if (t->serving != NULL)
        caller = end(e, t->serving, STATUS_DISCONNECTED);
    lock_give(&e->lock, LOCK_ENDPOINT);
    glue_wake(caller, WAKE_ENDPOINT);
}

void endpoint_cancel(struct op *op)
{
    struct endpoint *e = of(op);

    lock_take(&e->lock, LOCK_ENDPOINT);
    unlink(e, op);
    lock_give(&e->lock, LOCK_ENDPOINT);
}

void endpoint_expire(struct endpoint *e)
{
    struct thread_ref late[CALLERS_PER_STEP];
    struct mono now = glue_now();
    uint32_t count = 0;

    lock_take(&e->lock, LOCK_ENDPOINT);
    while (count < CALLERS_PER_STEP && e->line.root != NULL && !mono_before(now, e->line.root->at))
        late[count++] = end(e, LIST_ENTRY(e->line.root, struct op, timer.node), STATUS_EXPIRED);
    set_timer(e); /* for the rest, at once if need be */
    lock_give(&e->lock, LOCK_ENDPOINT);
    for (uint32_t i = 0; i < count; i++)
        glue_wake(late[i], WAKE_ENDPOINT);
}

/* Anybody who waits there, or NULL. */
static struct op *anybody(const struct endpoint *e)
{
    struct op *op = first_of(&e->arrived);

    if (op == NULL)
        op = first_of(&e->receivers);
    return op != NULL ? op : first_of(&e->served);
}

bool endpoint_end_some(uint32_t index, enum status status)
{
    struct endpoint *e = endpoint_at(index);
    struct thread_ref ended[CALLERS_PER_STEP];
    uint32_t count = 0;
    bool is_empty;

    lock_take(&e->lock, LOCK_ENDPOINT);
    for (; count < CALLERS_PER_STEP && anybody(e) != NULL; count++)
        ended[count] = end(e, anybody(e), status);
    is_empty = anybody(e) == NULL;
    lock_give(&e->lock, LOCK_ENDPOINT);
    for (uint32_t i = 0; i < count; i++)
        glue_wake(ended[i], WAKE_ENDPOINT);
    if (!is_empty)
        return false;
    timer_cancel(&e->timer);
    object_unlink(&e->link);
    ledger_release(&e->owner->ledger, LEDGER_OBJECTS, 1);
    pool_give(&endpoint_pool, index);
    return true;
}

uint32_t endpoint_first_of(struct process *owner)
{
    struct list *first = object_first(&owner->endpoints);
    uint32_t index;

    if (first == NULL)
        return POOL_NONE;
    index = pool_index(&endpoint_pool, LIST_ENTRY(first, struct endpoint, link));
    (void)pool_stale(&endpoint_pool, index); /* or a DESTROY that was cut off had done that */
    return index;
}

/* `op` waits at the endpoint it named a moment ago, under a dead grant: end it. */
static bool drop_if_dead(struct op *op)
{
    uint32_t index = __atomic_load_n(&op->endpoint, __ATOMIC_RELAXED);
    struct thread_ref owner = THREAD_REF_NONE;

    if (index >= ENDPOINTS_MAX)
        return false;
    struct endpoint *e = endpoint_at(index);

    lock_take(&e->lock, LOCK_ENDPOINT);
    /* Whoever links it at this endpoint holds this lock, so it is what it seems to be (EP1). */
    if (port_load32(&op->state) == OP_PENDING && op->kind >= OP_CALL && op->endpoint == index &&
        op->about.place != PLACE_NONE && endpoint_is_dead(op))
        owner = end(e, op, STATUS_STALE);
    lock_give(&e->lock, LOCK_ENDPOINT);
    glue_wake(owner, WAKE_ENDPOINT);
    return !thread_ref_is_none(owner);
}

bool endpoint_drop_dead(struct uthread *t)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++) {
        struct op *op = &t->ops[i];

        if (port_load32(&op->state) == OP_PENDING &&
            __atomic_load_n(&op->kind, __ATOMIC_RELAXED) >= OP_CALL && drop_if_dead(op))
            return true;
    }
    return false;
}

void endpoint_check(struct endpoint *e)
{
    uint32_t waiting = 0, receivers = 0, serving = 0;

    heap_check(&e->line, LINE_OWNER);
    for (struct list *at = e->arrived.next; at != &e->arrived; at = at->next, waiting++)
        ASSERT(LIST_ENTRY(at, struct op, parked)->about.place == PLACE_LINE);
    for (struct list *at = e->receivers.next; at != &e->receivers; at = at->next, receivers++)
        ASSERT(LIST_ENTRY(at, struct op, parked)->about.place == PLACE_RECEIVING);
    for (struct list *at = e->served.next; at != &e->served; at = at->next, serving++) {
        const struct op *op = LIST_ENTRY(at, struct op, parked);

        ASSERT(op->about.place == PLACE_SERVED);
        ASSERT(op->server->serving == op);
    }
    ASSERT(waiting == e->stat.waiting && waiting == e->line.count);
    ASSERT(receivers == e->stat.receivers && serving == e->stat.serving);
    ASSERT(waiting == 0 || endpoint_first_receiver(e) == NULL); /* EP3 */
    ASSERT(e->line.root == NULL || mono_is_never(e->line.root->at) ||
           (timer_is_linked(&e->timer) && !mono_before(e->line.root->at, e->timer.node.at)));
}
