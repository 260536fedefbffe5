/* SPDX-License-Identifier: MIT */
/*
 * why.h - the reason behind a decision: the rule, who it was about, when, and the two numbers that
 * were compared.  One table: name, one sentence; %a and %b stand for the numbers.
 *
 * A thread keeps its last WHY_RECORD_COUNT reasons of those that are news to it: PLACED_* (but not
 * PLACED_PREVIOUS), MIGRATED_*, PREEMPTED_*, NOT_PREEMPTED*, CLAMPED_* (core/why.h).  THREADS WHY
 * reads them (abi/cap.h).  Virtual times are those of the CPU where it happened.
 */
#ifndef ABI_WHY_H
#define ABI_WHY_H

#include <stdint.h>

#define WHY_TABLE(X)                                                                          \
    X(NONE, "nothing to explain")                                                             \
    X(PICKED_DEADLINE, "earliest virtual deadline %a among the eligible; %b runnable here")   \
    X(PICKED_ONLY, "the only runnable context here")                                          \
    X(KEPT_PROTECTED, "keeps the CPU until its slice protection ends at %a; now %b")          \
    X(WAKE_PENDING, "a wake arrived before it blocked")                                       \
    X(EXITED, "it ended")                                                                     \
    X(IDLE, "nothing runnable here")                                                          \
    X(PLACED_PREVIOUS, "placed on its previous CPU %a")                                       \
    X(PLACED_IDLE, "placed on idle CPU %a; its previous CPU %b was busy")                     \
    X(PLACED_ALLOWED, "placed on CPU %a of its mask, which does not have CPU %b")             \
    X(PLACED_FEWER, "placed on CPU %a, which has fewer threads than CPU %b")                  \
    X(MIGRATED_STOLEN, "moved to CPU %a, which was idle, from CPU %b")                        \
    X(MIGRATED_PUSHED, "moved to a CPU that leads by %a ns of service, more than %b")         \
    X(MIGRATED_MASK, "moved to CPU %a, as its mask lacks CPU %b")                             \
    X(PREEMPTED_SHORTER, "gave way to a slice of %a ns that woke; its own is %b ns")          \
    X(PREEMPTED_DEADLINE, "gave way to virtual deadline %a; its own is %b")                   \
    X(PREEMPTED_AHEAD, "gave way, as its virtual time %a is past the queue's %b")             \
    X(NOT_PREEMPTED, "a shorter slice, but waits: its virtual time %a is past the queue's %b") \
    X(CLAMPED_LEAVING, "was owed %a ns of virtual time when it left; it keeps %b")            \
    X(CLAMPED_ARRIVING, "left another CPU with a lag of %a ns; it counts as %b here")         \
    X(OVERLOAD_RUNNABLE, "overloaded: %a threads compete here, more than %b")                 \
    X(OVERLOAD_SOJOURN, "overloaded: nobody ran before %a ns in the queue, more than %b")     \
    X(OVERLOAD_BEHIND, "gives threads away and is %a ns of service behind; contact is %b")    \
    X(OVERLOAD_OVER, "not overloaded any more: %a threads compete here")                      \
    X(DENIED_STALE, "the reference has generation %a, the object %b")                         \
    X(DENIED_CLOCK, "the charge ran from %a to %b, backwards or too long")                    \
    X(DENIED_MASK, "no CPU of the mask is online; lowest asked %a, CPUs %b")                  \
    X(PLACED_WAKER, "placed on CPU %a of who woke it, which leaves; CPU %b was busy")         \
    X(HANDED, "runs for thread slot %a, which waits; %b lent it what it runs on")             \
    X(NOT_PREEMPTED_LATER, "a shorter slice, but waits: its deadline %a is later than %b")

enum why_rule {
#define WHY_ENUM(name, sentence) WHY_##name,
    WHY_TABLE(WHY_ENUM)
#undef WHY_ENUM
    WHY_RULE_COUNT
};

#define WHY_RECORD_COUNT 4u /* reasons that a thread keeps */

/*
 * The subject of a CPU's reason is the thread it is about; that of a thread's own reason is the
 * other thread in it, to whom it gave way.  A program is told of threads of the same process only,
 * by their index and generation.
 */
struct why {
    uint32_t rule;         /* enum why_rule */
    uint32_t subject_slot; /* or UINT32_MAX: nobody, or nobody to be told of */
    uint32_t subject_gen;
    uint32_t reserved;
    uint64_t time_ns;
    int64_t a;
    int64_t b;
};

const char *why_name(uint32_t rule);
const char *why_sentence(uint32_t rule);

#endif /* ABI_WHY_H */
