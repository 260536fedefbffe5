/* SPDX-License-Identifier: MIT */
/* qemu.c - the two devices an emulator adds: the debug console (results) and the exit port. */
#include "kernel/arch.h"

#include "kernel/arch/x86_64/x86.h"

#define QEMU_DEBUG_CONSOLE 0xe9u
#define QEMU_EXIT 0xf4u

/* isa-debug-exit ends QEMU with (value << 1) | 1: 33 for success, 35 for failure. */
#define QEMU_EXIT_SUCCESS 0x10u
#define QEMU_EXIT_FAILURE 0x11u

void arch_result_write(const void *data, size_t bytes)
{
    const uint8_t *at = data;

    for (size_t i = 0; i < bytes; i++) {
        x86_out8(QEMU_DEBUG_CONSOLE, at[i]);
        if (i % 1024 == 1023)
            x86_pause();
    }
}

void arch_power_off(uint32_t failed)
{
    x86_out32(QEMU_EXIT, failed != 0 ? QEMU_EXIT_FAILURE : QEMU_EXIT_SUCCESS);
    arch_halt_forever();
}

void arch_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
