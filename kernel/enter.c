/* SPDX-License-Identifier: MIT */
#include "kernel/enter.h"

#include "abi/syscall.h"
#include "kernel/call.h"
#include "kernel/cap.h"
#include "kernel/clock.h"
#include "kernel/direct.h"
#include "kernel/fault.h"
#include "kernel/park.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* What an entry came to: a completion now, or later. */
struct outcome {
    int64_t status;
    uint64_t value;
    uint32_t cap;    /* handle of what came along, or CAP_NONE */
    bool is_waiting; /* a record has it */
    bool has_words;  /* those of t->enter.words follow the value */
};

static struct outcome ended(int64_t status)
{
    return (struct outcome){.status = status};
}

static const struct outcome waiting = {.is_waiting = true};

/* ---- Operations ---- */

/* Begin to wait on the word at `virt`.  *op says by which record, if the answer is OK. */
static HOT enum status begin_park(struct uthread *t, uint64_t virt, uint32_t expected,
                                  uint64_t user_data, struct op **op)
{
    uint64_t phys = vspace_lookup(&t->process->space, virt, ARCH_READ);

    if (phys == 0)
        return STATUS_BAD_ADDRESS;
    *op = op_take(t, OP_PARK, user_data);
    if (*op == NULL)
        return STATUS_NO_SLOT;
    (*op)->key = phys;
    (*op)->virt = virt;
    if (!park_wait(*op, arch_phys_to_virt(phys), expected)) {
        op_drop(t, *op);
        return STATUS_VALUE_CHANGED;
    }
    t->wait_source = WAKE_PARK;
    return STATUS_OK;
}

static struct outcome do_park(struct uthread *t, const struct ring_sqe *entry)
{
    struct mono deadline = {entry->args[2]};
    struct op *op;
    enum status status =
        begin_park(t, entry->args[0], (uint32_t)entry->args[1], entry->user_data, &op);

    if (status != STATUS_OK)
        return ended(status);
    if (!mono_is_never(deadline)) /* it may be complete already; then op_collect cancels this */
        timer_insert(&op->timer, deadline);
    return waiting;
}

static HOT int64_t unpark(const struct uthread *t, uint64_t virt, uint64_t count)
{
    uint64_t phys = vspace_lookup(&t->process->space, virt, ARCH_READ);
    struct thread_ref woken;

    if (phys == 0)
        return STATUS_BAD_ADDRESS;
    if (count != 1 || !park_complete_first(phys, &woken))
        return (int64_t)park_wake(phys, count);
    glue_wake_at(woken, WAKE_PARK, clock_now());
    return 1;
}

static NOINLINE struct outcome do_unpark(const struct uthread *t, const struct ring_sqe *entry)
{
    return ended(unpark(t, entry->args[0], entry->args[1]));
}

static struct outcome do_sleep(struct uthread *t, const struct ring_sqe *entry)
{
    struct mono at = {entry->args[0]};
    struct op *op;

    if (!mono_before(glue_now(), at))
        return ended(STATUS_OK);
    op = op_take(t, OP_SLEEP, entry->user_data);
    if (op == NULL)
        return ended(STATUS_NO_SLOT);
    if (!mono_is_never(at))
        timer_insert(&op->timer, at);
    t->wait_source = WAKE_TIMER;
    return waiting;
}

static struct outcome do_send(struct uthread *t, const struct ring_sqe *entry)
{
    struct cap_call call = {.thread = t, .entry = entry, .user_data = entry->user_data};
    int64_t status = cap_lookup_kind(t->process, entry->cap, CAP_KIND_CLIENT, &call.ref);

    if (status == STATUS_OK)
        status = call_send(&call, OP_SEND);
    return (struct outcome){.status = status, .is_waiting = call.is_waiting};
}

static HOT struct outcome do_call(struct uthread *t, const struct ring_sqe *entry)
{
    const uint64_t args[4] = {entry->args[0], entry->args[1], entry->args[2], entry->args[3]};
    struct cap_call call = {
        .thread = t,
        .entry = entry,
        .args = args,
        .user_data = entry->user_data,
        .method = entry->method,
    };
    int64_t status = cap_invoke(entry->cap, &call);

    if (status == STATUS_LEDGER_FULL)
        call.value = cpu_this()->refused;
    return (struct outcome){.status = status, .value = call.value, .is_waiting = call.is_waiting};
}

