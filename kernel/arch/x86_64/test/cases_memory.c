/* SPDX-License-Identifier: MIT */
/* cases_memory.c - address spaces, the checker of the kernel's tables, the compiler's functions. */
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/test/machine.h"

#define FAR UINT64_C(0x123456789000) /* nothing is mapped near them */
#define GONE UINT64_C(0x234567891000)
#define PAGE_FAULT 14u
#define INVALID_OPCODE 6u

extern const char user_read[];

static uint64_t other_root;

static uint64_t no_frame(void *context)
{
    (void)context;
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

/* Goal: a lack of frames and a page that is in use are refused.  What a caller must not ask for
 * asserts: space_test.c. */
static bool refuse_check(const struct event *e)
{
    uint64_t frame = take_frame();

    (void)e;
    return arch_space_map(test_root, FAR, frame, ARCH_READ, no_frame, NULL) == ARCH_MAP_NO_FRAME &&
           arch_space_lookup(test_root, FAR, ARCH_READ) == 0 &&
           arch_space_map(test_root, FAR, frame, ARCH_READ, take_table, NULL) == ARCH_MAP_DONE &&
           arch_space_map(test_root, FAR, frame, ARCH_READ, no_frame, NULL) == ARCH_MAP_IN_USE &&
           arch_space_lookup(test_root, FAR, ARCH_READ) == frame;
}

/* Goal: what is unmapped and flushed is out of reach, and another page can take its place.  Method:
 * a program reads a page; unmap, flush, again; prune all its tables, flush, again; map another. */
static void unmap_start(void)
{
    uint64_t frame = take_frame();

    if (arch_space_map(test_root, GONE, frame, ARCH_READ, take_table, NULL) != ARCH_MAP_DONE)
        now(); /* no fault comes: the check fails */
    run_user(&test_context, USER_LABEL(user_read), GONE, 0);
}

static bool is_out_of_reach(const struct event *e)
{
    return e->kind == EVENT_FAULT && e->number == PAGE_FAULT && e->b == GONE;
}

static bool unmap_check(const struct event *e)
{
    uint32_t count = 0;

    switch (stage++) {
    case 0:
        if (e->kind != EVENT_FAULT || e->number != INVALID_OPCODE) /* it has read, and ends so */
            return false;
        arch_space_unmap(test_root, GONE);
        arch_space_flush();
        run_user(&test_context, USER_LABEL(user_read), GONE, 0);
    case 1:
        if (!is_out_of_reach(e) || arch_space_missing(test_root, GONE, 1) != 0)
            return false;
        while (arch_space_prune(test_root, GONE) != 0) /* at most one a level */
            count++;
        if (count != arch_space_missing(test_root, GONE, 1) || count == 0)
            return false;
        arch_space_flush();
        run_user(&test_context, USER_LABEL(user_read), GONE, 0);
    case 2:
        if (!is_out_of_reach(e) || arch_space_map(test_root, GONE, take_frame(), ARCH_READ,
                                                  take_table, NULL) != ARCH_MAP_DONE)
            return false;
        run_user(&test_context, USER_LABEL(user_read), GONE, 0);
    default:
        return e->kind == EVENT_FAULT && e->number == INVALID_OPCODE;
    }
}

static uint32_t stripped_count;

static void count_frame(uint64_t frame, void *context)
{
    (void)frame;
    (void)context;
    stripped_count++;
}

/* Goal: a space of its own runs, and comes apart into what was put into it.  Method: pages far
 * apart; a program reads in it; back; strip, three at a time. */
static void strip_start(void)
{
    other_root = take_frame();
    arch_space_create(other_root);
    if (arch_space_map(other_root, USER_CODE, arch_space_lookup(test_root, USER_CODE, ARCH_EXECUTE),
                       ARCH_EXECUTE, take_table, NULL) != ARCH_MAP_DONE ||
        arch_space_map(other_root, GONE, take_frame(), ARCH_READ | ARCH_OWNED, take_table, NULL) !=
            ARCH_MAP_DONE)
        now(); /* no fault comes: the check fails */
    arch_space_activate(other_root);
    run_user(&test_context, USER_LABEL(user_read), GONE, 0);
}

static bool strip_check(const struct event *e)
{
    uint64_t cursor = 0;
    uint32_t calls = 1;

    arch_space_activate(test_root);
    if (e->kind != EVENT_FAULT || e->number != INVALID_OPCODE)
        return false;
    while (!arch_space_strip(other_root, &cursor, 3, count_frame, NULL)) /* 7 are given */
        calls++;
    return stripped_count == 7 && calls <= 3 &&
           arch_space_lookup(other_root, GONE, ARCH_READ) == 0 &&
           arch_space_missing(other_root, GONE, 1) == 3 && paging_check(other_root) == NULL;
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
    {"an unmapped page is out of reach", unmap_start, unmap_check},
    {"a space comes apart", strip_start, strip_check},
    {"the checker of the kernel's tables finds violations", now, checker_check},
    {"memcpy, memmove, memset, memcmp", now, functions_check},
    {NULL, NULL, NULL},
};
