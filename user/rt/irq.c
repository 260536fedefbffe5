/* SPDX-License-Identifier: MIT */
#include "user/rt/irq.h"

#include "user/rt/entry.h"

int64_t rt_irq_bind(uint32_t irqs, uint64_t line, uint64_t cpu, uint64_t irq_class)
{
    return rt_call(irqs, IRQS_BIND, line, cpu, irq_class);
}

int64_t rt_irq_wait(uint32_t irq, uint64_t *count)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = irq, .method = IRQ_WAIT};

    return rt_entry_do(&entry, count);
}

int64_t rt_irq_ack(uint32_t irq)
{
    return rt_call(irq, IRQ_ACK, 0, 0, 0);
}

int64_t rt_irq_stat(uint32_t irq, struct cap_irq_stat *stat)
{
    return rt_call(irq, IRQ_STAT, (uint64_t)stat, 0, 0);
}

int64_t rt_ports_narrow(uint32_t ports, uint64_t offset, uint64_t count)
{
    return rt_call(ports, PORTS_NARROW, offset, count, 0);
}

int64_t rt_port_read8(uint32_t ports, uint64_t offset, uint8_t *value)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL, .cap = ports, .method = PORTS_READ8, .args = {offset}};
    uint64_t byte = 0;
    int64_t status = rt_entry_do(&entry, &byte);

    *value = (uint8_t)byte;
    return status;
}

int64_t rt_port_write8(uint32_t ports, uint64_t offset, uint64_t value)
{
    return rt_call(ports, PORTS_WRITE8, offset, value, 0);
}
