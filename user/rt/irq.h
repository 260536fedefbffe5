/* SPDX-License-Identifier: MIT */
/*
 * irq.h - interrupts of devices, and their ports (abi/device.h).
 *
 * Results as in calls.h; handles are > 0 and given back with rt_release (ledger.h).  A driver of a
 * device that signals by edges:
 *
 *     irq = rt_irq_bind(CAP_IRQS, line, cpu, IRQ_CLASS_OTHER);
 *     while (rt_irq_wait(irq, &count) == STATUS_OK) {
 *         rt_irq_ack(irq);          // first, or the next edge may be lost
 *         ... clear the cause at the device ...
 *     }
 */
#ifndef USER_RT_IRQ_H
#define USER_RT_IRQ_H

#include "abi/cap.h"
#include "abi/status.h"
#include "base/types.h"

/* ---- Lines: `irqs` is an IRQS capability, `irq` an IRQ ---- */

/* Returns: an IRQ handle, or a refusal. */
MUST_USE int64_t rt_irq_bind(uint32_t irqs, uint64_t line, uint64_t cpu, uint64_t irq_class);

/* Wait until it has fired since the last rt_irq_ack.  How often it has so far is in *count, if not
 * NULL. */
MUST_USE int64_t rt_irq_wait(uint32_t irq, uint64_t *count);

MUST_USE int64_t rt_irq_ack(uint32_t irq);
MUST_USE int64_t rt_irq_stat(uint32_t irq, struct cap_irq_stat *stat);

/* ---- Ports: `ports` is a PORTS capability ---- */

/* Returns: a PORTS handle, or a refusal. */
MUST_USE int64_t rt_ports_narrow(uint32_t ports, uint64_t offset, uint64_t count);

/* The byte is in *value. */
MUST_USE int64_t rt_port_read8(uint32_t ports, uint64_t offset, uint8_t *value);
MUST_USE int64_t rt_port_write8(uint32_t ports, uint64_t offset, uint64_t value);

#endif /* USER_RT_IRQ_H */
