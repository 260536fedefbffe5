/* SPDX-License-Identifier: MIT */
/*
 * bootinfo.h - the boot archive: the one module a boot loader hands to the kernel.
 *
 * A flat table: header, `entry_count` entries, then the files' bytes, each at an 8-aligned offset
 * from the archive's start.  The checksum is FNV-1a (base/hash.h, hash_sealed) over all of it,
 * header included, with 0 in the checksum's own place.
 * The kernel checks bounds and checksum before it believes any of it.  Little-endian.
 */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

#include <stdint.h>

#define BOOT_ARCHIVE_MAGIC UINT64_C(0x3268637261706163) /* "caparch2" */
#define BOOT_ARCHIVE_ENTRIES_MAX 16u
#define BOOT_ARCHIVE_BYTES_MAX (UINT64_C(64) << 20)
#define BOOT_NAME_BYTES 32u

enum boot_kind {
    BOOT_PROGRAM = 1,  /* an ELF executable; the first one is started */
    BOOT_WORKLOAD = 2, /* a workload image, mapped read-only at WORKLOAD_BASE for the program */
    BOOT_ARGUMENTS = 3 /* text for the program, mapped read-only at ARGUMENTS_BASE */
};

#define WORKLOAD_BASE UINT64_C(0x0000620000000000)
#define ARGUMENTS_BASE UINT64_C(0x0000630000000000)

struct boot_archive {
    uint64_t magic;
    uint64_t bytes; /* whole archive, header included */
    uint64_t checksum;
    uint32_t entry_count;
    uint32_t flags;      /* BOOT_FLAG_* */
    uint64_t pause_seed; /* of a kernel with pauses (kernel/pauses.h); 0: none.  Others refuse it */
};

#define BOOT_FLAG_QUIET 1u     /* print no boot table */
#define BOOT_FLAG_SELF_TEST 2u /* run the machine's self-test instead of a program */

struct boot_entry {
    char name[BOOT_NAME_BYTES]; /* NUL-terminated */
    uint32_t kind;              /* enum boot_kind */
    uint32_t reserved;
    uint64_t offset;
    uint64_t bytes;
};

/* The first process starts at the ELF entry with this in registers: rdi = bytes of the workload
 * image (0: none), rsi = bytes of the arguments, rdx = its thread's index (its ring), rsp = top of
 * a stack of BOOT_STACK_BYTES. */
#define BOOT_STACK_BYTES (64u << 10)

#endif /* ABI_BOOTINFO_H */