/* SEND, RECV, RETURN and both in one. */
static NOINLINE struct outcome do_message(struct uthread *t, const struct ring_sqe *entry)
{
    struct call_result result;

    if (entry->op == RING_OP_SEND)
        return do_send(t, entry);
    if (entry->op == RING_OP_RECV)
        result = call_receive(t, entry);
    else if (entry->op == RING_OP_RETURN)
        result = call_return(t, entry);
    else
        result = call_return_receive(t, entry);
    return (struct outcome){.status = result.status,
                            .value = result.end.value,
                            .cap = result.end.cap,
                            .is_waiting = result.is_waiting,
                            .has_words = result.has_words};
}

static HOT struct outcome perform(struct uthread *t, const struct ring_sqe *entry)
{
    enum status status = ring_decode(entry);

    if (status != STATUS_OK)
        return ended(status);
    if (entry->deadline_ns != 0 && entry->deadline_ns < glue_now().ns)
        return ended(STATUS_EXPIRED);
    switch ((enum ring_op)entry->op) {
    case RING_OP_NOP:
        return ended(STATUS_OK);
    case RING_OP_CALL:
        return do_call(t, entry);
    case RING_OP_PARK:
        return do_park(t, entry);
    case RING_OP_UNPARK:
        return do_unpark(t, entry);
    case RING_OP_SLEEP_UNTIL:
        return do_sleep(t, entry);
    case RING_OP_YIELD:
        t->should_yield = true; /* once, after the last entry, however many ask */
        return ended(STATUS_OK);
    case RING_OP_CANCEL:
        return ended(op_cancel(t, entry->args[0]) ? STATUS_OK : STATUS_STALE);
    case RING_OP_RELEASE:
        return ended(cap_release(t->process, entry->cap));
    case RING_OP_SEND:
    case RING_OP_RECV:
    case RING_OP_RETURN:
    case RING_OP_RETURN_RECV:
        return do_message(t, entry);
    case RING_OP_COUNT:
        break;
    }
    UNREACHABLE(); /* ring_decode knows the operations */
}

static NOINLINE struct outcome execute(struct uthread *t, const struct ring_sqe *entry)
{
    return perform(t, entry);
}

/* Take and execute what waits in the submission queue; behind an entry that begins work the rest
 * is held back until that is done. */
static enum status drain(struct uthread *t)
{
    uint32_t count;
    enum status status = ring_sync(&t->ring, &count);

    for (; count > 0 && status == STATUS_OK && !t->has_work; count--) { /* RING_SQ_ENTRIES */
        struct ring_sqe entry;

        if (!ring_has_room(&t->ring)) {
            status = STATUS_RING_FULL;
            break;
        }
        ring_accept(&t->ring, &entry);
        struct outcome outcome = execute(t, &entry);

        if (!outcome.is_waiting)
            ring_post(&t->ring, entry.user_data, outcome.status, outcome.value, outcome.cap);
    }
    ring_publish_head(&t->ring);
    t->enter.is_held = t->has_work && count > 0;
    return status;
}

/* ---- Waiting ---- */

static void give_up_if_asked(struct uthread *t)
{
    if (!t->should_yield)
        return;
    t->should_yield = false;
    glue_give_up();
}

static void finish(struct uthread *t, int64_t result)
{
    timer_cancel(&t->enter.timer);
    t->enter.is_active = false;
    arch_context_set_result(&t->context, result);
}

void enter_begin(struct uthread *t, uint64_t min_complete, uint64_t deadline_ns)
{
    enum status status = STATUS_BAD_ARGUMENT;

    ASSERT(!t->enter.is_active);
    if (min_complete <= RING_CQ_ENTRIES && deadline_ns <= SYSCALL_NO_DEADLINE)
        status = drain(t);
    if (status != STATUS_OK) {
        op_collect(t);
        arch_context_set_result(&t->context, status);
    } else {
        t->enter.is_active = true;
        t->enter.min_complete = (uint32_t)min_complete;
        t->enter.deadline = (struct mono){deadline_ns};
    }
    give_up_if_asked(t);
}

