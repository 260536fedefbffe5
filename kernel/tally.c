/* SPDX-License-Identifier: MIT */
#include "kernel/tally.h"

#include "kernel/limits.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

/* ---- Sums ---- */

static void add_ledger(struct cap_process_stat *sum, const struct ledger *used)
{
    sum->runtime_ns += used->runtime_ns;
    sum->switches += used->switch_count;
    sum->preemptions += used->preempt_count;
    sum->voluntary_blocks += used->block_count;
    sum->migrations += used->migration_count;
}

void tally_add_seat(struct cap_process_stat *sum, struct seat *seat)
{
    struct seat_use use = seat_use(seat);

    add_ledger(sum, &use.used);
    sum->live_count += use.is_live;
    sum->ended_count += use.ended_count;
}

static void add(struct cap_total_stat *sum, const struct cap_total_stat *more)
{
    sum->threads.runtime_ns += more->threads.runtime_ns;
    sum->threads.switches += more->threads.switches;
    sum->threads.preemptions += more->threads.preemptions;
    sum->threads.voluntary_blocks += more->threads.voluntary_blocks;
    sum->threads.migrations += more->threads.migrations;
    sum->threads.live_count += more->threads.live_count;
    sum->threads.ended_count += more->threads.ended_count;
    sum->threads.irq_ns += more->threads.irq_ns;
    sum->process_count += more->process_count;
    sum->gone_count += more->gone_count;
}

/* The reaper stays one while the lock is held, and then is in `left` (reaper_gone). */
void tally_add_rest(struct cap_process_stat *sum, struct process *process)
{
    struct uthread_reading reading;

    lock_take(&process->lock, LOCK_PROCESS);
    add_ledger(sum, &process->left);
    sum->ended_count += process->left_count;
    sum->irq_ns += port_load64(&process->irq_ns);
    lock_give(&process->lock, LOCK_PROCESS);
    if (process->reaper != NULL && uthread_read(process->reaper->ref, &reading) == STATUS_OK)
        add_ledger(sum, &reading.ledger);
}

/* ---- Members ---- */

void tally_init(struct tally *tally)
{
    *tally = (struct tally){.seat = 0};
    list_init(&tally->members);
}

static struct tally_member *member_at(struct list *link)
{
    return LIST_ENTRY(link, struct tally_member, link);
}

void tally_join(struct tally *tally, struct tally_member *member, struct process *process)
{
    member->tally = tally;
    member->process = process;
    member->walk = 0;
    list_insert_before(&tally->members, &member->link);
    tally->left.process_count++;
}

/* The walk does not read the member at `at` now: what was read of it does not count. */
static void skip(struct tally *tally)
{
    tally->at = tally->at->next;
    tally->seat = 0;
    tally->part = (struct cap_total_stat){.gone_count = 0};
}

void tally_absorb(struct tally *tally, const struct cap_total_stat *used)
{
    add(&tally->left, used);
    if (tally->is_walked)
        add(&tally->missed, used);
}

void tally_leave(struct tally_member *member, const struct cap_total_stat *used)
{
    struct tally *tally = member->tally;

    if (tally->is_walked && tally->at == &member->link)
        skip(tally);
    list_remove(&member->link);
    add(&tally->left, used);
    tally->left.process_count--;
    if (tally->is_walked && member->walk != tally->walk)
        add(&tally->missed, used); /* TL2: nobody will read it any more */
}

struct process *tally_rotate(struct tally *tally)
{
    struct list *first = tally->members.next;

    if (first == &tally->members)
        return NULL;
    if (first->next != &tally->members) {
        if (tally->is_walked && tally->at == first)
            skip(tally); /* it comes again, at the end */
        list_remove(first);
        list_insert_before(&tally->members, first);
    }
    return member_at(first)->process;
}

/* ---- The walk ---- */

bool tally_walk_begin(struct tally *tally)
{
    bool is_ours;

    family_lock();
    is_ours = !tally->is_walked;
    if (is_ours) {
        tally->is_walked = true;
        tally->seat = 0;
        tally->walk++;
        tally->at = tally->members.next;
        tally->sum = tally->left;
        tally->part = tally->missed = (struct cap_total_stat){.gone_count = 0};
    }
    family_unlock();
    return is_ours;
}

/* Read a seat of the member at `at`, or all the rest of it.  No seat of it goes away before it has
 * left. */
static void read_some(struct tally *tally)
{
    struct tally_member *member = member_at(tally->at);
    struct process *process = member->process;
    struct cap_process_stat *part = &tally->part.threads;

    if (member->walk == tally->walk) { /* it was put behind (tally_rotate) */
        skip(tally);
        return;
    }
    if (tally->seat < __atomic_load_n(&process->seats.fresh_index, __ATOMIC_RELAXED)) {
        tally_add_seat(part, seat_of(process, tally->seat++));
        return;
    }
    tally_add_rest(part, process);
    add(&tally->sum, &tally->part);
    member->walk = tally->walk;
    skip(tally);
}

bool tally_walk_some(struct tally *tally, struct cap_total_stat *sum)
{
    bool is_over;

    family_lock();
    ASSERT(tally->is_walked);
    for (uint32_t i = 0; i < SEATS_PER_STEP && tally->at != &tally->members; i++)
        read_some(tally);
    is_over = tally->at == &tally->members;
    if (is_over) {
        add(&tally->sum, &tally->missed);
        tally->is_walked = false;
        *sum = tally->sum;
        sum->process_count = tally->left.process_count;
        sum->gone_count = tally->left.gone_count;
    }
    family_unlock();
    return is_over;
}
