/* SPDX-License-Identifier: MIT */
#include "kernel/cap.h"

#include "kernel/cpuset.h"
#include "kernel/endpoint.h"
#include "kernel/frame.h"
#include "kernel/grant.h"
#include "kernel/irq.h"
#include "kernel/memobj.h"
#include "kernel/process.h"
#include "kernel/session.h"
#include "kernel/uthread.h"

#define WORD_USED 1u
#define GEN_MAX ((1u << (32u - CAP_SLOT_BITS)) - 1u)

static uint32_t gen_of(uint32_t word)
{
    return word >> 1;
}

/* The record of a slot, or NULL where there is no page yet. */
static HOT struct cap_slot_record *record_of(const struct cap_table *table, uint32_t slot)
{
    struct cap_slot_record *page =
        __atomic_load_n(&table->pages[slot / CAP_SLOTS_PER_PAGE], __ATOMIC_ACQUIRE);

    ASSERT(slot < CAP_SLOT_COUNT);
    return page == NULL ? NULL : &page[slot % CAP_SLOTS_PER_PAGE];
}

/* ---- Slots ---- */

void cap_table_init(struct cap_table *table, struct resource_ledger *ledger)
{
    *table = (struct cap_table){.ledger = ledger, .fresh = CAP_SLOT_FIRST_FREE};
}

/* Under LOCK_TABLE: the page of `slot` is there afterwards. */
static enum status make_page(struct cap_table *table, uint32_t slot)
{
    enum status status;
    uint64_t frame;

    if (record_of(table, slot) != NULL)
        return STATUS_OK;
    status = ledger_take(table->ledger, LEDGER_FRAMES, 1);
    if (status != STATUS_OK)
        return status;
    frame = frame_take();
    if (frame == 0) {
        ledger_release(table->ledger, LEDGER_FRAMES, 1);
        return STATUS_NO_MEMORY;
    }
    __atomic_store_n(&table->pages[slot / CAP_SLOTS_PER_PAGE],
                     (struct cap_slot_record *)arch_phys_to_virt(frame), __ATOMIC_RELEASE);
    return STATUS_OK;
}

/* Under LOCK_TABLE: nothing else can be refused any more once this is OK. */
static enum status find_free(struct cap_table *table, uint32_t *slot)
{
    enum status status;

    *slot = table->first_free;
    if (*slot != 0) {
        table->first_free = record_of(table, *slot)->next_free;
        return STATUS_OK;
    }
    if (table->fresh == CAP_SLOT_COUNT)
        return STATUS_NO_SLOT;
    status = make_page(table, table->fresh);
    if (status == STATUS_OK)
        *slot = table->fresh++;
    return status;
}

enum status cap_reserve(struct cap_table *table, uint32_t *slot)
{
    enum status status = ledger_take(table->ledger, LEDGER_SLOTS, 1);

    if (status != STATUS_OK)
        return status;
    lock_take(&table->lock, LOCK_TABLE);
    status = find_free(table, slot);
    lock_give(&table->lock, LOCK_TABLE);
    if (status != STATUS_OK)
        ledger_release(table->ledger, LEDGER_SLOTS, 1);
    return status;
}

/* Take `slot` off the free list.  Under LOCK_TABLE.  BUSY: it is not there. */
static enum status take_free(struct cap_table *table, uint32_t slot)
{
    uint32_t *link = &table->first_free;

    while (*link != 0 && *link != slot) /* at most CAP_SLOT_COUNT */
        link = &record_of(table, *link)->next_free;
    if (*link == 0)
        return STATUS_BUSY;
    *link = record_of(table, slot)->next_free;
    return STATUS_OK;
}

/* Only the maker of a process does this, before anybody else sees the table. */
enum status cap_reserve_at(struct cap_table *table, uint32_t slot)
{
    enum status status;

