/* SPDX-License-Identifier: MIT */
#include "kernel/cap.h"

#include "base/assert.h"
#include "kernel/process.h"

void cap_fill(uint8_t kinds[CAP_SLOT_COUNT])
{
    kinds[CAP_NONE] = CAP_KIND_EMPTY;
    kinds[CAP_CONSOLE] = CAP_KIND_CONSOLE;
    kinds[CAP_THREADS] = CAP_KIND_THREADS;
    kinds[CAP_MACHINE] = CAP_KIND_MACHINE;
    kinds[CAP_POLICY] = CAP_KIND_POLICY;
}

static int64_t empty_methods(struct cap_call *call)
{
    (void)call;
    return STATUS_BAD_CAP;
}

int64_t cap_invoke(uint32_t slot, struct cap_call *call)
{
    static cap_methods *const methods[CAP_KIND_COUNT] = {
        [CAP_KIND_EMPTY] = empty_methods,     [CAP_KIND_CONSOLE] = console_methods,
        [CAP_KIND_THREADS] = threads_methods, [CAP_KIND_MACHINE] = machine_methods,
        [CAP_KIND_POLICY] = policy_methods,
    };

    ASSERT(slot < CAP_SLOT_COUNT); /* ring_decode refused the rest */
    return methods[call->thread->process->caps[slot]](call);
}
