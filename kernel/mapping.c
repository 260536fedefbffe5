/* SPDX-License-Identifier: MIT */
#include "kernel/mapping.h"

#include "kernel/limits.h"
#include "kernel/object.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

struct pool mapping_pool;

bool mapping_init(void)
{
    return pool_init(&mapping_pool, sizeof(struct mapping), MAPPINGS_MAX);
}

static struct mapping *mapping_at(uint32_t index)
{
    return pool_at(&mapping_pool, index);
}

/* ---- Making ---- */

static bool overlaps(const struct mapping *mapping, uint64_t virt, uint64_t pages)
{
    return virt < mapping->virt + mapping->pages * ARCH_PAGE_BYTES &&
           mapping->virt < virt + pages * ARCH_PAGE_BYTES;
}

/* Under LOCK_OBJECT.  At most PROCESS_MAPPINGS_MAX. */
static bool is_in_use(const struct process *process, uint64_t virt, uint64_t pages)
{
    for (struct list *at = process->mappings.next; at != &process->mappings; at = at->next)
        if (overlaps(LIST_ENTRY(at, struct mapping, of_process), virt, pages))
            return true;
    return false;
}

/* Link it, unless its place is taken or its object has ended. */
static enum status link_both(struct mapping *mapping, struct memobj *m)
{
    enum status status = STATUS_OK;

    object_lock();
    if (!cap_is_live(&mapping->cap))
        status = STATUS_STALE;
    else if (mapping->process->mapping_count == PROCESS_MAPPINGS_MAX)
        status = STATUS_NO_SLOT;
    else if (is_in_use(mapping->process, mapping->virt, mapping->pages))
        status = STATUS_ADDRESS_IN_USE;
    if (status == STATUS_OK) {
        list_insert_before(&m->mappings, &mapping->of_memory);
        list_insert_before(&mapping->process->mappings, &mapping->of_process);
        mapping->is_linked = true;
        mapping->process->mapping_count++;
    }
    object_unlock();
    return status;
}

enum status mapping_begin(struct work *w, const struct cap_ref *cap, uint64_t virt, uint64_t pages,
                          uint32_t access)
{
    struct memobj *m = pool_at(&memobj_pool, cap->object);
    struct process *process = w->process;
    enum status status = ledger_take(&process->ledger, LEDGER_OBJECTS, 1);

    if (status != STATUS_OK)
        return status;
    w->mapping = pool_take(&mapping_pool);
    status = w->mapping == POOL_NONE ? STATUS_NO_SLOT
                                     : vspace_reserve(&process->space, virt, pages, &w->tables);
    if (status == STATUS_OK) {
        struct mapping *mapping = mapping_at(w->mapping);

        mapping->process = process;
        mapping->cap = *cap;
        mapping->virt = virt;
        mapping->pages = pages;
        mapping->access = access;
        mapping->is_claimed = true;
        status = link_both(mapping, m);
        if (status == STATUS_OK)
            return STATUS_OK;
        vspace_cancel(&process->space, w->tables);
    }
    if (w->mapping != POOL_NONE) {
        (void)pool_stale(&mapping_pool, w->mapping);
        pool_give(&mapping_pool, w->mapping);
    }
    ledger_release(&process->ledger, LEDGER_OBJECTS, 1);
    return status;
}

/* The first `pages` pages of the mapping are to go, and it with them. */
static void begin_unmapping(struct work *w, uint32_t index, uint64_t pages)
{
    w->unmapping = (struct unmapping){.mapping = index, .pages = pages};
}

enum work_turn mapping_make_step(struct work *w)
{
    struct mapping *mapping = mapping_at(w->mapping);
    const struct memobj *m = pool_at(&memobj_pool, mapping->cap.object);
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < PAGES_PER_STEP && w->cursor < mapping->pages; i++, w->cursor++) {
        status = !cap_is_live(&mapping->cap)
                     ? STATUS_STALE
                     : vspace_map_reserved(&w->process->space,
                                           mapping->virt + w->cursor * ARCH_PAGE_BYTES,
                                           memobj_frame(m, w->cursor), mapping->access, &w->tables);
        if (status != STATUS_OK)
            break;
    }
    if (status == STATUS_OK && w->cursor < mapping->pages)
        return WORK_MORE;
    vspace_cancel(&w->process->space, w->tables);
    w->tables = 0;
    w->status = status;
    w->value = m->bytes;
    object_lock();
    /* Who ends the capability from now on finds the mapping unclaimed; who did before did not. */
    if (status == STATUS_OK && !cap_is_live(&mapping->cap))
        w->status = status = STATUS_STALE;
    if (status == STATUS_OK)
        mapping->is_claimed = false;
    object_unlock();
    if (status == STATUS_OK)
        return WORK_DONE;
    /* Where a table was missing, those above it may be there already: they go, too. */
    begin_unmapping(w, w->mapping, w->cursor + (status == STATUS_NO_MEMORY));
    w->kind = WORK_UNMAP;
    return WORK_MORE;
}

