/* SPDX-License-Identifier: MIT */
/*
 * ap_boot.S - where the other CPUs start: real mode, at TRAMPOLINE_PHYS, straight to 64 bits.
 *
 * smp.c copies ap_trampoline..ap_trampoline_end there.  A CPU finds everything else by its own
 * LAPIC number, so two CPUs that come at the same moment (one of them late) share nothing.
 */
#include "kernel/arch/x86_64/layout.h"

#define AT(label) (TRAMPOLINE_PHYS + (label) - ap_trampoline)

#define MSR_EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901
#define CR0_BOOT 0x80010033 /* PG, WP, NE, ET, MP, PE; caches on */
#define CR4_BOOT 0x20       /* PAE */

.section .rodata
.align 16
.global ap_trampoline
.global ap_trampoline_end
.code16
ap_trampoline:
    cli
    cld
    xor %ax, %ax
    mov %ax, %ds
    mov $CR4_BOOT, %eax
    mov %eax, %cr4
    mov $(boot_pml4 - KERNEL_BASE), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $EFER_SCE_LME_NXE, %eax
    xor %edx, %edx
    wrmsr
    lgdtl AT(ap_gdt_pointer)
    mov $CR0_BOOT, %eax
    mov %eax, %cr0
    ljmpl $SELECTOR_KERNEL_CODE, $AT(ap_long)
.code64
ap_long:
    movabs $ap_high, %rax
    jmp *%rax
.align 8
ap_gdt_pointer:
    .word 23
    .long boot_gdt
ap_trampoline_end:

.text
ap_high:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov paging_root(%rip), %rax
    mov %rax, %cr3

    mov $1, %eax
    cpuid
    shr $24, %ebx
    movzbl smp_cpu_of_lapic(%rbx), %edi
    mov %rdi, %rax
    shl $PERCPU_BYTES_SHIFT, %rax
    mov percpu_blocks + PERCPU_STACK(%rax), %rsp
    xor %ebp, %ebp
    call smp_cpu_main
    ud2

.section .note.GNU-stack, "", @progbits
