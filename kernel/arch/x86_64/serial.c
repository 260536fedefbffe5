/* SPDX-License-Identifier: MIT */
/* serial.c - the console: a 16550 at 0x3f8, 115200 baud, 8N1, polled with a bound. */
#include "kernel/arch/x86_64/serial.h"

#include "kernel/arch/x86_64/x86.h"

enum {
    SERIAL_DATA = 0x3f8,
    SERIAL_INTERRUPTS = 0x3f9,
    SERIAL_FIFO = 0x3fa,
    SERIAL_LINE = 0x3fb,
    SERIAL_MODEM = 0x3fc,
    SERIAL_STATUS = 0x3fd
};

#define SERIAL_LINE_8N1 0x03u
#define SERIAL_LINE_DIVISOR 0x80u
#define SERIAL_FIFO_ON_CLEARED 0x07u
#define SERIAL_MODEM_READY 0x03u
#define SERIAL_STATUS_ROOM 0x20u

/* Longer than one character takes at 115200 baud; then the port is taken for dead. */
#define SERIAL_WAIT_POLLS_MAX 100000u

void serial_init(void)
{
    x86_out8(SERIAL_INTERRUPTS, 0);
    x86_out8(SERIAL_LINE, SERIAL_LINE_DIVISOR);
    x86_out8(SERIAL_DATA, 1);
    x86_out8(SERIAL_INTERRUPTS, 0);
    x86_out8(SERIAL_LINE, SERIAL_LINE_8N1);
    x86_out8(SERIAL_FIFO, SERIAL_FIFO_ON_CLEARED);
    x86_out8(SERIAL_MODEM, SERIAL_MODEM_READY);
}

static void put(char c)
{
    for (uint32_t i = 0; i < SERIAL_WAIT_POLLS_MAX; i++) {
        if (x86_in8(SERIAL_STATUS) & SERIAL_STATUS_ROOM)
            break;
        x86_pause();
    }
    x86_out8(SERIAL_DATA, (uint8_t)c);
}

void arch_console_write(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
        if (i % 512 == 511)
            x86_pause();
    }
}

void serial_text(const char *text)
{
    size_t bytes = 0;

    while (text[bytes] != '\0')
        bytes++;
    arch_console_write(text, bytes);
}

void serial_hex(uint64_t value)
{
    char digits[16];

    for (uint32_t i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    arch_console_write(digits, sizeof(digits));
}