/* ---- Claiming ---- */

/* Under LOCK_OBJECT. */
static enum mapping_claim claim(struct work *w, struct mapping *mapping)
{
    if (mapping->is_claimed)
        return MAPPING_BUSY;
    mapping->is_claimed = true;
    begin_unmapping(w, pool_index(&mapping_pool, mapping), mapping->pages);
    return MAPPING_CLAIMED;
}

bool mapping_claim_at(struct work *w, uint32_t object, uint64_t virt)
{
    struct list *head = &w->process->mappings;
    enum mapping_claim outcome = MAPPING_NONE;

    object_lock();
    for (struct list *at = head->next; at != head && outcome == MAPPING_NONE; at = at->next) {
        struct mapping *mapping = LIST_ENTRY(at, struct mapping, of_process);

        if (mapping->virt == virt && mapping->cap.object == object)
            outcome = claim(w, mapping);
    }
    object_unlock();
    return outcome == MAPPING_CLAIMED;
}

enum mapping_claim mapping_claim_of(struct work *w, struct memobj *m)
{
    enum mapping_claim outcome = MAPPING_NONE;

    object_lock();
    for (struct list *at = m->mappings.next; at != &m->mappings && outcome != MAPPING_CLAIMED;
         at = at->next) /* busy ones are few: each has a worker */
        outcome = claim(w, LIST_ENTRY(at, struct mapping, of_memory));
    object_unlock();
    return outcome;
}

enum mapping_claim mapping_claim_dead(struct work *w, uint32_t index)
{
    struct mapping *mapping = mapping_at(index);
    enum mapping_claim outcome = MAPPING_NONE;

    /* One that is linked after this look has looked at its capability after the grant's end. */
    if (!__atomic_load_n(&mapping->is_linked, __ATOMIC_ACQUIRE))
        return MAPPING_NONE;
    object_lock();
    if (mapping->is_linked && !cap_is_live(&mapping->cap))
        outcome = claim(w, mapping);
    object_unlock();
    return outcome;
}

/* ---- Ending ---- */

/* Under LOCK_OBJECT.  While it is linked its process cannot be gone, afterwards it may be. */
static void free_record(struct mapping *mapping)
{
    uint32_t index = pool_index(&mapping_pool, mapping);

    ledger_release(&mapping->process->ledger, LEDGER_OBJECTS, 1);
    list_remove(&mapping->of_memory);
    list_remove(&mapping->of_process);
    mapping->is_linked = false;
    mapping->process->mapping_count--;
    (void)pool_stale(&mapping_pool, index);
    pool_give(&mapping_pool, index);
}

enum work_turn mapping_unmap_step(struct work *w)
{
    struct unmapping *u = &w->unmapping;
    struct mapping *mapping = mapping_at(u->mapping);
    struct vspace *space = &mapping->process->space;

    if (u->pages > 0) {
        uint64_t pages = u->pages < PAGES_PER_STEP ? u->pages : PAGES_PER_STEP;

        u->pages -= pages;
        vspace_unmap(space, mapping->virt + u->pages * ARCH_PAGE_BYTES, pages, &u->limbo);
        return WORK_MORE;
    }
    if (!u->is_asked) {
        u->is_asked = true;
        port_fence(); /* the tables are changed before `cpus` is read; see vspace_activate */
        if (cpu_this()->space == space)
            arch_space_flush();
        if (!quiesce_begin(&u->quiesce, port_load64(&space->cpus), w->worker))
            return WORK_WAIT;
    }
    if (!quiesce_is_over(&u->quiesce))
        return WORK_WAIT;
    if (u->seats < __atomic_load_n(&mapping->process->seats.fresh_index, __ATOMIC_RELAXED)) {
        uthread_end_parks(mapping->process, u->seats, SEATS_PER_STEP, mapping->virt,
                          mapping->pages * ARCH_PAGE_BYTES);
        u->seats += SEATS_PER_STEP;
        return WORK_MORE;
    }
    vspace_free_limbo(space, &u->limbo);
    object_lock();
    free_record(mapping);
    object_unlock();
    u->mapping = POOL_NONE;
    return WORK_DONE;
}

enum work_turn mapping_forget_some(struct process *process)
{
    enum work_turn turn = WORK_DONE;

    for (uint32_t i = 0; i < WAITERS_PER_STEP; i++) {
        struct mapping *mapping = NULL;

        object_lock();
        if (!list_is_empty(&process->mappings))
            mapping = LIST_ENTRY(process->mappings.next, struct mapping, of_process);
        turn = mapping == NULL ? WORK_DONE : mapping->is_claimed ? WORK_AGAIN : WORK_MORE;
        if (turn == WORK_MORE)
            free_record(mapping);
        object_unlock();
        if (turn != WORK_MORE)
            return turn;
    }
    return turn;
}
