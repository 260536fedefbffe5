/* SPDX-License-Identifier: MIT */
#include "kernel/program.h"

#include "base/bits.h"
#include "kernel/frame.h"
#include "kernel/memory.h"

static struct program programs[BOOT_ARCHIVE_ENTRIES_MAX];
static uint32_t program_count;

/* The pages of a segment that is not writable, in a run of frames; 0: no memory. */
static uint64_t lay_out(const struct program *p, const struct elf_segment *s)
{
    uint64_t before = s->virt % ARCH_PAGE_BYTES;
    uint64_t run = frame_take_run(before + s->memory_bytes);

    if (run != 0) {
        unsigned char *to = arch_phys_to_virt(run);

        memcpy(to + before, p->image + s->file_offset, s->file_bytes);
    }
    return run;
}

static const char *load(struct program *p)
{
    for (uint32_t i = 0; i < p->plan.segment_count; i++) { /* at most ELF_SEGMENTS_MAX */
        const struct elf_segment *s = &p->plan.segments[i];

        if ((s->access & ARCH_WRITE) != 0)
            continue;
        p->shared[i] = lay_out(p, s);
        if (p->shared[i] == 0)
            return "there is too little memory for a program";
    }
    return NULL;
}

const char *program_load_all(const struct archive *archive)
{
    for (; program_count < BOOT_ARCHIVE_ENTRIES_MAX; program_count++) {
        struct archive_file file = archive_program(archive, program_count);
        struct program *p = &programs[program_count];
        const char *wrong;

        if (file.bytes == NULL)
            break;
        *p = (struct program){.image = file.bytes};
        wrong = elf_read(p->image, file.length, &p->plan);
        if (wrong == NULL)
            wrong = load(p);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

const struct program *program_at(uint64_t number)
{
    return number < program_count ? &programs[number] : NULL;
}
