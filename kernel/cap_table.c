/* SPDX-License-Identifier: MIT */
/* cap_table.c - the methods of TABLE and CPUS (abi/cap.h): copies, grants, revoking; CPU sets. */
#include "kernel/cap.h"
#include "kernel/cpuset.h"
#include "kernel/grant.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* ---- TABLE ---- */

static int64_t create_grant(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct cap_ref of, ref = {.kind = CAP_KIND_GRANT};
    struct pool_ref grant;
    uint32_t slot;
    enum status status = cap_lookup(process, cap_handle_of(call->args[0]), &of);

    if (status == STATUS_OK)
        status = cap_reserve(&process->caps, &slot);
    if (status != STATUS_OK)
        return status;
    status = grant_create(process, (struct pool_ref){of.grant, of.grant_gen}, &grant);
    if (status != STATUS_OK) {
        cap_cancel(&process->caps, slot);
        return status;
    }
    ref.object = grant.index;
    ref.object_gen = grant.gen;
    ref.grant = of.grant;
    ref.grant_gen = of.grant_gen;
    return cap_commit(&process->caps, slot, &ref);
}

static int64_t copy(struct cap_call *call)
{
    const struct process *process = call->thread->process;
    struct cap_ref ref;
    enum status status = cap_lookup(process, cap_handle_of(call->args[0]), &ref);

    if (status == STATUS_OK && call->args[1] > UINT32_MAX)
        status = STATUS_BAD_CAP;
    if (status == STATUS_OK)
        status = grant_pass(process, (uint32_t)call->args[1], &ref);
    return status == STATUS_OK ? cap_give(call, &ref) : status;
}

/* Also a grant that is dead by one above it can be revoked: its record is its owner's. */
static int64_t revoke(struct cap_call *call)
{
    struct uthread *t = call->thread;
    const struct grant *grant;
    struct cap_ref ref;
    struct op *op;
    enum status status = cap_read(&t->process->caps, cap_handle_of(call->args[0]), &ref);

    if (status == STATUS_OK && ref.kind != CAP_KIND_GRANT)
        status = STATUS_BAD_CAP;
    if (status != STATUS_OK)
        return status;
    grant = pool_at(&grant_pool, ref.object);
    if (!pool_is_live(&grant_pool, (struct pool_ref){ref.object, ref.object_gen}))
        return STATUS_STALE;
    if (grant->owner != t->process)
        return STATUS_BAD_CAP;
    op = op_take(t, OP_WORK, call->user_data);
    if (op == NULL)
        return STATUS_NO_SLOT;
    if (!grant_revoke((struct pool_ref){ref.object, ref.object_gen})) { /* another was faster */
        op_drop(t, op);
        return STATUS_STALE;
    }
    work_init(&t->work, WORK_REVOKE, t->process, t->ref);
    t->work.object = ref.object;
    uthread_begin_work(t, op);
    call->is_waiting = true;
    return STATUS_OK;
}

int64_t table_methods(struct cap_call *call)
{
    struct cap_ref ref;
    enum status status;

    switch (call->method) {
    case TABLE_GRANT_CREATE:
        return create_grant(call);
    case TABLE_COPY:
        return copy(call);
    case TABLE_REVOKE:
        return revoke(call);
    case TABLE_KIND:
        status = cap_lookup(call->thread->process, cap_handle_of(call->args[0]), &ref);
        return status == STATUS_OK ? (int64_t)ref.kind : status;
    default:
        return STATUS_BAD_CAP;
    }
}

int64_t grant_methods(struct cap_call *call)
{
    (void)call;
    return STATUS_BAD_CAP;
}

/* ---- CPUS ---- */

/* The set that is called: as it is read, it may have become another's. */
static enum status read_set(const struct cap_call *call, struct cpumask *set)
{
    *set = *cpuset_mask(call->ref.object);
    return cap_is_live(&call->ref) ? STATUS_OK : STATUS_STALE;
}

/* What of the set is also in the caller's mask at `from`.  BAD_ADDRESS, STALE, OUTSIDE_MASK. */
static enum status intersect(const struct cap_call *call, uint64_t from, struct cpumask *mask)
{
    struct cpumask set;
    enum status status = vspace_copy_in(&call->thread->process->space, mask, from, sizeof(*mask));

    if (status == STATUS_OK)
        status = read_set(call, &set);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        mask->words[i] &= set.words[i];
    return cpumask_is_empty(mask->words, CPUMASK_WORDS) ? STATUS_OUTSIDE_MASK : STATUS_OK;
}

static int64_t narrow(struct cap_call *call)
{
    struct process *process = call->thread->process;
    struct cap_ref ref = {
        .kind = CAP_KIND_CPUS, .grant = call->ref.grant, .grant_gen = call->ref.grant_gen};
    struct cpumask mask;
    uint32_t slot;
    enum status status = intersect(call, call->args[0], &mask);

    if (status == STATUS_OK)
        status = cap_reserve(&process->caps, &slot);
    if (status != STATUS_OK)
        return status;
    status = cpuset_create(process, &mask, slot, &ref.object);
    if (status != STATUS_OK) {
        cap_cancel(&process->caps, slot);
        return status;
    }
    ref.object_gen = pool_gen(&cpuset_pool, ref.object);
    return cap_commit(&process->caps, slot, &ref);
}

static int64_t assign(struct cap_call *call)
{
    struct cpumask mask;
    enum status status = intersect(call, call->args[2], &mask);

    if (status != STATUS_OK)
        return status;
    return uthread_set_mask(call->thread->process, call->args[0], call->args[1], &mask);
}

static int64_t show(const struct cap_call *call)
{
    struct cpumask set;
    enum status status = read_set(call, &set);

    if (status != STATUS_OK)
        return status;
    return vspace_copy_out(&call->thread->process->space, call->args[0], &set, sizeof(set));
}

int64_t cpus_methods(struct cap_call *call)
{
    switch (call->method) {
    case CPUS_READ:
        return show(call);
    case CPUS_NARROW:
        return narrow(call);
    case CPUS_ASSIGN:
        return assign(call);
    default:
        return STATUS_BAD_CAP;
    }
}
