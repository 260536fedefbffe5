/* SPDX-License-Identifier: MIT */
/*
 * layout.h - the numbers that C and assembly share: addresses, selectors, vectors, offsets.
 *
 * Only #define lines, so that the assembler can read it.  percpu.h and trap.h assert that the
 * offsets are those of the structures.  The memory map is drawn in README.md.
 */
#ifndef KERNEL_ARCH_X86_64_LAYOUT_H
#define KERNEL_ARCH_X86_64_LAYOUT_H

/* Physical. */
#define KERNEL_PHYS 0x200000
#define TRAMPOLINE_PHYS 0x8000 /* where other CPUs start, in real mode: one page below 1 MiB */
#define LOW_MEMORY_END 0x100000

/* Who loaded the kernel: the first argument of boot_main. */
#define LOADER_PVH 1
#define LOADER_MULTIBOOT2 2

/* Virtual. */
#define DIRECT_BASE 0xffff800000000000
#define KERNEL_BASE 0xffffffff80000000
#define LAPIC_BASE 0xffffffffc0000000
#define IOAPIC_BASE 0xffffffffc0001000 /* a page for each */
#define STACKS_BASE 0xffffffffd0000000

/*
 * Each CPU's stacks, in pages of its part of the stack area; every page not named is unmapped, so
 * each stack ends in a guard page.
 */
#define STACK_PAGES_SHIFT 4 /* 16 pages per CPU */
#define STACK_MAIN_PAGE 1
#define STACK_MAIN_PAGES 4
#define STACK_FATAL_PAGES 2 /* double fault, NMI, machine check: each on its own */
#define STACK_DOUBLE_FAULT_PAGE 6
#define STACK_NMI_PAGE 9
#define STACK_MACHINE_CHECK_PAGE 12

/* Segment selectors.  SYSRET wants user data below user code, SYSCALL kernel code below data. */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS 0x28

/* Interrupt vectors.  0..31 are the processor's exceptions. */
#define VECTOR_EXCEPTIONS 32
#define VECTOR_PIC 0x20 /* 16 vectors; all lines are masked, a spurious one may still come */
#define VECTOR_LINE 0x30 /* and the number of a device's line: ARCH_IRQ_LINES_MAX vectors */
#define VECTOR_TIMER 0xf0
#define VECTOR_KICK 0xf1
#define VECTOR_LAPIC_SPURIOUS 0xff

/* What the vector word of a context says beyond 0..255. */
#define CONTEXT_BY_SYSCALL 0x100 /* saved by SYSCALL: rcx and r11 need no restoring */
#define CONTEXT_FRESH 0x101      /* never ran */

/* struct arch_context: byte offsets; the last five words are what the CPU pushes and IRETQ pops. */
#define CONTEXT_R15 16
#define CONTEXT_R14 24
#define CONTEXT_R13 32
#define CONTEXT_R12 40
#define CONTEXT_R11 48
#define CONTEXT_R10 56
#define CONTEXT_R9 64
#define CONTEXT_R8 72
#define CONTEXT_RDI 80
#define CONTEXT_RSI 88
#define CONTEXT_RBP 96
#define CONTEXT_RDX 104
#define CONTEXT_RCX 112
#define CONTEXT_RBX 120
#define CONTEXT_RAX 128
#define CONTEXT_VECTOR 136
#define CONTEXT_ERROR 144
#define CONTEXT_RIP 152
#define CONTEXT_CS 160
#define CONTEXT_RFLAGS 168
#define CONTEXT_RSP 176
#define CONTEXT_SS 184
#define CONTEXT_END 192

/* struct percpu: byte offsets from the GS base. */
#define PERCPU_CONTEXT 8
#define PERCPU_STACK 16
#define PERCPU_SCRATCH 24
#define PERCPU_NUMBER 32
#define PERCPU_RSP0 64
#define PERCPU_LOCAL 224
#define PERCPU_BYTES_SHIFT 8

#define RFLAGS_FIXED 0x2
#define RFLAGS_INTERRUPTS 0x200

#endif /* KERNEL_ARCH_X86_64_LAYOUT_H */
