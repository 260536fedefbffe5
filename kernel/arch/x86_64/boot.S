/* SPDX-License-Identifier: MIT */
/*
 * boot.S - from a loader's entry (32 bits, no paging, ebx = its record) to boot_main in 64 bits.
 *
 * Two loaders, one ELF: PVH enters where its note says, a Multiboot2 loader (GRUB) where the tag
 * in the header says.  What they leave in the other registers is not looked at.
 *
 * The boot tables are data, not code: they map the first 4 GiB three times, at 0, at DIRECT_BASE
 * and (its first GiB) at KERNEL_BASE, all writable and executable.  The other CPUs start on them
 * too; paging.c replaces them and smp.c clears them once the last CPU has left them.
 */
#include "kernel/arch/x86_64/layout.h"

#define PHYS(symbol) ((symbol) - KERNEL_BASE)

#define PAGE_PRESENT_WRITE 0x3
#define PAGE_LARGE 0x80
#define CPUID_EXTENDED 0x80000001
#define CPUID_EXTENDED_NX_LONG 0x20100000 /* bits 20 and 29 of edx */
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901
#define CR0_BOOT 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_BOOT 0x20       /* PAE */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_MAGIC 0x36d76289 /* in eax at entry */

/* XEN_ELFNOTE_PHYS32_ENTRY: where a PVH loader enters. */
.section .note.pvh, "a", @note
    .align 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad boot_start

/* Multiboot2 specification 2.0, section 3.1: in the file's first 32 KiB, 8-aligned. */
.section .multiboot2, "a"
    .align 8
multiboot2_header:
    .long MULTIBOOT2_HEADER_MAGIC
    .long 0 /* i386, protected mode */
    .long multiboot2_header_end - multiboot2_header
    .long -(MULTIBOOT2_HEADER_MAGIC + multiboot2_header_end - multiboot2_header)

    .align 8
    .word 1, 0 /* the loader must be able to give: */
    .long 12
    .long 6 /* a memory map */
    .align 8
    .word 3, 0 /* the entry, which is not the ELF's */
    .long 12
    .long boot_start_multiboot2
    .align 8
    .word 6, 0 /* modules begin on a page */
    .long 8
    .align 8
    .word 0, 0 /* the end */
    .long 8
multiboot2_header_end:

.section .boot, "awx"
.code32
.global boot_start
boot_start:
    mov $LOADER_PVH, %edi
    jmp enter

boot_start_multiboot2:
    mov $LOADER_MULTIBOOT2, %edi
    cmp $MULTIBOOT2_MAGIC, %eax
    jne refuse_loader

enter:
    cli
    cld
    mov %ebx, %esi

    mov $CPUID_EXTENDED, %eax
    cpuid
    and $CPUID_EXTENDED_NX_LONG, %edx
    cmp $CPUID_EXTENDED_NX_LONG, %edx
    jne refuse

    mov $CR4_BOOT, %eax
    mov %eax, %cr4
    mov $PHYS(boot_pml4), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $EFER_SCE_LME_NXE, %eax
    xor %edx, %edx
    wrmsr
    mov $CR0_BOOT, %eax
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $SELECTOR_KERNEL_CODE, $boot_long

/* No 64 bits or no NX: say so on the serial port and stop. */
refuse:
    mov $refuse_text, %esi
    jmp 1f
refuse_loader:
    mov $refuse_loader_text, %esi
1:  mov $0x3f8, %dx
    cld
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  hlt
    jmp 2b
refuse_text:
    .asciz "capos: cannot boot: the CPU has no 64-bit mode or no NX\r\n"

refuse_loader_text:
    .asciz "capos: cannot boot: the loader does not speak Multiboot2\r\n"

.code64
boot_long:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    movabs $boot_high, %rax
    jmp *%rax

.align 8
.global boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* kernel code */
    .quad 0x00cf93000000ffff /* kernel data */
boot_gdt_pointer:
    .word 23
    .long boot_gdt

.text
boot_high:
    mov $boot_stack_top, %rsp
    xor %ebp, %ebp
    call boot_main
    ud2

/* void boot_on_stack(void (*function)(void), uint64_t stack_top): never returns. */
.global boot_on_stack
boot_on_stack:
    mov %rsi, %rsp
    xor %ebp, %ebp
    call *%rdi
    ud2

.data
.align 4096
.global boot_pml4
.global boot_tables_end
boot_pml4:
    .quad PHYS(boot_pdpt) + PAGE_PRESENT_WRITE
    .skip 255 * 8
    .quad PHYS(boot_pdpt) + PAGE_PRESENT_WRITE
    .skip 254 * 8
    .quad PHYS(boot_pdpt_high) + PAGE_PRESENT_WRITE
boot_pdpt:
    .quad PHYS(boot_pd) + PAGE_PRESENT_WRITE
    .quad PHYS(boot_pd) + 0x1000 + PAGE_PRESENT_WRITE
    .quad PHYS(boot_pd) + 0x2000 + PAGE_PRESENT_WRITE
    .quad PHYS(boot_pd) + 0x3000 + PAGE_PRESENT_WRITE
    .skip 508 * 8
boot_pdpt_high:
    .skip 510 * 8
    .quad PHYS(boot_pd) + PAGE_PRESENT_WRITE
    .skip 8
boot_pd:
    .set address, 0
    .rept 2048
    .quad address + PAGE_LARGE + PAGE_PRESENT_WRITE
    .set address, address + 0x200000
    .endr
boot_tables_end:

.bss
.align 16
    .skip 16384
boot_stack_top:

.section .note.GNU-stack, "", @progbits
