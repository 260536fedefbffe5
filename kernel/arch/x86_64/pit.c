/* SPDX-License-Identifier: MIT */
/* pit.c - see pit.h. */
#include "kernel/arch/x86_64/pit.h"

#include "kernel/arch/x86_64/x86.h"

#define PIT_CHANNEL_0 0x40u
#define PIT_CHANNEL_2 0x42u
#define PIT_COMMAND 0x43u
#define PIT_GATE 0x61u

#define PIT_COMMAND_COUNT_DOWN 0xb0u /* channel 2, low byte then high, mode 0 */
#define PIT_COMMAND_BEAT 0x34u       /* channel 0, low byte then high, mode 2 */
#define PIT_COMMAND_REST 0x30u       /* channel 0, mode 0: counts once */
#define PIT_COMMAND_LATCH 0x80u      /* channel 2 */
#define PIT_COMMAND_STATUS 0xe8u     /* channel 2 */
#define PIT_STATUS_OUTPUT 0x80u
#define PIT_GATE_ON 0x01u
#define PIT_GATE_KEEP 0xfcu /* all but gate and speaker */

void pit_start(void)
{
    x86_out8(PIT_GATE, (uint8_t)((x86_in8(PIT_GATE) & PIT_GATE_KEEP) | PIT_GATE_ON));
    x86_out8(PIT_COMMAND, PIT_COMMAND_COUNT_DOWN);
    x86_out8(PIT_CHANNEL_2, 0xff);
    x86_out8(PIT_CHANNEL_2, 0xff);
}

uint16_t pit_read(void)
{
    uint32_t low, high;

    x86_out8(PIT_COMMAND, PIT_COMMAND_LATCH);
    low = x86_in8(PIT_CHANNEL_2);
    high = x86_in8(PIT_CHANNEL_2);
    return (uint16_t)(high << 8 | low);
}

/* In mode 0 the output rises at the count's end and stays. */
bool pit_has_wrapped(void)
{
    x86_out8(PIT_COMMAND, PIT_COMMAND_STATUS);
    return (x86_in8(PIT_CHANNEL_2) & PIT_STATUS_OUTPUT) != 0;
}

void pit_beat(uint16_t counts)
{
    if (counts == 0) {
        x86_out8(PIT_COMMAND, PIT_COMMAND_REST);
        x86_out8(PIT_CHANNEL_0, 1);
        x86_out8(PIT_CHANNEL_0, 0);
        return;
    }
    x86_out8(PIT_COMMAND, PIT_COMMAND_BEAT);
    x86_out8(PIT_CHANNEL_0, (uint8_t)(counts & 0xff));
    x86_out8(PIT_CHANNEL_0, (uint8_t)(counts >> 8));
}