HOT void enter_entry(struct uthread *t)
{
    struct arch_entry words;
    struct ring_sqe entry;
    struct outcome outcome;

    ASSERT(!t->enter.is_active);
    arch_context_entry(&t->context, &words);
    entry = (struct ring_sqe){
        .op = (uint8_t)words.word,
        .flags = (uint8_t)(words.word >> 8),
        .method = (uint16_t)(words.word >> 16),
        .cap = (uint32_t)(words.word >> 32),
        .user_data = 0,
        .deadline_ns = words.deadline_ns,
        .args = {words.args[0], words.args[1], words.args[2], words.args[3]},
        .reserved = 0,
    };
    t->enter.is_entry = true;
    t->enter.is_active = true; /* before others can find it waiting */
    outcome = perform(t, &entry); /* in line, so that `entry` stays in registers */
    if (outcome.is_waiting)
        return; /* who has handed its context back may run on another CPU by now */
    t->enter.is_active = false;
    t->enter.is_entry = false;
    arch_context_set_results(&t->context, outcome.status, outcome.value);
    if (outcome.has_words)
        arch_context_set_words(&t->context, t->enter.words);
    give_up_if_asked(t);
}

/* ---- PARK and UNPARK in registers, which every hand-over passes ---- */

/* Something is unusual: a deadline, flags, what ring_decode refuses, completions to hand out. */
NORETURN static NOINLINE void enter_unusual(struct uthread *t)
{
    enter_entry(t);
    glue_leave();
}

/* The call of `t` is over, unless it runs no more; its results are set. */
NORETURN static HOT void leave_as_it_is(struct uthread *t)
{
    const struct cpu *cpu = cpu_this();

    ASSERT(cpu->held_ranks == 0);
    if (cpu->current == t && cpu->is_settled && !cpu->should_decide)
        arch_return_to_user(&t->context);
    glue_leave();
}

/* The call of the running thread is over. */
NORETURN static HOT void leave(int64_t status)
{
    const struct cpu *cpu = cpu_this();
    struct uthread *t = cpu->current;

    arch_context_set_results(&t->context, status, 0);
    ASSERT(cpu->held_ranks == 0);
    if (cpu->is_settled && !cpu->should_decide)
        arch_return_to_user(&t->context);
    glue_leave();
}

HOT void enter_unpark(void)
{
    struct uthread *t = cpu_this()->current;
    struct arch_entry words;

    ASSERT(t != NULL);
    ASSERT(!t->enter.is_active);
    arch_context_entry(&t->context, &words);
    if ((words.deadline_ns | words.args[0] % sizeof(uint32_t) | words.args[2] | words.args[3]) != 0)
        enter_unusual(t);
    leave(unpark(t, words.args[0], words.args[1]));
}

HOT void enter_park(void)
{
    struct uthread *t = cpu_this()->current;
    struct arch_entry words;
    struct op *op;

    ASSERT(t != NULL);
    ASSERT(!t->enter.is_active);
    arch_context_entry(&t->context, &words);
    if ((words.deadline_ns | words.args[0] % sizeof(uint32_t) | words.args[1] >> 32 |
         (words.args[2] ^ MONO_NEVER.ns) | words.args[3] | port_load32(&t->done)) != 0)
        enter_unusual(t);
    t->enter.is_entry = true;
    enum status status = begin_park(t, words.args[0], (uint32_t)words.args[1], 0, &op);

    if (status != STATUS_OK) {
        t->enter.is_entry = false;
        leave(status);
    }
    t->enter.is_active = true;
    glue_block_at(WAKE_PARK, clock_now()); /* not if it is complete: then a wake is pending */
    glue_leave_now();
}

