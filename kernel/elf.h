/* SPDX-License-Identifier: MIT */
/*
 * elf.h - reading a static ELF64 executable (System V gABI, chapters 4 and 5; x86-64 psABI).
 *
 * Strict: one class, one machine, fixed addresses, at most ELF_SEGMENTS_MAX loadable segments in
 * rising order that share no page and lie in [ARCH_USER_LOW, PROGRAM_END); a segment that is
 * writable and executable is refused (W^X), and so is a program that wants an interpreter or
 * relocation.  The entry must lie in an executable segment.
 * Pure: no locks, no memory; reading changes nothing, the caller maps what the plan says.
 */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include "kernel/limits.h"

struct elf_segment {
    uint64_t virt;         /* where it begins; any byte of a page */
    uint64_t memory_bytes; /* file_bytes, then zeros */
    uint64_t file_offset;
    uint64_t file_bytes;
    uint32_t access; /* enum arch_access bits */
};

struct elf_plan {
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* Fill `plan` from an image of `length` bytes.  Returns NULL, or what is wrong in a few words. */
MUST_USE const char *elf_read(const unsigned char *image, uint64_t length, struct elf_plan *plan);

#endif /* KERNEL_ELF_H */
