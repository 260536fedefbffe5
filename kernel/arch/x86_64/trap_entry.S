/* SPDX-License-Identifier: MIT */
/*
 * trap_entry.S - the entries of the 256 interrupt vectors.
 *
 * From user mode the CPU itself pushes its five words into the running thread's arch_context,
 * because TSS.rsp0 points at that context's end; the stub pushes the rest below them, and only
 * then is the CPU's own stack used.  From kernel mode the same words land on the kernel's stack.
 *
 * GS.  Interrupts are off from the CPU's entry on, so only NMI and machine check can come between
 * an entry and its swapgs (or between the exit's swapgs and IRETQ or SYSRET).  They and the double
 * fault have stacks of their own, end in a panic, and take the GS base from the stack they run
 * on, so they do not care which GS was active.  All others look at the saved CS.
 */
#include "kernel/arch/x86_64/layout.h"

#define MSR_GS_BASE 0xc0000101
#define ERROR_CODES 0x60227d00 /* exceptions that push an error code: 8 10-14 17 21 29 30 */

.macro push_registers
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.text
.align 16
.global trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .align 16
    .if vector >= VECTOR_EXCEPTIONS
    push $0
    .elseif !((ERROR_CODES >> vector) & 1)
    push $0
    .endif
    push $vector
    .if vector == 2 || vector == 8 || vector == 18
    jmp trap_fatal_entry
    .else
    jmp trap_entry
    .endif
    .set vector, vector + 1
    .endr

.align 16
trap_entry:
    push_registers
    lea -CONTEXT_R15(%rsp), %rdi
    testb $3, CONTEXT_CS(%rdi)
    jz trap_in_kernel

    swapgs
    mov %gs:PERCPU_STACK, %rsp
    push $RFLAGS_FIXED /* the user's AC, DF, NT and TF end here */
    popfq
    xor %ebp, %ebp
    call trap_from_user
    ud2

trap_in_kernel:
    cmpl $VECTOR_EXCEPTIONS, CONTEXT_VECTOR(%rdi)
    jb 1f
    /* An interrupt, so arch_idle was halted: nothing on this stack is needed any more. */
    mov CONTEXT_VECTOR(%rdi), %edi
    mov %gs:PERCPU_STACK, %rsp
    xor %ebp, %ebp
    call trap_from_idle
    ud2
1:  and $-16, %rsp
    call trap_in_kernel_fatal
    ud2

trap_fatal_entry:
    push_registers
    cld
    lea -CONTEXT_R15(%rsp), %rdi

    /* percpu_blocks[(stack - STACKS_BASE) / bytes of stacks per CPU] */
    mov %rsp, %rax
    mov $STACKS_BASE, %rcx
    sub %rcx, %rax
    shr $(STACK_PAGES_SHIFT + 12), %rax
    shl $PERCPU_BYTES_SHIFT, %rax
    add $percpu_blocks, %rax
    mov %rax, %rdx
    shr $32, %rdx
    mov $MSR_GS_BASE, %ecx
    wrmsr
    and $-16, %rsp
    call trap_in_kernel_fatal
    ud2

.section .note.GNU-stack, "", @progbits
