/* SPDX-License-Identifier: MIT */
/*
 * crt0.S - the first instructions of a program and of each thread.  The stack is right and the
 * registers of both entries are already in the order of the C functions' arguments.
 */
        .text

        .globl  rt_start
        .type   rt_start, @function
rt_start:                               /* rdi, rsi, rdx: abi/bootinfo.h */
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
