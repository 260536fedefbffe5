/* SPDX-License-Identifier: MIT */
#include "kernel/fault.h"

#include "abi/fault.h"
#include "kernel/call.h"
#include "kernel/console.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"

#define LINE_BYTES 192u

_Static_assert(FAULT_READ == (uint64_t)ARCH_READ << 8, "the access wanted, as arch.h has it");
_Static_assert(FAULT_WRITE == (uint64_t)ARCH_WRITE << 8, "the same");
_Static_assert(FAULT_EXECUTE == (uint64_t)ARCH_EXECUTE << 8, "the same");

/* ---- The endpoint ---- */

enum status fault_decode(const struct process *holder, uint64_t client, uint64_t cookie,
                         struct fault_handler *handler)
{
    *handler = (struct fault_handler){.client = {.kind = CAP_KIND_EMPTY}, .cookie = cookie};
    if (client == CAP_NONE)
        return cookie == 0 ? STATUS_OK : STATUS_BAD_ARGUMENT;
    return cap_lookup_kind(holder, cap_handle_of(client), CAP_KIND_CLIENT, &handler->client);
}

enum status fault_set(const struct process *process, uint64_t index, uint64_t gen,
                      const struct fault_handler *handler)
{
    struct thread_ref ref;
    struct seat *seat = seat_hold(process, index, gen, &ref);

    if (seat == NULL)
        return STATUS_STALE;
    seat->thread->fault = *handler;
    seat_let_go(seat);
    return STATUS_OK;
}

static struct fault_handler handler_of(const struct uthread *t)
{
    struct fault_handler handler;

    lock_take(&t->seat->lock, LOCK_THREAD);
    handler = t->fault;
    lock_give(&t->seat->lock, LOCK_THREAD);
    return handler;
}

/* ---- The end ---- */

/* The first process has nobody who would ask why it ended. */
static void print(const struct uthread *t, const char *name)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));

    fmt_text(&line, "user fault: ");
    fmt_text(&line, name);
    fmt_text(&line, " at pc 0x");
    fmt_hex(&line, arch_context_pc(&t->context), 1);
    fmt_text(&line, ", address 0x");
    fmt_hex(&line, t->enter.fault.address, 1);
    fmt_text(&line, ", what 0x");
    fmt_hex(&line, t->enter.fault.what, 1);
    fmt_text(&line, ", stack 0x");
    fmt_hex(&line, arch_context_stack(&t->context), 1);
    fmt_text(&line, ", thread ");
    fmt_u64(&line, t->index, 0, ' ');
    fmt_text(&line, " on CPU ");
    fmt_u64(&line, cpu_this()->number, 0, ' ');
    console_line(&line);
}

/* The process of `t`, which runs, ends because of its fault, and it with it. */
static void die(struct uthread *t, const char *name)
{
    const struct arch_fault fault = {
        .vector = FAULT_VECTOR(t->enter.fault.what),
        .address = t->enter.fault.address,
    };

    if (t->process->parent == NULL)
        print(t, name);
    process_end_by_fault(t->process, &fault, t->index, arch_context_pc(&t->context));
    uthread_end(t, STATUS_KILLED);
}

/* ---- The fault ---- */

/* FA1. */
static void set_waiting(struct uthread *t, bool waits)
{
    t->enter.is_active = waits;
    t->enter.is_held = waits;
    t->enter.is_fault = waits;
}

/* Returns: its endpoint is told, and the thread waits. */
static bool tell(struct uthread *t)
{
    struct fault_handler handler = handler_of(t);

    if (handler.client.kind == CAP_KIND_EMPTY)
        return false;
    t->enter.fault.cookie = handler.cookie;
    set_waiting(t, true); /* before others can find it waiting */
    if (call_fault(t, &handler.client) == STATUS_OK)
        return true;
    set_waiting(t, false);
    return false;
}

void fault_take(struct uthread *t, const struct arch_fault *fault)
{
    ASSERT(!t->enter.is_active);
    ASSERT(fault->vector <= FAULT_VECTOR(UINT64_MAX));
    t->enter.fault = (struct fault_record){
        .what = fault->vector | (uint64_t)fault->access << 8 |
                (fault->is_mapped ? FAULT_MAPPED : 0),
        .address = fault->address,
    };
    if (!tell(t))
        die(t, fault->name);
}

NOINLINE bool fault_continue(struct uthread *t)
{
    struct enter *e = &t->enter;

    if (!e->answer.is_there) {
        glue_block((enum wake_source)t->wait_source);
        return false;
    }
    e->answer.is_there = false;
    set_waiting(t, false);
    if (e->answer.status == STATUS_OK && e->answer.value == FAULT_RESUME)
        return true;
    die(t, "a fault that its endpoint has not mended");
    return false;
}
