/* SPDX-License-Identifier: MIT */
/*
 * canary.c - a race put into the kernel with pauses, for its test to find: an UNPARK claims an
 * operation with a look and a store instead of one compare-and-swap, so it and a CANCEL can both
 * win.  The linker puts it in the place of op_claim, --wrap; op.c's own calls stay as they are.
 */
#include "core/port.h"
#include "kernel/op.h"

bool __wrap_op_claim(struct op *op);

bool __wrap_op_claim(struct op *op)
{
    if (port_load32(&op->state) != OP_PENDING)
        return false;
    port_store32(&op->state, OP_CLAIMED);
    return true;
}
