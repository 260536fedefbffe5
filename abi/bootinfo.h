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
    BOOT_PROGRAM = 1,   /* an ELF executable; the first one is started */
    BOOT_WORKLOAD = 2,  /* a workload image (abi/workload.h) */
    BOOT_ARGUMENTS = 3, /* text for a program */
    BOOT_MANIFEST = 4   /* a manifest table (abi/manifest.h) */
};

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

/*
 * The first program becomes the first process.  It holds every kind that has a well-known slot
 * (abi/cap.h), and a VIEW of the first file of each other kind that the archive has: WORKLOAD,
 * ARGUMENTS, MANIFEST.  Its ledger is the machine.
 *
 * A process starts at the ELF entry on a stack of PROCESS_STACK_BYTES that ends at
 * PROCESS_STACK_TOP, with a gap below it, and with this in registers: rdi = the argument its
 * parent chose (0 for the first), rsi = 0, its first thread's index, rdx = 1, its generation.
 *
 * Programs are linked into [PROGRAM_BEGIN, PROGRAM_END).  Everything the kernel maps by itself
 * lies in [PROGRAM_END, MAP_BASE): numbers (abi/sched.h), the first stack, rings (abi/ring.h).
 * From MAP_BASE on a program maps what it likes.
 */
#define PROGRAM_BEGIN UINT64_C(0x1000)
#define PROGRAM_END UINT64_C(0x30000000)
#define PROCESS_STACK_TOP UINT64_C(0x30030000)
#define PROCESS_STACK_BYTES (16u << 10)
#define MAP_BASE UINT64_C(0x30800000)

#endif /* ABI_BOOTINFO_H */
