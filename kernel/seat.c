/* SPDX-License-Identifier: MIT */
#include "kernel/seat.h"

#include "kernel/frame.h"
#include "kernel/memory.h"
#include "kernel/op.h"
#include "kernel/process.h"
#include "kernel/telemetry.h"
#include "kernel/uthread.h"

/* ---- Taking ---- */

struct seat *seat_of(const struct process *process, uint64_t index)
{
    struct seat *page;

    if (index >= THREADS_PER_PROCESS_MAX)
        return NULL;
    page = __atomic_load_n(&process->seats.pages[index / SEATS_PER_PAGE], __ATOMIC_ACQUIRE);
    return page == NULL ? NULL : &page[index % SEATS_PER_PAGE];
}

/* What an index that was never used needs. */
struct need {
    uint32_t frames; /* pages of seats, of records, of the ring */
    uint32_t tables;
    bool page;
    bool records;
};

static uint32_t record_page(uint32_t index)
{
    return (index + 1) / (uint32_t)TELEMETRY_PER_PAGE; /* record 0 is the header */
}

static enum status reserve(struct process *process, uint32_t index, struct need *need)
{
    struct vspace *space = &process->space;
    uint32_t tables = 0;
    enum status status;

    *need = (struct need){.frames = 1};
    need->page = process->seats.pages[index / SEATS_PER_PAGE] == NULL;
    need->records = process->seats.telemetry[record_page(index)] == NULL;
    need->frames += (uint32_t)need->page + (uint32_t)need->records;
    status = ledger_reserve(&process->ledger, LEDGER_FRAMES, need->frames);
    if (status != STATUS_OK)
        return status;
    status = vspace_reserve(space, RING_PAGE(index), 1, &need->tables);
    if (status == STATUS_OK && need->records) {
        status = vspace_reserve(space, TELEMETRY_BASE + record_page(index) * ARCH_PAGE_BYTES, 1,
                                &tables);
        if (status != STATUS_OK)
            vspace_cancel(space, need->tables);
        need->tables += tables;
    }
    if (status != STATUS_OK)
        ledger_cancel(&process->ledger, LEDGER_FRAMES, need->frames);
    return status;
}

/* A frame of the reservation at `virt`, owned by the space; NULL: the machine has none. */
static void *map_page(struct process *process, struct need *need, uint64_t virt, uint32_t access)
{
    uint64_t frame = frame_take();

    if (frame == 0)
        return NULL;
    if (vspace_map_reserved(&process->space, virt, frame, access | (uint32_t)ARCH_OWNED,
                            &need->tables) != STATUS_OK) {
        frame_give(frame);
        return NULL;
    }
    need->frames--;
    ledger_commit(&process->ledger, LEDGER_FRAMES, 1);
    return arch_phys_to_virt(frame);
}

static bool make_page(struct process *process, struct need *need, uint32_t index)
{
    uint64_t frame = frame_take();
    struct seat *page;

    if (frame == 0)
        return false;
    page = arch_phys_to_virt(frame);
    for (uint32_t i = 0; i < SEATS_PER_PAGE; i++)
        page[i].index = index / SEATS_PER_PAGE * SEATS_PER_PAGE + i;
    need->frames--;
    ledger_commit(&process->ledger, LEDGER_FRAMES, 1);
    __atomic_store_n(&process->seats.pages[index / SEATS_PER_PAGE], page, __ATOMIC_RELEASE);
    return true;
}

/* Under LOCK_PROCESS: the next seat that was never used, with all that goes with it. */
static enum status take_fresh(struct process *process, struct seat **seat)
{
    uint32_t index = process->seats.fresh_index;
    uint32_t page = record_page(index);
    struct need need;
    enum status status;
    bool is_made;

    if (index == THREADS_PER_PROCESS_MAX)
        return STATUS_NO_SLOT;
    status = reserve(process, index, &need);
    if (status != STATUS_OK)
        return status;
    is_made = !need.page || make_page(process, &need, index);
    if (is_made && need.records) {
        process->seats.telemetry[page] =
            map_page(process, &need, TELEMETRY_BASE + page * ARCH_PAGE_BYTES, ARCH_READ);
        is_made = process->seats.telemetry[page] != NULL;
        if (is_made && page == 0)
            telemetry_describe(process);
    }
    if (is_made) {
        *seat = seat_of(process, index);
        (*seat)->ring = map_page(process, &need, RING_PAGE(index), ARCH_READ | ARCH_WRITE);
        is_made = (*seat)->ring != NULL;
    }
    ledger_cancel(&process->ledger, LEDGER_FRAMES, need.frames);
    vspace_cancel(&process->space, need.tables);
    if (!is_made)
        return STATUS_NO_MEMORY;
    process->seats.fresh_index++;
    return STATUS_OK;
}

