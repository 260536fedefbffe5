/* SPDX-License-Identifier: MIT */
/* context.c - a thread's user registers and FPU state (kernel/arch.h, User contexts). */
#include "kernel/arch.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/percpu.h"

_Static_assert(CONTEXT_END == ARCH_CONTEXT_BYTES, "the CPU's five words end the context");
_Static_assert(CONTEXT_END % 16 == 0, "the CPU aligns TSS.rsp0 to 16 before it pushes");

/* Intel SDM volume 1, section 13.4: the legacy region; the header's XSTATE_BV = 0 makes XRSTOR
 * take every register's initial value, except MXCSR, which it always loads. */
#define FPU_CONTROL_OFFSET 0u
#define FPU_CONTROL_INITIAL 0x037fu
#define FPU_MXCSR_OFFSET 24u
#define FPU_MXCSR_INITIAL 0x1f80u
#define FPU_STATE_MASK 7u /* x87, SSE, AVX; XCR0 leaves out what the CPU lacks */

void arch_context_init(struct arch_context *context, uint64_t entry, uint64_t stack,
                       uint64_t argument0, uint64_t argument1, uint64_t argument2)
{
    ASSERT((uint64_t)context % 64 == 0);
    *context = (struct arch_context){{0}};
    context->words[CONTEXT_VECTOR / 8] = CONTEXT_FRESH;
    context->words[CONTEXT_RIP / 8] = entry;
    context->words[CONTEXT_CS / 8] = SELECTOR_USER_CODE;
    context->words[CONTEXT_RFLAGS / 8] = RFLAGS_FIXED | RFLAGS_INTERRUPTS;
    context->words[CONTEXT_RSP / 8] = stack;
    context->words[CONTEXT_SS / 8] = SELECTOR_USER_DATA;
    context->words[CONTEXT_RDI / 8] = argument0;
    context->words[CONTEXT_RSI / 8] = argument1;
    context->words[CONTEXT_RDX / 8] = argument2;
}

HOT void arch_context_forget(void)
{
    percpu_this()->context = NULL;
}

void arch_context_set_result(struct arch_context *context, int64_t result)
{
    context->words[CONTEXT_RAX / 8] = (uint64_t)result;
}

HOT void arch_context_entry(const struct arch_context *context, struct arch_entry *entry)
{
    entry->word = context->words[CONTEXT_RDI / 8];
    entry->deadline_ns = context->words[CONTEXT_RSI / 8];
    entry->args[0] = context->words[CONTEXT_RDX / 8];
    entry->args[1] = context->words[CONTEXT_R10 / 8];
    entry->args[2] = context->words[CONTEXT_R8 / 8];
    entry->args[3] = context->words[CONTEXT_R9 / 8];
}

void arch_context_set_results(struct arch_context *context, int64_t status, uint64_t value)
{
    context->words[CONTEXT_RAX / 8] = (uint64_t)status;
    context->words[CONTEXT_RDX / 8] = value;
    context->words[CONTEXT_R10 / 8] = 0;
    context->words[CONTEXT_R8 / 8] = 0;
    context->words[CONTEXT_R9 / 8] = 0;
}

HOT void arch_context_pass(const struct arch_context *from, struct arch_context *to, int64_t status)
{
    to->words[CONTEXT_RAX / 8] = (uint64_t)status;
    to->words[CONTEXT_RDX / 8] = from->words[CONTEXT_RDX / 8];
    to->words[CONTEXT_R10 / 8] = from->words[CONTEXT_R10 / 8];
    to->words[CONTEXT_R8 / 8] = from->words[CONTEXT_R8 / 8];
    to->words[CONTEXT_R9 / 8] = from->words[CONTEXT_R9 / 8];
}

void arch_context_set_words(struct arch_context *context, const uint64_t *words)
{
    context->words[CONTEXT_R10 / 8] = words[0];
    context->words[CONTEXT_R8 / 8] = words[1];
    context->words[CONTEXT_R9 / 8] = words[2];
}

uint64_t arch_context_pc(const struct arch_context *context)
{
    return context->words[CONTEXT_RIP / 8];
}

uint64_t arch_context_stack(const struct arch_context *context)
{
    return context->words[CONTEXT_RSP / 8];
}

void arch_fpu_init(void *area)
{
    uint8_t *bytes = area;

    ASSERT((uint64_t)area % 64 == 0);
    memset(area, 0, ARCH_FPU_BYTES);
    bytes[FPU_CONTROL_OFFSET] = FPU_CONTROL_INITIAL & 0xff;
    bytes[FPU_CONTROL_OFFSET + 1] = FPU_CONTROL_INITIAL >> 8;
    bytes[FPU_MXCSR_OFFSET] = FPU_MXCSR_INITIAL & 0xff;
    bytes[FPU_MXCSR_OFFSET + 1] = FPU_MXCSR_INITIAL >> 8;
}

void arch_fpu_save(void *area)
{
    ASSERT((uint64_t)area % 64 == 0);
    __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(FPU_STATE_MASK), "d"(0) : "memory");
}

void arch_fpu_load(const void *area)
{
    ASSERT((uint64_t)area % 64 == 0);
    __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(FPU_STATE_MASK), "d"(0) : "memory");
}