/* A method of a kernel object. */
NORETURN static HOT void call_method(struct uthread *t, uint64_t word, struct cap_call *call)
{
    struct arch_entry words;
    int64_t status;

    arch_context_entry(&t->context, &words);
    call->thread = t;
    call->entry = NULL; /* only a message is interested */
    call->args = words.args;
    call->user_data = 0;
    call->value = 0;
    call->method = (uint16_t)(word >> 16);
    call->is_waiting = false;
    t->enter.is_entry = true;
    status = cap_do(call);
    if (!LIKELY(!call->is_waiting)) {
        t->enter.is_active = true;
        glue_leave();
    }
    t->enter.is_entry = false;
    if (status == STATUS_LEDGER_FULL)
        call->value = cpu_this()->refused;
    arch_context_set_results(&t->context, status, call->value);
    leave_as_it_is(t);
}

NOT_COLD NOINLINE void enter_call(uint64_t word)
{
    struct uthread *t = cpu_this()->current;
    uint32_t handle = (uint32_t)(word >> 32);
    struct cap_call call;

    ASSERT(t != NULL);
    ASSERT(!t->enter.is_active);
    if (((uint8_t)word != RING_OP_CALL && (uint8_t)word != RING_OP_RETURN_RECV) ||
        CAP_SLOT(handle) == CAP_NONE || cap_find(t->process, handle, &call.ref) != STATUS_OK)
        return;
    if ((word & SYSCALL_FLAGS) != 0 && call.ref.kind != CAP_KIND_CLIENT &&
        call.ref.kind != CAP_KIND_ENDPOINT)
        return; /* they are a message's */
    if ((uint8_t)word == RING_OP_RETURN_RECV) {
        if (call.ref.kind == CAP_KIND_ENDPOINT)
            direct_return_receive(t, word, &call.ref);
        return;
    }
    if (call.ref.kind == CAP_KIND_CLIENT)
        direct_call(t, word, &call.ref);
    else if (call.ref.kind != CAP_KIND_ENDPOINT)
        call_method(t, word, &call);
}

/* Fewer completions than asked for.  Returns: true: and there will be no more. */
static NOINLINE bool gives_up(struct uthread *t)
{
    if (mono_is_never(t->enter.deadline)) {
        if (ring_unread(&t->ring) + t->ring.in_flight >= t->enter.min_complete)
            return false;
        finish(t, STATUS_BAD_ARGUMENT); /* nothing in flight can ever end this wait */
        return true;
    }
    if (mono_before(glue_now(), t->enter.deadline))
        return false;
    finish(t, STATUS_EXPIRED);
    return true;
}

/* The same for a call with its entry in registers; other operations may have ended meanwhile. */
static HOT bool entry_continue(struct uthread *t)
{
    struct enter_answer answer;

    if (!op_collect_answer(t, &answer)) {
        glue_block((enum wake_source)t->wait_source);
        return false;
    }
    t->enter.is_active = false;
    t->enter.is_entry = false;
    arch_context_set_results(&t->context, answer.status, answer.value);
    if (answer.has_words)
        arch_context_set_words(&t->context, t->enter.words);
    return true;
}

/* The same for a call that drains the ring, and for a fault. */
static NOINLINE bool ring_continue(struct uthread *t)
{
    struct enter *e = &t->enter;

    op_collect(t);
    if (e->is_held) {
        if (e->is_fault)
            return fault_continue(t);
        enum status status;

        glue_settle();
        status = drain(t);
        glue_reap();

        if (status != STATUS_OK) {
            finish(t, status);
            return true;
        }
        if (t->has_work)
            return false; /* its steps come first */
        if (t->should_yield) {
            give_up_if_asked(t);
            return false; /* others may run now */
        }
    }
    if (ring_unread(&t->ring) >= e->min_complete) {
        finish(t, ring_unread(&t->ring));
        return true;
    }
    if (gives_up(t))
        return true;
    if (!mono_is_never(e->deadline) && !timer_is_linked(&e->timer))
        timer_insert(&e->timer, e->deadline);
    glue_block((enum wake_source)t->wait_source);
    return false;
}

HOT bool enter_continue(struct uthread *t)
{
    struct enter *e = &t->enter;

    if (e->is_entry)
        return entry_continue(t);
    return ring_continue(t);
}
