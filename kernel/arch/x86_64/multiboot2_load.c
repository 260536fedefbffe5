/* SPDX-License-Identifier: MIT */
/* multiboot2_load.c - the Multiboot2 information where the loader left it. */
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/multiboot2.h"

void multiboot2_load(uint32_t info, struct loaded *loaded)
{
    const uint8_t *head = boot_physical(info, MULTIBOOT2_HEAD_BYTES);
    uint32_t bytes = head != NULL && info % 8 == 0 ? multiboot2_bytes(head) : 0;
    struct multiboot2 found;
    const char *wrong;

    if (bytes == 0 || boot_physical(info, bytes) == NULL)
        boot_refuse("the Multiboot2 information has no believable size or place");
    wrong = multiboot2_read(head, bytes, &found);
    if (wrong != NULL)
        boot_refuse(wrong);
    *loaded = (struct loaded){
        .ram = found.ram,
        .archive = found.archive,
        .record = {info, bytes},
        .rsdp = found.rsdp_at != 0 ? info + found.rsdp_at : 0,
    };
}
