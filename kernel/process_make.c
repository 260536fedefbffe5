/* SPDX-License-Identifier: MIT */
/* process_make.c - from a record to a running first thread, in bounded steps. */
#include "kernel/cpuset.h"
#include "kernel/grant.h"
#include "kernel/memory.h"
#include "kernel/process.h"
#include "kernel/program.h"
#include "kernel/sched_glue.h"
#include "kernel/uthread.h"

/* ---- The record ---- */

static void init_record(struct process *p, struct process *parent,
                        const struct cap_process_params *params)
{
    memset(&p->state, 0, sizeof(*p) - offsetof(struct process, state));
    p->parent = parent;
    p->program = program_at(params->program);
    p->params = *params;
    p->service = params->service != 0 || parent == NULL ? params->service : parent->service;
    ledger_init(&p->ledger, params->limits);
    cap_table_init(&p->caps, &p->ledger);
    list_init(&p->memories);
    list_init(&p->mappings);
    list_init(&p->cpusets);
    list_init(&p->endpoints);
    list_init(&p->grants);
    list_init(&p->irqs);
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->sessions);
    list_init(&p->reap_queue);
    list_init(&p->item.link);
    port_store32(&p->state, PROCESS_MAKING);
}

/* Everything that can be judged without making anything. */
static enum status check(const struct cap_process_params *params)
{
    if (program_at(params->program) == NULL || params->gift_count > CAP_GIFTS_MAX ||
        params->service > CAP_SERVICES_MAX ||
        (params->fault_client == CAP_NONE && params->fault_cookie != 0) ||
        params->latency_class >= LATENCY_CLASS_COUNT || params->weight > WEIGHT_MAX)
        return STATUS_BAD_ARGUMENT;
    if (params->reserved != 0)
        return STATUS_BAD_FLAGS;
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        if (params->limits[i] > UINT32_MAX)
            return STATUS_BAD_ARGUMENT;
    for (uint32_t i = 0; i < params->gift_count; i++) { /* at most CAP_GIFTS_MAX */
        if (params->gifts[i].reserved != 0)
            return STATUS_BAD_FLAGS;
        if (params->gifts[i].slot == CAP_NONE || params->gifts[i].slot >= CAP_SLOT_COUNT)
            return STATUS_BAD_ARGUMENT;
        for (uint32_t j = 0; j < i; j++)
            if (params->gifts[j].slot == params->gifts[i].slot)
                return STATUS_BAD_ARGUMENT;
    }
    return STATUS_OK;
}

/* Both are kin from now on, and it is in its session.  STALE: that is logged out. */
static enum status link_record(struct process *parent, struct process *p, struct pool_ref session)
{
    enum status status;

    family_lock();
    status = session_join(p, session);
    if (status == STATUS_OK)
        list_insert_before(&parent->children, &p->sibling);
    family_unlock();
    return status;
}

/* What the parent pays: the record, and all the limits. */
static enum status charge(struct process *parent, const struct resource_ledger *limits)
{
    enum status status = ledger_take(&parent->ledger, LEDGER_OBJECTS, 1);

    if (status != STATUS_OK)
        return status;
    status = ledger_delegate(&parent->ledger, limits);
    if (status != STATUS_OK)
        ledger_release(&parent->ledger, LEDGER_OBJECTS, 1);
    return status;
}

static void uncharge(struct process *parent, const struct resource_ledger *limits)
{
    ledger_undelegate(&parent->ledger, limits);
    ledger_release(&parent->ledger, LEDGER_OBJECTS, 1);
}

enum status process_begin(struct process *parent, const struct cap_process_params *params,
                          struct pool_ref session, struct process **process)
{
    enum status status = check(params);
    struct resource_ledger limits;
    uint32_t index;

    if (status != STATUS_OK)
        return status;
    ledger_init(&limits, params->limits);
    status = reaper_create(parent);
    if (status == STATUS_OK)
        status = charge(parent, &limits);
    if (status != STATUS_OK)
        return status;
    index = pool_take(&process_pool);
    if (index == POOL_NONE) {
        uncharge(parent, &limits);
        return STATUS_NO_SLOT;
    }
    *process = process_at(index);
    init_record(*process, parent, params);
    (*process)->cpus = parent->cpus;
    status = link_record(parent, *process, session);
    if (status != STATUS_OK) {
        port_store32(&(*process)->state, PROCESS_FREE);
        (void)pool_stale(&process_pool, index);
        uncharge(parent, &limits);
        pool_give(&process_pool, index);
    }
    return status;
}

