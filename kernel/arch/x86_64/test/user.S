/* SPDX-License-Identifier: MIT */
/*
 * user.S - the user programs of the machine test, one page of position-independent code.
 *
 * machine_test.c starts them at their labels.  They speak by SYSCALL: rax = a number the case
 * knows, rdi and rsi = what was seen.
 */
.section .rodata
.balign 4096
.global user_code
user_code:

/* All registers SYSCALL must keep get a pattern; afterwards rdi says how many changed. */
.global user_registers
user_registers:
    mov $0x1111111111111111, %rbx
    mov $0x2222222222222222, %rdx
    mov $0x3333333333333333, %rbp
    mov $0x4444444444444444, %r8
    mov $0x5555555555555555, %r9
    mov $0x6666666666666666, %r10
    mov $0x7777777777777777, %r12
    mov $0x8888888888888888, %r13
    mov $0x9999999999999999, %r14
    mov $0xaaaaaaaaaaaaaaaa, %r15
    mov $0x1234, %rsp
    mov $0x5151, %edi
    mov $0x5252, %esi
    mov $7, %eax
    syscall
    mov %rdi, %rcx
    xor %edi, %edi
.macro check register, value
    mov $\value, %r11
    cmp %r11, \register
    je 1f
    inc %edi
1:
.endm
    check %rcx, 0x5151
    check %rbx, 0x1111111111111111
    check %rdx, 0x2222222222222222
    check %rbp, 0x3333333333333333
    check %r8, 0x4444444444444444
    check %r9, 0x5555555555555555
    check %r10, 0x6666666666666666
    check %r12, 0x7777777777777777
    check %r13, 0x8888888888888888
    check %r14, 0x9999999999999999
    check %r15, 0xaaaaaaaaaaaaaaaa
    check %rsp, 0x1234
    check %rsi, 0x5252
    mov %rax, %rsi
    mov $8, %eax
    syscall
    ud2

/* The same through an interrupt: rdi = 1 until the kernel, by timer, writes 0 to [rsi]. */
.global user_interrupted
user_interrupted:
    mov $0x1111111111111111, %rbx
    mov $0x2222222222222222, %rcx
    mov $0x3333333333333333, %r11
    mov $0x4444444444444444, %rax
1:  pause
    cmpl $0, (%rsi)
    jne 1b
    xor %edi, %edi
    check %rbx, 0x1111111111111111
    check %rcx, 0x2222222222222222
    mov $0x4444444444444444, %rbx
    check %rax, 0x4444444444444444
    mov $8, %eax
    syscall
    ud2

/* AC, DF and NT set: SYSCALL. */
.global user_flags_syscall
user_flags_syscall:
    pushfq
    orq $0x44400, (%rsp)
    popfq
    mov $7, %eax
    syscall
    pushfq
    pop %rdi
    mov $8, %eax
    syscall
    ud2

/* AC, DF and NT set: loop until [rsi] is 0; then the flags as they are. */
.global user_flags_loop
user_flags_loop:
    pushfq
    orq $0x44400, (%rsp)
    popfq
1:  pause
    cmpl $0, (%rsi)
    jne 1b
    pushfq
    pop %rdi
    mov $8, %eax
    syscall
    ud2

/* TF set, then SYSCALL: the trap belongs behind it. */
.global user_single_step
user_single_step:
    mov $7, %eax
    pushfq
    orq $0x100, (%rsp)
    popfq
    syscall
    nop
    nop
    ud2

/* rdi = address: read it, write it, call it. */
.global user_read
user_read:
    mov (%rdi), %rax
    ud2
.global user_write
user_write:
    movq $1, (%rdi)
    ud2
.global user_call
user_call:
    jmp *%rdi

.global user_cli
user_cli:
    cli
.global user_hlt
user_hlt:
    hlt
.global user_out
user_out:
    mov $0xf4, %dx
    out %al, %dx
.global user_sgdt
user_sgdt:
    sgdt (%rdi)
    ud2
.global user_int3
user_int3:
    int3
.global user_int_timer
user_int_timer:
    int $0xf0
.global user_divide
user_divide:
    xor %ecx, %ecx
    div %ecx
.global user_ud2
user_ud2:
    ud2

/* The code before the end of the user half: its SYSCALL returns to 0x800000000000. */
.global user_last_syscall
.global user_last_syscall_end
user_last_syscall:
    mov $7, %eax
    syscall
user_last_syscall_end:

/* Segment selectors: set all four, or report them all or-ed in rdi. */
.global user_set_segments
user_set_segments:
    mov $0x1b, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $7, %eax
    syscall
    ud2
.global user_get_segments
user_get_segments:
    xor %edi, %edi
    mov %ds, %eax
    or %eax, %edi
    mov %es, %eax
    or %eax, %edi
    mov %fs, %eax
    or %eax, %edi
    mov %gs, %eax
    or %eax, %edi
    mov $8, %eax
    syscall
    ud2

/* All general registers a new context does not define, or-ed in rdi. */
.global user_zero_registers
user_zero_registers:
    mov %rax, %rdi
    or %rbx, %rdi
    or %rcx, %rdi
    or %rbp, %rdi
    or %r8, %rdi
    or %r9, %rdi
    or %r10, %rdi
    or %r11, %rdi
    or %r12, %rdi
    or %r13, %rdi
    or %r14, %rdi
    or %r15, %rdi
    mov $8, %eax
    syscall
    ud2

/* Fill the vector and x87 registers and change both control words. */
.global user_fpu_dirty
user_fpu_dirty:
    pcmpeqd %xmm0, %xmm0
    movdqa %xmm0, %xmm1
    movdqa %xmm0, %xmm15
    fldpi
    push $0x1f00
    ldmxcsr (%rsp)
    mov $7, %eax
    syscall
    ud2
/* rdi = 0 iff the registers are clean; rsi = MXCSR + control word << 32. */
.global user_fpu_look
user_fpu_look:
    por %xmm15, %xmm0
    por %xmm1, %xmm0
    packsswb %xmm0, %xmm0
    movq %xmm0, %rdi
    sub $16, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movzwl 4(%rsp), %esi
    shl $32, %rsi
    mov (%rsp), %eax
    or %rax, %rsi
    mov $8, %eax
    syscall
    ud2

/* A hog that says nothing. */
.global user_spin
user_spin:
    pause
    jmp user_spin

.global user_code_end
user_code_end:

.section .note.GNU-stack, "", @progbits