    ASSERT(slot != CAP_NONE && slot < CAP_SLOT_COUNT);
    status = ledger_take(table->ledger, LEDGER_SLOTS, 1);
    if (status != STATUS_OK)
        return status;
    lock_take(&table->lock, LOCK_TABLE);
    status = slot >= CAP_SLOT_FIRST_FREE && slot < table->fresh ? take_free(table, slot)
                                                                : make_page(table, slot);
    if (status == STATUS_OK && (port_load32(&record_of(table, slot)->word) & WORD_USED) != 0)
        status = STATUS_BUSY;
    while (status == STATUS_OK && slot >= table->fresh) { /* at most CAP_SLOT_COUNT */
        status = make_page(table, table->fresh);
        if (status != STATUS_OK)
            break;
        if (table->fresh != slot) {
            record_of(table, table->fresh)->next_free = table->first_free;
            table->first_free = table->fresh;
        }
        table->fresh++;
    }
    lock_give(&table->lock, LOCK_TABLE);
    if (status != STATUS_OK)
        ledger_release(table->ledger, LEDGER_SLOTS, 1);
    return status;
}

uint32_t cap_commit(struct cap_table *table, uint32_t slot, const struct cap_ref *ref)
{
    struct cap_slot_record *record = record_of(table, slot);
    uint32_t word = port_load32(&record->word);

    ASSERT((word & WORD_USED) == 0);
    record->ref = *ref;
    port_store32(&record->word, word | WORD_USED); /* release: the fields before it */
    return slot | gen_of(word) << CAP_SLOT_BITS;
}

/* The slot is empty: for the next, unless its generation would repeat. */
static void give_slot(struct cap_table *table, uint32_t slot)
{
    struct cap_slot_record *record = record_of(table, slot);

    if (gen_of(port_load32(&record->word)) < GEN_MAX && slot >= CAP_SLOT_FIRST_FREE) {
        lock_take(&table->lock, LOCK_TABLE);
        record->next_free = table->first_free;
        table->first_free = slot;
        lock_give(&table->lock, LOCK_TABLE);
    }
    ledger_release(table->ledger, LEDGER_SLOTS, 1);
}

void cap_cancel(struct cap_table *table, uint32_t slot)
{
    ASSERT((port_load32(&record_of(table, slot)->word) & WORD_USED) == 0);
    give_slot(table, slot);
}

enum status cap_insert(struct cap_table *table, const struct cap_ref *ref, uint32_t *handle)
{
    uint32_t slot;
    enum status status = cap_reserve(table, &slot);

    if (status == STATUS_OK)
        *handle = cap_commit(table, slot, ref);
    return status;
}

/* The word that the slot of `handle` has while `handle` is good. */
static uint32_t word_for(uint32_t handle)
{
    return handle >> CAP_SLOT_BITS << 1 | WORD_USED;
}

/* Why `handle` names nothing, its slot having this word. */
static enum status absent(uint32_t handle, uint32_t word)
{
    if ((word & WORD_USED) != 0 || handle >> CAP_SLOT_BITS < gen_of(word))
        return STATUS_STALE; /* another generation's */
    return STATUS_BAD_CAP;
}

/* Inline: it is on the way of every call. */
static HOT enum status read_slot(const struct cap_table *table, uint32_t handle,
                                 struct cap_ref *ref)
{
    const struct cap_slot_record *record = record_of(table, CAP_SLOT(handle));
    uint32_t word;

    if (record == NULL)
        return STATUS_BAD_CAP;
    word = port_load32(&record->word);
    if (word != word_for(handle))
        return absent(handle, word);
    *ref = record->ref;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the fields before the word again */
    return port_load32(&record->word) == word ? STATUS_OK : STATUS_STALE;
}

enum status cap_read(const struct cap_table *table, uint32_t handle, struct cap_ref *ref)
{
    return read_slot(table, handle, ref);
}

enum status cap_remove(struct cap_table *table, uint32_t handle, struct cap_ref *ref)
{
    struct cap_slot_record *record = record_of(table, CAP_SLOT(handle));
    uint32_t word = word_for(handle);
    enum status status = cap_read(table, handle, ref);

    if (status != STATUS_OK)
        return status;
    /* The next generation, unused.  Of two who remove it at the same time one wins. */
    if (!port_cas32(&record->word, &word, (gen_of(word) + 1) << 1))
        return absent(handle, word);
    give_slot(table, CAP_SLOT(handle));
    return STATUS_OK;
}