enum status seat_take(struct process *process, struct seat **seat)
{
    enum process_state state;
    enum status status = STATUS_OK;

    lock_take(&process->lock, LOCK_PROCESS);
    state = process_state(process);
    *seat = process->seats.unused;
    if (state != PROCESS_LIVE && state != PROCESS_MAKING)
        status = STATUS_STALE;
    else if (*seat != NULL)
        process->seats.unused = (*seat)->next_unused;
    else
        status = take_fresh(process, seat);
    if (status == STATUS_OK) {
        (*seat)->state = SEAT_TAKEN;
        (void)process_count_live(process);
    }
    lock_give(&process->lock, LOCK_PROCESS);
    return status;
}

/* The seat is free.  The caller may hold its LOCK_THREAD. */
static void give(struct process *process, struct seat *seat)
{
    ASSERT(seat->state == SEAT_UNUSED);
    if (seat->gen == UINT32_MAX)
        return; /* retired: its generation must not repeat */
    lock_take(&process->lock, LOCK_PROCESS);
    seat->next_unused = process->seats.unused;
    process->seats.unused = seat;
    lock_give(&process->lock, LOCK_PROCESS);
}

void seat_untake(struct process *process, struct seat *seat)
{
    ASSERT(seat->state == SEAT_TAKEN);
    seat->state = SEAT_UNUSED;
    give(process, seat);
    process_thread_gone(process);
}

struct thread_name seat_occupy(struct seat *seat, struct uthread *t)
{
    struct thread_name name;

    lock_take(&seat->lock, LOCK_THREAD);
    ASSERT(seat->state == SEAT_TAKEN);
    seat->gen++;
    seat->state = SEAT_LIVE;
    seat->is_detached = false;
    seat->was_killed = false;
    seat->thread = t;
    seat->joiner = NULL;
    name = (struct thread_name){seat->index, seat->gen};
    lock_give(&seat->lock, LOCK_THREAD);
    return name;
}

/* ---- Ending and joining ---- */

/* `op` learns how the thread ended.  Under LOCK_THREAD.  Returns whom to wake. */
static struct thread_ref answer(struct process *process, struct seat *seat, struct op *op)
{
    enum status status = seat->was_killed ? STATUS_KILLED : STATUS_OK;
    uint64_t exit_status = (uint64_t)seat->exit_status;

    seat->joiner = NULL;
    seat->state = SEAT_UNUSED;
    give(process, seat);
    if (!op_claim(op))
        UNREACHABLE(); /* a join has no deadline, and its cancelling takes this lock */
    return op_complete(op, status, exit_status);
}

struct thread_ref seat_end(struct process *process, struct seat *seat, int64_t exit_status,
                           bool was_killed)
{
    struct thread_ref waiter = THREAD_REF_NONE;

    lock_take(&seat->lock, LOCK_THREAD);
    ASSERT(seat->state == SEAT_LIVE);
    struct ledger used = uthread_ledger(seat->thread);

    ledger_add(&seat->left, &used);
    seat->thread = NULL;
    seat->exit_status = exit_status;
    seat->was_killed = was_killed;
    seat->state = SEAT_ENDED;
    if (seat->joiner != NULL) {
        cpu_this()->joined_count++;
        waiter = answer(process, seat, seat->joiner);
    } else if (seat->is_detached) {
        seat->state = SEAT_UNUSED;
        give(process, seat);
    }
    lock_give(&seat->lock, LOCK_THREAD);
    return waiter;
}

void seat_settle(struct seat *seat, const struct ledger *more)
{
    lock_take(&seat->lock, LOCK_THREAD);
    ledger_add(&seat->left, more);
    lock_give(&seat->lock, LOCK_THREAD);
}

struct seat_use seat_use(struct seat *seat)
{
    struct seat_use use;
    struct uthread_reading reading;

    lock_take(&seat->lock, LOCK_THREAD); /* with it, the thread is not taken down */
    use = (struct seat_use){.used = seat->left, .is_live = seat->state == SEAT_LIVE};
    use.ended_count = seat->gen - (uint32_t)use.is_live;
    if (use.is_live && uthread_read(seat->thread->ref, &reading) == STATUS_OK)
        ledger_add(&use.used, &reading.ledger);
    lock_give(&seat->lock, LOCK_THREAD);
    return use;
}