/* ---- Steps ---- */

static enum status put_gift(struct process *p, uint32_t slot, const struct cap_ref *ref)
{
    enum status status = cap_reserve_at(&p->caps, slot);

    if (status != STATUS_OK)
        return status;
    (void)cap_commit(&p->caps, slot, ref);
    if (slot != CAP_CPUS || ref->kind != CAP_KIND_CPUS)
        return STATUS_OK;
    p->cpus = *cpuset_mask(ref->object);
    return cap_is_live(ref) ? STATUS_OK : STATUS_STALE; /* else that was another set's */
}

static enum status put_gifts(struct process *p)
{
    for (uint32_t i = 0; i < p->params.gift_count; i++) { /* at most CAP_GIFTS_MAX */
        const struct cap_gift *gift = &p->params.gifts[i];
        struct cap_ref ref;
        enum status status = cap_read(&p->parent->caps, gift->from, &ref);

        if (status == STATUS_OK && !cap_is_live(&ref))
            status = STATUS_STALE;
        if (status == STATUS_OK)
            status = grant_pass(p->parent, gift->grant, &ref);
        if (status == STATUS_OK)
            status = put_gift(p, gift->slot, &ref);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The page of a writable segment that begins `done` bytes into its memory. */
static enum status copy_page(struct process *p, const struct elf_segment *s, uint64_t virt)
{
    uint64_t frame;
    enum status status = vspace_map_fresh(&p->space, virt, s->access, &frame);
    unsigned char *page;
    uint64_t from, to;

    if (status != STATUS_OK)
        return status;
    page = arch_phys_to_virt(frame);
    from = virt > s->virt ? virt : s->virt; /* what of the file lies in this page */
    to = virt + ARCH_PAGE_BYTES < s->virt + s->file_bytes ? virt + ARCH_PAGE_BYTES
                                                          : s->virt + s->file_bytes;
    if (from < to)
        memcpy(page + (from - virt), p->program->image + s->file_offset + (from - s->virt),
               to - from);
    return STATUS_OK;
}

/* Up to FRAMES_PER_STEP pages of the current segment; then it is the next one's turn. */
static enum status map_segment(struct process *p)
{
    const struct elf_segment *s = &p->program->plan.segments[p->segment];
    uint64_t first = s->virt - s->virt % ARCH_PAGE_BYTES;

    for (uint32_t i = 0; i < FRAMES_PER_STEP; i++) {
        uint64_t virt = first + p->cursor;
        enum status status;

        if (virt >= s->virt + s->memory_bytes) {
            p->segment++;
            p->cursor = 0;
            return STATUS_OK;
        }
        status = (s->access & ARCH_WRITE) != 0
                     ? copy_page(p, s, virt)
                     : vspace_map(&p->space, virt, p->program->shared[p->segment] + p->cursor,
                                  s->access);
        if (status != STATUS_OK)
            return status;
        p->cursor += ARCH_PAGE_BYTES;
    }
    return STATUS_OK;
}

static enum status map_stack(struct process *p)
{
    for (uint64_t at = STACK_BASE; at < PROCESS_STACK_TOP; at += ARCH_PAGE_BYTES) {
        uint64_t frame;
        enum status status = vspace_map_fresh(&p->space, at, ARCH_READ | ARCH_WRITE, &frame);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status make_thread(struct process *p, struct thread_ref *ref)
{
    struct uthread_start start = {
        .entry = p->program->plan.entry,
        .stack = PROCESS_STACK_TOP,
        .argument = p->params.argument,
        .fault = {.cookie = p->params.fault_cookie},
    };
    struct thread_params params = {
        .weight = p->params.weight != 0 ? p->params.weight : WEIGHT_UNIT,
        .latency_class = (enum latency_class)p->params.latency_class,
        .start_cpu = cpu_this()->number,
        .mask = p->cpus.words,
    };
    struct thread_name name;
    enum status status = STATUS_OK;

    if (p->params.fault_client != CAP_NONE)
        status = cap_lookup_kind(p->parent, p->params.fault_client, CAP_KIND_CLIENT,
                                 &start.fault.client);
    return status == STATUS_OK ? uthread_create(p, &start, &params, &name, ref) : status;
}

/* The next part of it.  *ref is its first thread once that is made. */
static enum status make_some(struct process *p, struct thread_ref *ref)
{
    enum status status = STATUS_OK;

    if (p->space.root == 0) {
        status = vspace_init(&p->space, &p->ledger);
        return status == STATUS_OK ? put_gifts(p) : status;
    }
    if (p->segment < p->program->plan.segment_count)
        return map_segment(p);
    status = map_stack(p);
    return status == STATUS_OK ? make_thread(p, ref) : status;
}

/* It could not be made: what was made goes the way of every process that ends. */
static enum work_turn unmake_step(struct work *w, struct process *p)
{
    bool is_parked = false;
    enum work_turn turn = process_end_step(p, w->worker, &is_parked);

    ASSERT(!is_parked); /* it has no thread, no child */
    if (turn != WORK_DONE)
        return turn;
    cap_cancel(&w->process->caps, w->slot);
    process_release(w->process, pool_ref_of(&process_pool, w->object), p->handle_slot);
    return WORK_DONE;
}

/* Is there still somebody whose child it is, and a session that it can be in? */
static bool may_go_on(const struct process *parent, const struct process *p)
{
    return process_has_authority(parent) && session_is_live(p->session);
}

/* The same of a child that is LIVE: under the lock, so that who ends either afterwards finds it so
 * (SE3). */
static bool may_stay(const struct process *parent, const struct process *p)
{
    bool may;

    family_lock();
    may = may_go_on(parent, p);
    family_unlock();
    return may;
}

enum work_turn process_make_step(struct work *w)
{
    struct process *p = process_at(w->object);
    struct cap_ref ref = {.kind = CAP_KIND_PROCESS,
                          .object = w->object,
                          .object_gen = pool_gen(&process_pool, w->object),
                          .grant = GRANT_ROOT};
    struct thread_ref first = THREAD_REF_NONE;
    enum status status;

    if (process_state(p) != PROCESS_MAKING)
        return unmake_step(w, p);
    status = may_go_on(w->process, p) ? make_some(p, &first) : STATUS_STALE;
    if (status != STATUS_OK) {
        w->status = status;
        w->value = status == STATUS_LEDGER_FULL ? cpu_this()->refused : 0;
        p->handle_slot = w->slot;
        p->segment = 0;
        p->cursor = 0;
        port_store32(&p->state, PROCESS_ENDING);
        return WORK_MORE;
    }
    if (thread_ref_is_none(first))
        return WORK_MORE;
    p->handle_slot = w->slot;
    port_store32(&p->state, PROCESS_LIVE);
    w->status = cap_commit(&w->process->caps, w->slot, &ref);
    glue_wake(first, WAKE_START); /* from here on it may run, and end */
    if (!may_stay(w->process, p)) /* else its parent's end, or a logout, will find it LIVE */
        process_kill((struct pool_ref){ref.object, ref.object_gen});
    return WORK_DONE;
}

/* ---- The first ---- */

const char *process_make_first(const struct boot_gift *gifts, uint32_t gift_count,
                               const uint64_t limits[LEDGER_RESOURCE_COUNT])
{
    struct cap_process_params params = {.latency_class = LATENCY_NORMAL};
    struct thread_ref first = THREAD_REF_NONE;
    uint32_t index = pool_take(&process_pool);
    struct process *p = process_at(index);

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        params.limits[i] = limits[i];
    init_record(p, NULL, &params);
    family_lock();
    session_join_first(p);
    family_unlock();
    while (thread_ref_is_none(first)) { /* at most ELF_SEGMENT_BYTES_MAX / ARCH_PAGE_BYTES turns */
        if (make_some(p, &first) != STATUS_OK)
            return "there is too little memory for it";
        arch_pause();
        for (; gift_count > 0; gift_count--) /* once, as soon as it has a table */
            if (put_gift(p, gifts[gift_count - 1].slot, &gifts[gift_count - 1].ref) != STATUS_OK)
                return "there is too little memory for its capabilities";
    }
    if (reaper_create(p) != STATUS_OK) /* it may run at once, and needs the address space */
        return "there is no thread for its reaper";
    port_store32(&p->state, PROCESS_LIVE);
    glue_wake(first, WAKE_START);
    return NULL;
}
