/* SPDX-License-Identifier: MIT */
#include "kernel/direct.h"

#include "abi/syscall.h"
#include "kernel/clock.h"
#include "kernel/endpoint.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* Of the entry's first word (abi/syscall.h). */
static HOT uint16_t method_of(uint64_t word)
{
    return (uint16_t)(word >> 16);
}

/* Is it this endpoint that `cap` names?  Under its lock. */
static HOT bool is_live(const struct endpoint *e, const struct cap_ref *cap)
{
    return port_load32(&e->node.gen) == cap->object_gen && process_has_authority(e->owner);
}

/* Where the words of the other side are to go. */
static NOINLINE void keep_area(const struct uthread *t, struct op *op)
{
    struct arch_entry words;

    arch_context_entry(&t->context, &words);
    op->where.area = words.args[0];
}

/* A record of an entry in registers. */
static HOT struct op *take(struct uthread *t, enum op_kind kind, const struct cap_ref *cap,
                           uint64_t word)
{
    t->enter.is_entry = true;
    struct op *op = op_take(t, kind, 0);

    op->endpoint = cap->object;
    op->slot = CAP_NONE;
    op->grant = (struct pool_ref){cap->grant, cap->grant_gen};
    op->about = (struct op_message){.flags = (uint8_t)(word >> 8)};
    if (!LIKELY((word & SYSCALL_FLAGS) == 0))
        keep_area(t, op);
    return op;
}

static HOT void waits(struct uthread *t)
{
    t->enter.is_active = true;
    t->wait_source = WAKE_ENDPOINT;
}

/* Its operation is over, and so is its system call. */
static HOT void is_through(struct uthread *t, struct op *op)
{
    port_store32(&op->state, OP_FREE); /* linked nowhere, no timer, no slot (OP1) */
    t->free_ops |= op->bit;
    t->enter.is_active = false;
    t->enter.is_entry = false;
}

/* Does `op` wait for words, its thread for that alone? */
static HOT bool is_plain(const struct op *op, const struct uthread *t)
{
    return op->is_direct && (op->about.flags & ~RING_FLAG_MESSAGE) == 0 &&
           port_load32(&t->done) == 0;
}

/* ---- Words that are not only in registers ---- */

/* The running thread's entry, and where the words go; a target of NULL: into registers. */
struct long_message {
    struct arch_entry entry;
    const uint64_t *source;
    uint64_t *target;
    uint32_t count;
};

/* Can the entry be passed to `op`, of thread `to`?  Then how. */
static NOINLINE bool check_long(struct uthread *t, uint64_t word, const struct op *op,
                                const struct uthread *to, struct long_message *m)
{
    uint32_t flags = (uint32_t)(word >> 8) & RING_FLAG_MESSAGE; /* the only one it may have */
    uint32_t its_flags = op->about.flags;

    arch_context_entry(&t->context, &m->entry);
    uint64_t area = m->entry.args[0];

    if (message_decode(flags, m->entry.args, true) != STATUS_OK)
        return false;
    m->count = message_count(flags, area);
    m->source = (flags & RING_FLAG_MESSAGE) != 0 ? message_area(t, area) : m->entry.args;
    m->target = (its_flags & RING_FLAG_MESSAGE) != 0 ? message_area(to, op->where.area) : NULL;
    return m->count <= message_room(its_flags, op->where.area);
}

/* The words are written, for `to` in its enter.words too.  Returns: the value of what has come. */
static NOINLINE uint64_t pass_long(const struct long_message *m, struct uthread *to)
{
    uint64_t words[MESSAGE_REGISTERS] = {m->count};

    message_copy(m->source, m->target != NULL ? m->target : words, m->count);
    for (uint32_t i = 1; i < MESSAGE_REGISTERS; i++)
        to->enter.words[i - 1] = words[i];
    return words[0];
}

/* Can what the entry says reach who waits by `op`?  By registers alone, *long_or_null being NULL
 * then, or as `m` says. */
static HOT bool can_pass(struct uthread *t, uint64_t word, struct op *op, struct long_message *m,
                         const struct long_message **long_or_null)
{
    *long_or_null = NULL;
    if (LIKELY(((word >> 8 | op->about.flags) & RING_FLAG_MESSAGE) == 0))
        return true;
    *long_or_null = m;
    return check_long(t, word, op, op_owner(op), m);
}

/* It has come: `to` returns from its system call with `status` and the words. */
static HOT void hand_words(const struct uthread *from, struct uthread *to, int64_t status,
                           const struct long_message *m)
{
    if (LIKELY(m == NULL)) {
        arch_context_pass(&from->context, &to->context, status);
        return;
    }
    arch_context_set_results(&to->context, status, pass_long(m, to));
    arch_context_set_words(&to->context, to->enter.words);
}

/* ---- The other has a context of its own: it is woken ---- */

