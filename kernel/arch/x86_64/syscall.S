/* SPDX-License-Identifier: MIT */
/*
 * syscall.S - SYSCALL in, and the one way back to user mode.
 *
 * SYSCALL changes neither rsp nor GS, and its mask (descriptor.c) has cleared every flag; the
 * registers go straight into the running thread's context, but rax, where the result will be.  cs
 * and ss of a context never change.
 */
#include "kernel/arch/x86_64/layout.h"

.text
.align 16
.global syscall_entry
syscall_entry:
    swapgs
    mov %rsp, %gs:PERCPU_SCRATCH
    mov %gs:PERCPU_CONTEXT, %rsp
    mov %r15, CONTEXT_R15(%rsp)
    mov %r14, CONTEXT_R14(%rsp)
    mov %r13, CONTEXT_R13(%rsp)
    mov %r12, CONTEXT_R12(%rsp)
    mov %r10, CONTEXT_R10(%rsp)
    mov %r9, CONTEXT_R9(%rsp)
    mov %r8, CONTEXT_R8(%rsp)
    mov %rdi, CONTEXT_RDI(%rsp)
    mov %rsi, CONTEXT_RSI(%rsp)
    mov %rbp, CONTEXT_RBP(%rsp)
    mov %rdx, CONTEXT_RDX(%rsp)
    mov %rbx, CONTEXT_RBX(%rsp)
    mov %rcx, CONTEXT_RIP(%rsp)
    mov %r11, CONTEXT_RFLAGS(%rsp)
    mov %gs:PERCPU_SCRATCH, %rcx
    mov %rcx, CONTEXT_RSP(%rsp)
    movl $CONTEXT_BY_SYSCALL, CONTEXT_VECTOR(%rsp)
    mov %gs:PERCPU_STACK, %rsp

    mov %rax, %rdx
    xor %ebp, %ebp
    call kernel_syscall
    ud2

/* void arch_return_to_user(struct arch_context *context) */
.align 16
.global arch_return_to_user
arch_return_to_user:
    cmp %rdi, %gs:PERCPU_CONTEXT
    je same_context
switch_context:
    mov %rdi, %gs:PERCPU_CONTEXT
    lea CONTEXT_END(%rdi), %rax
    mov %rax, %gs:PERCPU_RSP0

    /*
     * Segment selectors are no part of a context: they are 0 whenever another thread starts to
     * run.  Loading GS clears the active base, so do it while the user's is the active one.
     */
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    swapgs
    mov %eax, %gs
    swapgs
same_context:
    /*
     * An rip outside the user half must meet neither SYSRET, which faults with the user's stack
     * in kernel mode, nor IRETQ, which faults in kernel mode too.
     */
    mov CONTEXT_RIP(%rdi), %rcx
    mov %rcx, %rax
    shr $47, %rax
    jnz wild_rip
    cmpl $CONTEXT_BY_SYSCALL, CONTEXT_VECTOR(%rdi)
    jne return_by_iret

    mov CONTEXT_R15(%rdi), %r15
    mov CONTEXT_R14(%rdi), %r14
    mov CONTEXT_R13(%rdi), %r13
    mov CONTEXT_R12(%rdi), %r12
    mov CONTEXT_RFLAGS(%rdi), %r11
    mov CONTEXT_R10(%rdi), %r10
    mov CONTEXT_R9(%rdi), %r9
    mov CONTEXT_R8(%rdi), %r8
    mov CONTEXT_RSI(%rdi), %rsi
    mov CONTEXT_RBP(%rdi), %rbp
    mov CONTEXT_RDX(%rdi), %rdx
    mov CONTEXT_RBX(%rdi), %rbx
    mov CONTEXT_RAX(%rdi), %rax
    mov CONTEXT_RSP(%rdi), %rsp
    mov CONTEXT_RDI(%rdi), %rdi
    swapgs
    sysretq

return_by_iret:
    /* The address of a new thread's context may be that of the last one: switch for certain. */
    cmpl $CONTEXT_FRESH, CONTEXT_VECTOR(%rdi)
    je first_run
    lea CONTEXT_R15(%rdi), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp
    swapgs
    iretq

first_run:
    movl $0, CONTEXT_VECTOR(%rdi)
    jmp switch_context

wild_rip:
    mov %gs:PERCPU_STACK, %rsp
    xor %ebp, %ebp
    call trap_wild_rip
    ud2

/* void arch_idle(void): STI holds interrupts off for one more instruction, so HLT sees them all. */
.align 16
.global arch_idle
arch_idle:
    mov %gs:PERCPU_STACK, %rsp
    xor %ebp, %ebp
1:  sti
    hlt
    ud2 /* an interrupt does not come back here */

/* void arch_take_interrupts(void): one that is taken here enters as if the CPU had been idle. */
.align 16
.global arch_take_interrupts
arch_take_interrupts:
    sti
    nop
    cli
    ret

.section .note.GNU-stack, "", @progbits
