/* SPDX-License-Identifier: MIT */
/*
 * crt0.S - the first instructions of a program and of each thread: put the stack right and call C.
 *
 * The kernel gives the first thread a stack that does not hold a struct rt_thread at its base
 * (thread.h), so that thread moves to slot 0 of the runtime's own stacks; rt_thread_stacks and
 * RT_STACK_BYTES are asserted in thread.c.  The registers of both entries are already in the order
 * of the C functions' arguments.
 */
        .text

        .globl  rt_start
        .type   rt_start, @function
rt_start:                               /* rdi, rsi, rdx: abi/bootinfo.h */
        leaq    rt_thread_stacks + 16384(%rip), %rsp
        xorl    %ebp, %ebp
        call    rt_program_begin
        ud2
        .size   rt_start, . - rt_start

        .globl  rt_thread_entry
        .type   rt_thread_entry, @function
rt_thread_entry:                        /* rdi, rsi, rdx: SPAWN in abi/cap.h */
        xorl    %ebp, %ebp
        call    rt_thread_begin
        ud2
        .size   rt_thread_entry, . - rt_thread_entry

        .section .note.GNU-stack, "", @progbits
