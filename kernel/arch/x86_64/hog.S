/* SPDX-License-Identifier: MIT */
/*
 * hog.S - user code for the self-test (kernel/arch.h, Self-test): position-independent, no stack.
 * Each turn is 9,004 instructions, adds 1 to the word at rdi and gives way once with PAUSE.
 */
.section .rodata
.global arch_hog_code
.global arch_hog_code_end
arch_hog_code:
    mov $4500, %ecx
1:  dec %ecx
    jnz 1b
    incq (%rdi)
    pause
    jmp arch_hog_code
arch_hog_code_end:

.section .note.GNU-stack, "", @progbits
