/* SPDX-License-Identifier: MIT */
#include "kernel/why.h"

#include "core/why.h"
#include "kernel/process.h"
#include "kernel/sched_glue.h"
#include "kernel/seat.h"
#include "kernel/uthread.h"

/* From the core's name of the other thread to the process's own, or to nobody. */
static void name_subject(const struct process *process, struct why *why)
{
    struct thread_ref ref = {why->subject_slot, why->subject_gen};
    struct thread_name name = {UINT32_MAX, 0};

    if (ref.slot != SLOT_NONE) {
        /* It may have ended, and its record be another's by now: the seat tells. */
        const struct uthread *t = uthread_of_slot(ref.slot);

        (void)seat_name(process, __atomic_load_n(&t->index, __ATOMIC_RELAXED), ref, &name);
    }
    why->subject_slot = name.index;
    why->subject_gen = name.gen;
}

enum status why_of_thread(const struct process *process, uint64_t index, uint64_t gen,
                          struct cap_thread_why *to)
{
    struct thread_ref ref;
    struct seat *seat = seat_hold(process, index, gen, &ref);

    if (seat == NULL)
        return STATUS_STALE;
    *to = (struct cap_thread_why){0};
    to->count = why_read(glue_sched(), ref.slot, to->reasons);
    seat_let_go(seat);
    for (uint32_t i = to->count; i < WHY_RECORD_COUNT; i++)
        to->reasons[i] = (struct why){0};
    for (uint32_t i = 0; i < to->count; i++)
        name_subject(process, &to->reasons[i]);
    return STATUS_OK;
}
