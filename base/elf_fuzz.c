/* SPDX-License-Identifier: MIT */
/*
 * elf_fuzz.c - any bytes as a program: refused, or a plan that keeps every promise of elf.h.
 *
 * An input whose first byte is odd is the program itself.  Otherwise it is a list of changes to the
 * headers of a sound one, (offset, value) in three bytes each: the byte at the offset, or with the
 * offset's highest bit a whole word, to something near a limit.  The second byte says how much of
 * the program's end is cut off.
 */
#include "base/elf.h"

#include "base/assert.h"
#include "base/bits.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS 20u /* 3 are loaded; type 1 loads another */
#define IMAGE_BYTES 0x3000u
#define CUT_BYTES 64u
#define CHANGE_BYTES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct image {
    Elf64_Ehdr header;
    Elf64_Phdr programs[HEADERS];
    unsigned char rest[IMAGE_BYTES - sizeof(Elf64_Ehdr) - HEADERS * sizeof(Elf64_Phdr)];
};

#define SPARE(i) \
    {PT_NULL, PF_R, 0x2800, 0x410000 + 0x1000 * (i), 0, 0x10, 0x20, 0x1000}

static const struct image sound = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_X86_64,
               .e_version = EV_CURRENT,
               .e_entry = 0x400010,
               .e_phoff = offsetof(struct image, programs),
               .e_ehsize = sizeof(Elf64_Ehdr),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = HEADERS},
    .programs = {{PT_LOAD, PF_R | PF_X, 0x1000, 0x400000, 0, 0x500, 0x500, 0x1000},
                 {PT_LOAD, PF_R, 0x1800, 0x401000, 0, 0x100, 0x100, 0x1000},
                 {PT_LOAD, PF_R | PF_W, 0x2000, 0x402000, 0, 0x200, 0x5000, 0x1000},
                 {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 0},
                 SPARE(0), SPARE(1), SPARE(2), SPARE(3), SPARE(4), SPARE(5), SPARE(6), SPARE(7),
                 SPARE(8), SPARE(9), SPARE(10), SPARE(11), SPARE(12), SPARE(13), SPARE(14),
                 SPARE(15)},
};

static void check_plan(const struct elf_plan *plan, uint64_t length)
{
    uint64_t end = PROGRAM_BEGIN;
    bool entry_is_code = false;

    ASSERT(plan->segment_count <= ELF_SEGMENTS_MAX);
    for (uint32_t i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *s = &plan->segments[i];

        ASSERT(s->virt >= end);
        ASSERT(s->memory_bytes > 0);
        ASSERT(s->memory_bytes <= ELF_SEGMENT_BYTES_MAX);
        ASSERT(s->virt < PROGRAM_END);
        ASSERT(s->file_bytes <= s->memory_bytes);
        ASSERT(s->file_offset <= length);
        ASSERT(s->file_bytes <= length - s->file_offset);
        ASSERT((s->access & ELF_READ) != 0);
        ASSERT((s->access & ELF_WRITE) == 0 || (s->access & ELF_EXECUTE) == 0);
        end = bits_round_up(s->virt + s->memory_bytes, ELF_PAGE_BYTES);
        ASSERT(end <= PROGRAM_END);
        if (plan->entry >= s->virt && plan->entry < s->virt + s->memory_bytes)
            entry_is_code = (s->access & ELF_EXECUTE) != 0;
    }
    ASSERT(entry_is_code);
}

/* A copy on the heap, so that reading beyond its end is seen. */
static void read_copy(const void *from, size_t length)
{
    unsigned char *copy = malloc(length + (length == 0));
    struct elf_plan plan;

    if (copy == NULL)
        abort();
    memcpy(copy, from, length);
    if (elf_read(copy, length, &plan) == NULL)
        check_plan(&plan, length);
    free(copy);
}

/* One change: a byte, or a word of the headers to a limit and up to 16 beside it. */
static void change(struct image *image, const uint8_t *data)
{
    static const uint64_t limits[8] = {0,
                                       UINT64_MAX,
                                       PROGRAM_BEGIN,
                                       PROGRAM_END,
                                       PROGRAM_END - ELF_SEGMENT_BYTES_MAX,
                                       IMAGE_BYTES,
                                       ELF_SEGMENT_BYTES_MAX,
                                       UINT64_C(1) << 63};
    size_t at = (size_t)(data[0] & 0x7f) << 8 | data[1];

    at %= offsetof(struct image, rest);
    if ((data[0] & 0x80) == 0)
        ((unsigned char *)image)[at] = data[2];
    else
        ((uint64_t *)(void *)image)[at / 8] = limits[data[2] % 8] + data[2] / 8 - 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct image image;

    if (bytes < 2)
        return 0;
    if (data[0] % 2 == 1) {
        read_copy(data + 1, bytes - 1);
        return 0;
    }
    image = sound;
    for (size_t i = 2; i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES)
        change(&image, data + i);
    read_copy(&image, sizeof(image) - data[1] * CUT_BYTES % sizeof(image));
    return 0;
}
