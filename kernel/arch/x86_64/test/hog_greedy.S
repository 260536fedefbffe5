/* SPDX-License-Identifier: MIT */
/* hog_greedy.S - hog.S without its PAUSE: with it the self-test must fail. */
.section .rodata
.global arch_hog_code
.global arch_hog_code_end
arch_hog_code:
    mov $4500, %ecx
1:  dec %ecx
    jnz 1b
    incq (%rdi)
    jmp arch_hog_code
arch_hog_code_end:

.section .note.GNU-stack, "", @progbits
