/* SPDX-License-Identifier: MIT */
#include "base/elf.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/ring.h"
#include "base/prng.h"

#define HEADERS 4u
#define TEXT_AT 0x1000u
#define IMAGE_BYTES 0x3000u

/* An executable: text, read-only data, data with zeros behind it; the last header is spare. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr programs[HEADERS];
    unsigned char rest[IMAGE_BYTES - sizeof(Elf64_Ehdr) - HEADERS * sizeof(Elf64_Phdr)];
};

static struct image image;

static Elf64_Phdr loadable(uint32_t flags, uint64_t offset, uint64_t virt, uint64_t bytes)
{
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_offset = offset,
                        .p_vaddr = virt,
                        .p_filesz = bytes,
                        .p_memsz = bytes};
}

static void make(void)
{
    image = (struct image){.programs = {{0}}};
    image.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x400010,
        .e_phoff = offsetof(struct image, programs),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = HEADERS,
    };
    image.programs[0] = loadable(PF_R | PF_X, TEXT_AT, 0x400000, 0x500);
    image.programs[1] = loadable(PF_R, 0x1800, 0x401000, 0x100);
    image.programs[2] = loadable(PF_R | PF_W, 0x2000, 0x402000, 0x200);
    image.programs[2].p_memsz = 0x5000;
    image.programs[3].p_type = PT_GNU_STACK;
    image.programs[3].p_flags = PF_R | PF_W;
}

static const char *read_image(struct elf_plan *plan)
{
    return elf_read((const unsigned char *)&image, sizeof(image), plan);
}

static void expect_refused(void)
{
    struct elf_plan plan;

    assert_non_null(read_image(&plan));
}

/* Goal: a good program gives its plan.  Method: compare all of it. */
static void test_elf_good_program_is_planned(void **state)
{
    (void)state;
    struct elf_plan plan;

    make();
    assert_null(read_image(&plan));
    assert_int_equal(plan.entry, 0x400010);
    assert_int_equal(plan.segment_count, 3);
    assert_int_equal(plan.segments[0].access, ELF_READ | ELF_EXECUTE);
    assert_int_equal(plan.segments[1].access, ELF_READ);
    assert_int_equal(plan.segments[2].access, ELF_READ | ELF_WRITE);
    assert_int_equal(plan.segments[2].virt, 0x402000);
    assert_int_equal(plan.segments[2].file_offset, 0x2000);
    assert_int_equal(plan.segments[2].file_bytes, 0x200);
    assert_int_equal(plan.segments[2].memory_bytes, 0x5000);
}

/* Goal: no page is writable and executable.  Method: each segment in turn asks for both. */
static void test_elf_writable_code_is_refused(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        make();
        image.programs[i].p_flags = PF_R | PF_W | PF_X;
        expect_refused();
    }
}

/* Goal: segments may not share a page.  Method: the second begins in the first one's last page. */
static void test_elf_shared_page_is_refused(void **state)
{
    (void)state;
    make();
    image.programs[1].p_vaddr = 0x400f00;
    expect_refused();
    make();
    image.programs[1].p_vaddr = 0x3ff000;
    expect_refused();
}

/* Goal: only user addresses below the rings are loaded to.  Method: page 0, the rings, the kernel's
 * half, and a segment that wraps around. */
static void test_elf_foreign_address_is_refused(void **state)
{
    (void)state;
    static const uint64_t addresses[] = {0, RING_BASE, RING_BASE - 0x1000,
                                         UINT64_C(0xffff800000000000), UINT64_MAX - 0xfff};

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        make();
        image.programs[2].p_vaddr = addresses[i];
        expect_refused();
    }
}

/* Goal: file bounds hold, also where sums overflow.  Method: offsets and sizes beyond the end. */
static void test_elf_segment_outside_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, file_bytes, memory_bytes;
    } bad[] = {
        {IMAGE_BYTES, 1, 1},
        {IMAGE_BYTES + 1, 0, 1},
        {0x2000, 0x1001, 0x1001},
        {UINT64_MAX, 2, 2},
        {0x2000, UINT64_MAX, UINT64_MAX},
        {0x2000, 0x200, 0x100},
        {0x2000, 0x200, ELF_SEGMENT_BYTES_MAX + 1},
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        make();
        image.programs[2].p_offset = bad[i].offset;
        image.programs[2].p_filesz = bad[i].file_bytes;
        image.programs[2].p_memsz = bad[i].memory_bytes;
        expect_refused();
    }
}