void cap_table_fini(struct cap_table *table)
{
    for (uint32_t i = 0; i < CAP_PAGES_MAX; i++) {
        struct cap_slot_record *page = table->pages[i];

        for (uint32_t j = 0; page != NULL && j < CAP_SLOTS_PER_PAGE; j++)
            if ((port_load32(&page[j].word) & WORD_USED) != 0)
                ledger_release(table->ledger, LEDGER_SLOTS, 1);
        if (page == NULL)
            continue;
        table->pages[i] = NULL;
        frame_give(arch_virt_to_phys(page));
        ledger_release(table->ledger, LEDGER_FRAMES, 1);
    }
}

/* ---- Meaning ---- */

/* Of these kinds there is one object, for ever. */
static inline bool is_eternal(uint32_t kind)
{
    _Static_assert(CAP_KIND_CONSOLE == 1 && CAP_KIND_TABLE + 1 == CAP_KIND_CPUS, "they come first");
    return kind - 1 < CAP_KIND_TABLE;
}

/* Does the record exist?  What its maker still has to let go of does. */
static bool record_is_live(const struct cap_ref *ref)
{
    struct pool_ref object = {ref->object, ref->object_gen};

    if (is_eternal(ref->kind))
        return true;
    switch (ref->kind) {
    case CAP_KIND_MEMORY:
    case CAP_KIND_VIEW:
        return pool_is_live(&memobj_pool, object);
    case CAP_KIND_PROCESS:
        return pool_is_live(&process_pool, object);
    case CAP_KIND_GRANT:
        return pool_is_live(&grant_pool, object);
    case CAP_KIND_CPUS:
        return pool_is_live(&cpuset_pool, object);
    case CAP_KIND_ENDPOINT:
    case CAP_KIND_CLIENT:
        return pool_is_live(&endpoint_pool, object);
    case CAP_KIND_SESSION:
        return pool_is_live(&session_pool, object);
    case CAP_KIND_IRQ:
        return pool_is_live(&irq_pool, object);
    case CAP_KIND_SESSIONS:
    case CAP_KIND_IRQS:
    case CAP_KIND_PORTS: /* the capability says which: kernel/ports.h */
        return true;
    default:
        return false;
    }
}

static HOT bool is_message_kind(uint32_t kind)
{
    return kind == CAP_KIND_CLIENT || kind == CAP_KIND_ENDPOINT;
}

/* And what a session made that is logged out is not live.  A process and a session are their
 * maker's to look at and let go of; they say themselves that they have ended. */
static bool object_is_live(const struct cap_ref *ref)
{
    const struct process *owner = NULL;
    bool is_live;

    if (ref->kind == CAP_KIND_MEMORY || ref->kind == CAP_KIND_VIEW)
        owner = memobj_owner(ref->object);
    else if (ref->kind == CAP_KIND_CPUS)
        owner = cpuset_owner(ref->object);
    else if (ref->kind == CAP_KIND_IRQ)
        owner = irq_owner(ref->object);
    else if (is_message_kind(ref->kind))
        owner = endpoint_at(ref->object)->owner;
    is_live = session_of_is_live(owner);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return is_live && record_is_live(ref); /* after the owner: else that was another's */
}

bool cap_is_live(const struct cap_ref *ref)
{
    if (ref->grant != GRANT_ROOT && !grant_is_live((struct pool_ref){ref->grant, ref->grant_gen}))
        return false;
    return object_is_live(ref);
}

/* `trusts_endpoints`: what is called there judges, under its lock, whether the endpoint is live. */
static HOT enum status find(const struct process *process, uint32_t handle, bool trusts_endpoints,
                            struct cap_ref *ref)
{
    enum status status = read_slot(&process->caps, handle, ref);

    if (status != STATUS_OK)
        return status;
    if (!process_has_authority(process)) /* it goes first */
        return STATUS_STALE;
    if (ref->grant == GRANT_ROOT &&
        (is_eternal(ref->kind) || (trusts_endpoints && is_message_kind(ref->kind))))
        return STATUS_OK;
    return cap_is_live(ref) ? STATUS_OK : STATUS_STALE;
}