/* The words of `from`, an entry, go to `to`, whose operation is complete with them. */
static HOT struct thread_ref complete(const struct uthread *from, struct op *op, struct uthread *to,
                                      int64_t status, const struct long_message *m)
{
    struct message_end came = {.cap = CAP_NONE};
    struct arch_entry entry;

    if (m != NULL) {
        came.value = pass_long(m, to);
        return endpoint_complete(op, status, came);
    }
    arch_context_entry(&from->context, &entry);
    to->enter.words[0] = entry.args[1];
    to->enter.words[1] = entry.args[2];
    to->enter.words[2] = entry.args[3];
    came.value = entry.args[0];
    return endpoint_complete(op, status, came);
}

/* Wake the other, and wait. */
NORETURN static HOT void wake_and_wait(struct thread_ref other)
{
    struct mono now = clock_now();

    glue_wake_at(other, WAKE_ENDPOINT, now);
    glue_block_at(WAKE_ENDPOINT, now);
    glue_leave_now();
}

/* ---- Calls ---- */

/* The call of `t` is served by `server`, not linked as a receiver any more. */
static HOT struct op *begin_call(struct endpoint *e, struct uthread *t, struct uthread *server,
                                 const struct cap_ref *cap, uint64_t word)
{
    struct op *op = take(t, OP_CALL, cap, word);

    endpoint_serve(e, op, server);
    waits(t);
    return op;
}

/* The server cannot have the caller's context: nothing has been. */
static COLD void undo_call(struct endpoint *e, struct uthread *t, struct op *op,
                           struct op *receiver)
{
    endpoint_unlink_served(e, op);
    is_through(t, op);
    endpoint_link(e->receivers.next, receiver, PLACE_RECEIVING); /* the first again */
    e->stat.receivers++;
}

NOT_COLD NOINLINE void direct_call(struct uthread *t, uint64_t word, const struct cap_ref *cap)
{
    struct endpoint *e = endpoint_at(cap->object);
    struct thread_ref woken = THREAD_REF_NONE;
    const struct long_message *by;
    struct long_message m;

    if (t->free_ops == 0)
        return;
    lock_take(&e->lock, LOCK_ENDPOINT);
    struct op *receiver = endpoint_first_receiver(e);
    struct uthread *server = receiver != NULL ? op_owner(receiver) : NULL;
    int64_t status = endpoint_received(method_of(word), cap->badge);
    bool lends = e->flags == ENDPOINT_PASSIVE;

    if (receiver == NULL || !is_live(e, cap) || !is_plain(receiver, server) ||
        !can_pass(t, word, receiver, &m, &by)) {
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    endpoint_unlink_receiver(e, receiver);
    struct op *op = begin_call(e, t, server, cap, word);
    bool is_handed = lends ? glue_lend_now(server->ref) : glue_turn_over_now(server->ref);

    if (lends && !is_handed) {
        undo_call(e, t, op, receiver);
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    e->stat.received++;
    e->stat.lent += lends;
    if (is_handed) {
        is_through(server, receiver);
        hand_words(t, server, status, by);
    } else {
        woken = complete(t, receiver, server, status, by);
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    if (is_handed)
        glue_leave_handed();
    wake_and_wait(woken);
}

/* ---- Answers ---- */

/* `t` receives, and then its caller may have its answer: it may be woken as soon as it waits. */
static HOT struct op *receive(struct endpoint *e, struct uthread *t, const struct cap_ref *cap,
                              uint64_t word)
{
    struct op *receiver = take(t, OP_RECV, cap, word);

    endpoint_link_receiver(e, receiver);
    waits(t);
    return receiver;
}

NOT_COLD NOINLINE void direct_return_receive(struct uthread *t, uint64_t word,
                                             const struct cap_ref *cap)
{
    struct endpoint *e = endpoint_at(cap->object);
    struct thread_ref woken = THREAD_REF_NONE;
    const struct long_message *by;
    struct long_message m;

    if (t->serving == NULL || t->serving_endpoint != cap->object || t->free_ops != OP_ALL_FREE)
        return;
    lock_take(&e->lock, LOCK_ENDPOINT);
    struct op *op = t->serving;
    struct uthread *caller = op != NULL ? op_owner(op) : NULL;

    if (op == NULL || e->line.root != NULL || !is_live(e, cap) || !is_plain(op, caller) ||
        !can_pass(t, word, op, &m, &by)) {
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    struct op *receiver = receive(e, t, cap, word);
    bool lends = e->flags == ENDPOINT_PASSIVE;
    bool is_handed = lends ? glue_hand_back_now(caller->ref) : glue_turn_over_now(caller->ref);

    if (lends && !is_handed) {
        endpoint_unlink_receiver(e, receiver);
        is_through(t, receiver);
        lock_give(&e->lock, LOCK_ENDPOINT);
        return;
    }
    endpoint_unlink_served(e, op);
    if (is_handed) {
        is_through(caller, op);
        hand_words(t, caller, method_of(word), by);
    } else {
        woken = complete(t, op, caller, method_of(word), by);
    }
    lock_give(&e->lock, LOCK_ENDPOINT);
    if (is_handed)
        glue_leave_handed();
    wake_and_wait(woken);
}