/* Goal: the program begins in code.  Method: entries in data, before, behind and nowhere. */
static void test_elf_entry_outside_code_is_refused(void **state)
{
    (void)state;
    static const uint64_t entries[] = {0, 0x3fffff, 0x400500, 0x401000, 0x402000, UINT64_MAX};

    for (size_t i = 0; i < ARRAY_COUNT(entries); i++) {
        make();
        image.header.e_entry = entries[i];
        expect_refused();
    }
}

/* Goal: what needs a linker, another machine or another class is refused.  Method: one each. */
static void test_elf_other_kinds_are_refused(void **state)
{
    (void)state;
    make();
    image.header.e_type = ET_DYN;
    expect_refused();
    make();
    image.header.e_machine = EM_386;
    expect_refused();
    make();
    image.header.e_ident[EI_CLASS] = ELFCLASS32;
    expect_refused();
    make();
    image.header.e_ident[EI_DATA] = ELFDATA2MSB;
    expect_refused();
    make();
    image.programs[3].p_type = PT_INTERP;
    expect_refused();
    make();
    image.programs[3].p_type = PT_DYNAMIC;
    expect_refused();
    make();
    image.programs[0].p_flags |= 8;
    expect_refused();
}

/* Goal: the table of headers lies in the file.  Method: offsets and counts that reach beyond. */
static void test_elf_headers_outside_file_are_refused(void **state)
{
    (void)state;
    make();
    image.header.e_phoff = UINT64_MAX - 8;
    expect_refused();
    make();
    image.header.e_phoff = IMAGE_BYTES - sizeof(Elf64_Phdr);
    expect_refused();
    make();
    image.header.e_phnum = 0;
    expect_refused();
    make();
    image.header.e_phnum = 65;
    expect_refused();
    make();
    image.header.e_phentsize = 32;
    expect_refused();
}

/* Goal: truncated anywhere, a program is refused or its plan stays inside the file; nothing behind
 * the end is read.  Method: all lengths, each in memory that ends right behind it. */
static void test_elf_truncated_is_safe(void **state)
{
    (void)state;
    make();
    for (size_t length = 0; length < sizeof(image); length += length < 0x200 ? 1 : 37) {
        unsigned char *copy = malloc(length > 0 ? length : 1);
        struct elf_plan plan;

        assert_non_null(copy);
        memcpy(copy, &image, length);
        if (elf_read(copy, length, &plan) == NULL)
            assert_true(length >= 0x2200);
        free(copy);
    }
}

/* Goal: whatever the headers say, an accepted plan keeps every promise of the header file.
 * Method: flip 1..8 random bits of the headers, 200,000 times. */
static void test_elf_accepted_plans_are_sound(void **state)
{
    (void)state;
    struct prng p = prng_seed(7);
    uint32_t accepted = 0;

    for (uint32_t turn = 0; turn < 200000; turn++) {
        struct elf_plan plan;
        uint64_t end = PROGRAM_BEGIN;

        make();
        for (uint64_t flips = 1 + prng_next(&p) % 8; flips > 0; flips--) {
            uint64_t bit = prng_next(&p) % (offsetof(struct image, rest) * 8);

            ((unsigned char *)&image)[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        }
        if (read_image(&plan) != NULL)
            continue;
        accepted++;
        for (uint32_t i = 0; i < plan.segment_count; i++) {
            const struct elf_segment *s = &plan.segments[i];

            assert_true((s->access & (ELF_WRITE | ELF_EXECUTE)) != (ELF_WRITE | ELF_EXECUTE));
            assert_true(s->virt >= end);
            assert_true(s->file_bytes <= s->memory_bytes);
            assert_true(s->file_offset + s->file_bytes <= sizeof(image));
            end = (s->virt + s->memory_bytes + 0xfff) & ~UINT64_C(0xfff);
            assert_true(end <= PROGRAM_END);
        }
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf_good_program_is_planned),
        cmocka_unit_test(test_elf_writable_code_is_refused),
        cmocka_unit_test(test_elf_shared_page_is_refused),
        cmocka_unit_test(test_elf_foreign_address_is_refused),
        cmocka_unit_test(test_elf_segment_outside_file_is_refused),
        cmocka_unit_test(test_elf_entry_outside_code_is_refused),
        cmocka_unit_test(test_elf_other_kinds_are_refused),
        cmocka_unit_test(test_elf_headers_outside_file_are_refused),
        cmocka_unit_test(test_elf_truncated_is_safe),
        cmocka_unit_test(test_elf_accepted_plans_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
