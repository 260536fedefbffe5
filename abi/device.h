/* SPDX-License-Identifier: MIT */
/*
 * device.h - driving a device from a program: the methods of IRQS, IRQ and PORTS (abi/cap.h).
 *
 * An interrupt line is bound to a CPU.  When it fires, it is masked, counted, and whoever waits is
 * woken; it fires no more until ACK.  So a driver that does nothing has one interrupt, and a device
 * that does not stop asking has no more than its driver acknowledges.  The time that the kernel
 * spends on it is booked to the process that bound the line (docs/accounting.md).
 *
 * Of a device that signals by edges, ACK first and then clear the cause at the device: an edge that
 * comes while the line is masked is lost, and a device whose cause stands gives no other.  Of one
 * that signals by level clear the cause first, or ACK lets it fire once more.  A driver allows for
 * a firing that its device had no cause for: it may be left from who had the line before.
 *
 * IRQS
 *   BIND          args[0] = line, args[1] = CPU, args[2] = enum irq_class.  Result: an IRQ handle;
 *                 the line is open from now on.  BAD_ARGUMENT: the machine has no such line for
 *                 programs, or class; OUTSIDE_MASK: the CPU is not of the caller's process's set;
 *                 BUSY: another binding has the line.
 * IRQ
 *   WAIT          Completes when it has fired since the last ACK.  OK; value = how often it has
 *                 fired since BIND.  One waits; others are BUSY.  STALE: the binding has ended.
 *   ACK           Lets it fire again.
 *   STAT          args[0] = address of struct cap_irq_stat to fill.
 *   RELEASE of the handle that BIND gave, the end of its process, and revoking the grant that IRQS
 *   was held under end the binding: the line is masked and free.
 * PORTS
 *   NARROW        args[0] = offset from the range's first port, args[1] = count, at least 1.
 *                 Result: a PORTS handle for those.  BAD_ARGUMENT: it has not so many.
 *   READ8         args[0] = offset.  OK; value = the byte.  BAD_ARGUMENT: outside the range;
 *                 BAD_ADDRESS: programs may not reach it, as those of the kernel's devices.
 *   WRITE8        args[0] = offset, args[1] = the byte.  BAD_ARGUMENT also: no byte; else as READ8.
 */
#ifndef ABI_DEVICE_H
#define ABI_DEVICE_H

#include <stdint.h>

enum cap_irqs_method { IRQS_BIND = 0 };
enum cap_irq_method { IRQ_WAIT = 0, IRQ_ACK = 1, IRQ_STAT = 2 };
enum cap_ports_method { PORTS_NARROW = 0, PORTS_READ8 = 1, PORTS_WRITE8 = 2 };

/* What a line is for: a CPU kept free of network work has no binding of class NET. */
enum irq_class { IRQ_CLASS_OTHER = 0, IRQ_CLASS_NET = 1 };
#define IRQ_CLASS_COUNT 2u

struct cap_irq_stat {
    uint64_t fire_count;
    uint64_t irq_ns; /* of interrupts that are over */
    uint32_t line;
    uint32_t cpu;
    uint32_t irq_class;
    uint32_t is_masked; /* it has fired and was not acknowledged */
};

#endif /* ABI_DEVICE_H */
