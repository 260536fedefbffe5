/* SPDX-License-Identifier: MIT */
/*
 * status.h - how an operation ended.  One table: name, value, one sentence for a person.
 * Values >= 0 are the operation's own (a count, an id); negative values are refusals.
 */
#ifndef ABI_STATUS_H
#define ABI_STATUS_H

#include <stdint.h>

#define STATUS_TABLE(X)                                                                       \
    X(OK, 0, "done")                                                                          \
    X(BAD_OP, -1, "the operation's number is not one the kernel knows")                       \
    X(BAD_FLAGS, -2, "a reserved field or flag is not zero")                                  \
    X(BAD_ARGUMENT, -3, "an argument is outside its documented range")                        \
    X(BAD_ADDRESS, -4, "an address is not mapped for this process with the access needed")    \
    X(BAD_ALIGNMENT, -5, "an address or offset is not aligned as the operation demands")      \
    X(BAD_CAP, -6, "the capability slot is empty or its object does not know this method")    \
    X(STALE, -7, "the object or reference named has been revoked or has ended")               \
    X(RING_FULL, -8, "no completion slot is free; read completions and enter again")          \
    X(RING_CORRUPT, -9, "the ring's indices are not possible; the ring was reset")            \
    X(NO_MEMORY, -10, "the memory this needs is used up")                                     \
    X(NO_SLOT, -11, "a fixed table this needs is full")                                       \
    X(EXPIRED, -12, "the deadline passed before the operation began or completed")            \
    X(VALUE_CHANGED, -13, "the word did not hold the expected value")                         \
    X(CANCELLED, -14, "the operation was cancelled before it completed")                      \
    X(OUTSIDE_MASK, -15, "the CPU set asked for has no CPU in common with the one allowed")   \
    X(DISCONNECTED, -16, "the other side has ended")                                          \
    X(BUSY, -17, "another user holds this; it is not shared")                                 \
    X(WOULD_DEADLOCK, -18, "a thread cannot wait for itself")                                 \
    X(LEDGER_FULL, -19, "the process's ledger has no room for this; the value says for what") \
    X(KILLED, -20, "it was ended by another")                                                 \
    X(GRANT_DEPTH, -21, "grants nest only so deep")                                           \
    X(NOT_GRANTED, -22, "the capability is not held under that grant")                        \
    X(ADDRESS_IN_USE, -23, "something is mapped there already")                               \
    X(WOULD_LEND_TWICE, -24, "its server runs on its callers' contexts, and this call lends none") \
    X(NOT_ACCEPTED, -25, "the other side did not ask for a capability")                       \
    X(TOO_LONG, -26, "the message does not fit where the other side wants it")                \
    X(AGAIN, -27, "a part of it is done, which was as much as can be at once; ask again")

enum status {
#define STATUS_ENUM(name, value, sentence) STATUS_##name = (value),
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
};

/* The table's name or sentence; "unknown" for a value that is not in it. */
const char *status_name(int64_t status);
const char *status_sentence(int64_t status);

#endif /* ABI_STATUS_H */
