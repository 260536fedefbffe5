/* SPDX-License-Identifier: MIT */
#include "tests/explorer/coroutine.h"

#include "base/assert.h"

#include <string.h>

#define SAVED_REGISTERS 6u /* rbp, rbx, r12..r15 */

static unsigned char stacks[COROUTINE_COUNT_MAX][COROUTINE_STACK_BYTES] ALIGNED(64);
static void *stack_pointers[COROUTINE_COUNT_MAX];
static void *resumer;

/* Save the callee's registers on this stack, leave its pointer in *save, go on at `target`. */
void coroutine_switch(void **save, void *target);

__asm__(".text\n"
        ".globl coroutine_switch\n"
        ".type coroutine_switch, @function\n"
        "coroutine_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size coroutine_switch, . - coroutine_switch\n");

void coroutine_init(uint32_t index, void (*entry)(void))
{
    ASSERT(index < COROUTINE_COUNT_MAX);

    /* The ABI's alignment at a function's entry: its return address (none) lies at 8 mod 16. */
    uintptr_t *top = (uintptr_t *)(void *)(stacks[index] + COROUTINE_STACK_BYTES);

    memset(top - 2 - SAVED_REGISTERS, 0, (2 + SAVED_REGISTERS) * sizeof(*top));
    top[-2] = (uintptr_t)entry;
    stack_pointers[index] = top - 2 - SAVED_REGISTERS;
}

void coroutine_resume(uint32_t index)
{
    ASSERT(index < COROUTINE_COUNT_MAX);

    unsigned char *low = stack_pointers[index];

    ASSERT(low >= stacks[index] + COROUTINE_CLEARED_BYTES);
    memset(low - COROUTINE_CLEARED_BYTES, 0, COROUTINE_CLEARED_BYTES);
    coroutine_switch(&resumer, low);
}

void coroutine_pause(uint32_t index)
{
    coroutine_switch(&stack_pointers[index], resumer);
}

unsigned char *coroutine_live(uint32_t index, size_t *bytes)
{
    unsigned char *low = stack_pointers[index];

    *bytes = (size_t)(stacks[index] + COROUTINE_STACK_BYTES - low);
    return low;
}

unsigned char *coroutine_revive(uint32_t index, size_t bytes)
{
    unsigned char *low = stacks[index] + COROUTINE_STACK_BYTES - bytes;

    ASSERT(bytes <= COROUTINE_STACK_BYTES);
    stack_pointers[index] = low;
    return low;
}