static HOT enum status look_up(const struct process *process, uint32_t handle, struct cap_ref *ref)
{
    return find(process, handle, false, ref);
}

enum status cap_lookup(const struct process *process, uint32_t handle, struct cap_ref *ref)
{
    return look_up(process, handle, ref);
}

enum status cap_lookup_kind(const struct process *process, uint32_t handle, enum cap_kind kind,
                            struct cap_ref *ref)
{
    enum status status = cap_lookup(process, handle, ref);

    if (status == STATUS_OK && ref->kind != (uint32_t)kind)
        return STATUS_BAD_CAP;
    return status;
}

bool cap_is_held(const struct process *process, enum cap_slot slot, enum cap_kind kind)
{
    struct cap_ref ref;

    return cap_lookup_kind(process, slot, kind, &ref) == STATUS_OK;
}

enum status cap_release(struct process *process, uint32_t handle)
{
    struct cap_ref ref;
    enum status status = cap_remove(&process->caps, handle, &ref);

    if (status != STATUS_OK || !record_is_live(&ref))
        return status;
    if (ref.kind == CAP_KIND_PROCESS)
        process_release(process, (struct pool_ref){ref.object, ref.object_gen}, CAP_SLOT(handle));
    else if (ref.kind == CAP_KIND_CPUS)
        cpuset_release(process, (struct pool_ref){ref.object, ref.object_gen}, CAP_SLOT(handle));
    else if (ref.kind == CAP_KIND_SESSION)
        session_release(process, (struct pool_ref){ref.object, ref.object_gen}, CAP_SLOT(handle));
    else if (ref.kind == CAP_KIND_IRQ)
        irq_release(process, (struct pool_ref){ref.object, ref.object_gen}, CAP_SLOT(handle));
    return STATUS_OK;
}

/* ---- Calls ---- */

int64_t cap_give(const struct cap_call *call, const struct cap_ref *ref)
{
    uint32_t handle;
    enum status status = cap_insert(&call->thread->process->caps, ref, &handle);

    return status == STATUS_OK ? (int64_t)handle : (int64_t)status;
}

static cap_methods *const methods[CAP_KIND_COUNT] = {
    [CAP_KIND_CONSOLE] = console_methods,   [CAP_KIND_THREADS] = threads_methods,
    [CAP_KIND_MACHINE] = machine_methods,   [CAP_KIND_POLICY] = policy_methods,
    [CAP_KIND_POWER] = power_methods,       [CAP_KIND_SPAWNER] = spawner_methods,
    [CAP_KIND_LEDGER] = ledger_methods,     [CAP_KIND_TABLE] = table_methods,
    [CAP_KIND_CPUS] = cpus_methods,         [CAP_KIND_MEMORY] = memory_methods,
    [CAP_KIND_VIEW] = memory_methods,       [CAP_KIND_PROCESS] = process_methods,
    [CAP_KIND_GRANT] = grant_methods,       [CAP_KIND_SESSIONS] = sessions_methods,
    [CAP_KIND_SESSION] = session_methods,   [CAP_KIND_IRQS] = irqs_methods,
    [CAP_KIND_IRQ] = irq_methods,           [CAP_KIND_PORTS] = ports_methods,
    [CAP_KIND_ENDPOINT] = endpoint_methods, [CAP_KIND_CLIENT] = client_methods,
};

HOT enum status cap_find(const struct process *process, uint32_t handle, struct cap_ref *ref)
{
    return find(process, handle, true, ref);
}

HOT int64_t cap_do(struct cap_call *call)
{
    return methods[call->ref.kind](call);
}

int64_t cap_invoke(uint32_t handle, struct cap_call *call)
{
    enum status status = look_up(call->thread->process, handle, &call->ref);

    if (status != STATUS_OK)
        return status;
    if (call->entry->flags != 0 && call->ref.kind != CAP_KIND_CLIENT)
        return STATUS_BAD_FLAGS; /* they are a message's */
    return cap_do(call);
}
