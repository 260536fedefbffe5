/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the scheduler's trace events: one table, ids stable, with what `a` and `b` mean.
 * Each event also carries its time, CPU and thread slot (UINT32_MAX: none); WHY carries its rule,
 * and the numbers are those of the rule's sentence (abi/why.h).
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stdint.h>

#define TRACE_EVENT_TABLE(X)                                              \
    X(WAKE, 1, "wake", "target CPU", "why rule")                          \
    X(WAKE_LATCHED, 2, "wake-latched", "state", "source")                 \
    X(ATTACH, 3, "attach", "lag in vns", "runnable here")                 \
    X(SWITCH, 4, "switch", "previous slot", "why rule")                   \
    X(IDLE, 5, "idle", "previous slot", "why rule")                       \
    X(BLOCK, 6, "block", "source", "lag in vns")                          \
    X(EXIT, 7, "exit", "runtime in ns", "1: killed")                      \
    X(CHARGE, 8, "charge", "delta in ns", "charge point")                 \
    X(DETACH, 9, "detach", "target CPU", "lag in vns")                    \
    X(WEIGHT, 11, "weight", "new weight", "old weight")                   \
    X(CLASS, 12, "class", "new class", "old class")                       \
    X(MASK, 13, "mask", "lowest CPU", "CPUs in it")                       \
    X(REFUSED, 14, "refused", "why rule", "number compared")              \
    X(OVERLOAD, 15, "overload", "why rule", "number compared")            \
    X(WHY, 16, "why", "%a", "%b")                                         \
    X(HAND, 17, "hand", "slot that waits", "lenders")

enum trace_event {
#define TRACE_ENUM(name, id, text, a, b) EV_##name = (id),
    TRACE_EVENT_TABLE(TRACE_ENUM)
#undef TRACE_ENUM
};

#endif /* ABI_TRACE_H */
