/* SPDX-License-Identifier: MIT */
/* cases_memory.c - address spaces, the checker of the kernel's tables, the compiler's functions. */
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/test/machine.h"

static uint64_t no_frame(void)
{
    return 0;
}

/* These cases only compute: a kick to this CPU brings them to their check. */
static void now(void)
{
    arch_kick(0);
    arch_idle();
}

/* Goal: what a space says about an address is what was mapped. */
static bool lookup_check(const struct event *e)
{
    uint64_t data = arch_virt_to_phys((const void *)(uint64_t)test_data);

    (void)e;
    return arch_space_lookup(test_root, USER_DATA + 5, ARCH_READ) == data + 5 &&
           arch_space_lookup(test_root, USER_DATA, ARCH_READ | ARCH_WRITE) == data &&
           arch_space_lookup(test_root, USER_DATA, ARCH_EXECUTE) == 0 &&
           arch_space_lookup(test_root, USER_CODE, ARCH_EXECUTE) != 0 &&
           arch_space_lookup(test_root, USER_CODE, ARCH_WRITE) == 0 &&
           arch_space_lookup(test_root, USER_DATA + ARCH_PAGE_BYTES, ARCH_READ) == 0 &&
           arch_space_lookup(test_root, ARCH_USER_END, ARCH_READ) == 0 &&
           arch_space_lookup(test_root, KERNEL_BASE, ARCH_READ) == 0 &&
           arch_space_lookup(test_root, 0, ARCH_READ) == 0;
}

/* Goal: W^X, the kernel's half and a lack of frames are refused. */
static bool refuse_check(const struct event *e)
{
    uint64_t frame = take_frame();
    uint64_t far = UINT64_C(0x123456789000);

    (void)e;
    return !arch_space_map(test_root, far, frame, ARCH_WRITE | ARCH_EXECUTE, take_frame) &&
           !arch_space_map(test_root, KERNEL_BASE, frame, ARCH_READ, take_frame) &&
           !arch_space_map(test_root, ARCH_USER_END, frame, ARCH_READ, take_frame) &&
           !arch_space_map(test_root, 0, frame, ARCH_READ, take_frame) &&
           !arch_space_map(test_root, far, frame, ARCH_READ, no_frame) &&
           arch_space_create(no_frame) == 0 &&
           arch_space_map(test_root, far, frame, ARCH_READ, take_frame);
}

/* Goal: the checker finds what it is there to find.  Method: a copy of the root with one bad
 * entry after the other in a free slot of the kernel's half. */
static bool checker_check(const struct event *e)
{
    const uint64_t *kernel = arch_phys_to_virt(paging_root);
    uint64_t root = take_frame(), l3 = take_frame(), l2 = take_frame();
    uint64_t *copy = arch_phys_to_virt(root), *at = arch_phys_to_virt(l2);
    const uint64_t bad[] = {
        PAGE_PRESENT | PAGE_LARGE | PAGE_WRITE,
        PAGE_PRESENT | PAGE_LARGE,
        PAGE_PRESENT | PAGE_LARGE | PAGE_WRITE | PAGE_USER | PAGE_NO_EXECUTE,
        KERNEL_PHYS | PAGE_PRESENT | PAGE_LARGE | PAGE_WRITE | PAGE_NO_EXECUTE,
    };

    (void)e;
    for (uint32_t i = 0; i < PAGING_ENTRIES; i++)
        copy[i] = kernel[i];
    copy[300] = l3 | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    *(uint64_t *)arch_phys_to_virt(l3) = l2 | PAGE_PRESENT | PAGE_WRITE | PAGE_USER;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        *at = bad[i];
        if (paging_check(root) == NULL)
            return false;
    }
    *at = PAGE_PRESENT | PAGE_LARGE | PAGE_WRITE | PAGE_NO_EXECUTE;
    return paging_check(root) == NULL;
}

/* Goal: memcpy, memmove, memset and memcmp are C's.  Method: all offsets and lengths up to 20,
 * against byte loops. */
static bool functions_check(const struct event *e)
{
    unsigned char a[64], b[64];

    (void)e;
    for (uint32_t from = 0; from < 20; from++)
        for (uint32_t to = 0; to < 20; to++)
            for (uint32_t n = 0; n < 20; n++) {
                for (uint32_t i = 0; i < 64; i++)
                    a[i] = b[i] = (unsigned char)(i * 7);
                memmove(a + to, a + from, n);
                for (uint32_t i = 0; i < n; i++)
                    if (a[to + i] != b[from + i])
                        return false;
                if (a[to + n] != b[to + n] || (to != 0 && a[to - 1] != b[to - 1]))
                    return false;
                memcpy(a + 40, b + from, n);
                if (memcmp(a + 40, b + from, n) != 0 || a[40 + n] != b[40 + n])
                    return false;
                memset(a + to, 0xee, n);
                for (uint32_t i = 0; i < n; i++)
                    if (a[to + i] != 0xee)
                        return false;
                arch_pause();
            }
    a[0] = 1;
    b[0] = 0xff;
    return memcmp(a, b, 1) < 0 && memcmp(b, a, 1) > 0;
}

const struct test_case cases_memory[] = {
    {"a space's lookup", now, lookup_check},
    {"a space's refusals", now, refuse_check},
    {"the checker of the kernel's tables finds violations", now, checker_check},
    {"memcpy, memmove, memset, memcmp", now, functions_check},
    {NULL, NULL, NULL},
};