/* The seat of this name, locked; or NULL. */
static struct seat *find(const struct process *process, uint64_t index, uint64_t gen)
{
    struct seat *seat = seat_of(process, index);

    if (seat == NULL)
        return NULL;
    lock_take(&seat->lock, LOCK_THREAD);
    if ((seat->state == SEAT_LIVE || seat->state == SEAT_ENDED) && seat->gen == gen)
        return seat;
    lock_give(&seat->lock, LOCK_THREAD);
    return NULL;
}

struct seat *seat_hold(const struct process *process, uint64_t index, uint64_t gen,
                       struct thread_ref *ref)
{
    struct seat *seat = find(process, index, gen);

    if (seat == NULL)
        return NULL;
    if (seat->state == SEAT_LIVE) {
        *ref = seat->thread->ref;
        return seat;
    }
    lock_give(&seat->lock, LOCK_THREAD);
    return NULL;
}

void seat_let_go(struct seat *seat)
{
    lock_give(&seat->lock, LOCK_THREAD);
}

enum status seat_ref(const struct process *process, uint64_t index, uint64_t gen,
                     struct thread_ref *ref)
{
    struct seat *seat = seat_hold(process, index, gen, ref);

    if (seat == NULL)
        return STATUS_STALE;
    seat_let_go(seat);
    return STATUS_OK;
}

bool seat_name(const struct process *process, uint64_t index, struct thread_ref ref,
               struct thread_name *name)
{
    struct seat *seat = seat_of(process, index);
    bool is_there;

    if (seat == NULL)
        return false;
    lock_take(&seat->lock, LOCK_THREAD);
    is_there = seat->state == SEAT_LIVE && seat->thread->ref.slot == ref.slot &&
               seat->thread->ref.gen == ref.gen;
    if (is_there)
        *name = (struct thread_name){seat->index, seat->gen};
    lock_give(&seat->lock, LOCK_THREAD);
    return is_there;
}

enum status seat_join(struct process *process, struct op *op, uint64_t index, uint64_t gen)
{
    struct seat *seat = find(process, index, gen);
    enum status status = STATUS_OK;

    if (seat == NULL)
        return STATUS_STALE;
    op->key = index;
    if (seat->joiner != NULL || seat->is_detached)
        status = STATUS_BUSY;
    else if (seat->state == SEAT_ENDED)
        (void)answer(process, seat, op); /* whom to wake is the caller, who is awake */
    else
        seat->joiner = op;
    lock_give(&seat->lock, LOCK_THREAD);
    return status;
}

void seat_join_cancel(struct process *process, struct op *op)
{
    struct seat *seat = seat_of(process, op->key);

    lock_take(&seat->lock, LOCK_THREAD);
    if (seat->joiner == op)
        seat->joiner = NULL;
    lock_give(&seat->lock, LOCK_THREAD);
}

enum status seat_detach(struct process *process, uint64_t index, uint64_t gen)
{
    struct seat *seat = find(process, index, gen);
    enum status status = STATUS_OK;

    if (seat == NULL)
        return STATUS_STALE;
    if (seat->joiner != NULL || seat->is_detached) {
        status = STATUS_BUSY;
    } else if (seat->state == SEAT_ENDED) {
        seat->state = SEAT_UNUSED;
        give(process, seat);
    } else {
        seat->is_detached = true;
    }
    lock_give(&seat->lock, LOCK_THREAD);
    return status;
}

struct seat_use seats_sum(const struct process *process)
{
    struct seat_use sum = {.is_live = false};

    for (uint32_t i = 0; i < process->seats.fresh_index; i++) { /* THREADS_PER_PROCESS_MAX */
        const struct seat *seat = seat_of(process, i);

        ledger_add(&sum.used, &seat->left);
        sum.ended_count += seat->gen;
    }
    return sum;
}

void seats_fini(struct process *process)
{
    for (uint32_t i = 0; i < SEAT_PAGES_MAX; i++) {
        if (process->seats.pages[i] == NULL)
            continue;
        frame_give(arch_virt_to_phys(process->seats.pages[i]));
        process->seats.pages[i] = NULL;
        ledger_release(&process->ledger, LEDGER_FRAMES, 1);
    }
}
