/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.h - what a Multiboot2 loader (GRUB) says: memory map, one module, ACPI root.
 *
 * Multiboot2 specification 2.0, section 3.6.  The information is a list of tags in memory that the
 * loader chose.  It is believed only if it is whole: every tag within the information, 8-aligned;
 * an end tag exactly at the end; no tag we use twice; sizes that fit their kind; no RAM twice.
 * Tags we do not use are skipped by their size.
 * Pure: no locks, no memory but the arguments; tested on the host.
 */
#ifndef KERNEL_ARCH_X86_64_MULTIBOOT2_H
#define KERNEL_ARCH_X86_64_MULTIBOOT2_H

#include "kernel/arch/x86_64/ranges.h"

#define MULTIBOOT2_BYTES_MAX (1u << 20)
#define MULTIBOOT2_TAGS_MAX 256u
#define MULTIBOOT2_MEMORY_ENTRIES_MAX 1024u
#define MULTIBOOT2_HEAD_BYTES 8u

struct multiboot2 {
    struct ranges ram;
    struct arch_range archive; /* the module; bytes 0: none */
    uint32_t rsdp_at;          /* offset of the copied ACPI root in the information; 0: none */
};

/* The whole information's bytes as its first MULTIBOOT2_HEAD_BYTES say; 0: not believable. */
uint32_t multiboot2_bytes(const uint8_t *info);

/* Read all `bytes` of `info`, the number that multiboot2_bytes gave.  Returns NULL, or what is
 * wrong with it; then `found` is not to be used.  O(bytes). */
MUST_USE const char *multiboot2_read(const uint8_t *info, uint32_t bytes, struct multiboot2 *found);

#endif /* KERNEL_ARCH_X86_64_MULTIBOOT2_H */
