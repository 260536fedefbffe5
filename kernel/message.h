/* SPDX-License-Identifier: MIT */
/*
 * message.h - what goes from one thread to another: words, and at most one capability (abi/ring.h).
 *
 * Words lie in the registers of a system call, or in the message area of the thread's ring page,
 * which its program may write at any time: they are copied once and mean nothing to the kernel.
 * Both threads must be kept from being taken down meanwhile.
 *
 * message_check refuses first and touches nothing; message_pass, under the same lock, then can only
 * find that a moved capability was taken away in between.
 *
 * Locks: LOCK_TABLE, inside.   Cost: O(words), O(depth) for a grant.
 */
#ifndef KERNEL_MESSAGE_H
#define KERNEL_MESSAGE_H

#include "kernel/cap.h"
#include "kernel/op.h"

#define MESSAGE_REGISTERS 4u

/* Beside RING_FLAG_*, but in no program's entry: the words are those of a fault (abi/fault.h), and
 * the short ways (kernel/direct.h) know nothing of it. */
#define MESSAGE_FAULT 128u

/* One side. */
struct message {
    struct uthread *t;
    struct message_where where;
    uint32_t flags; /* RING_FLAG_*, MESSAGE_FAULT */
    uint32_t slot;  /* reserved in its table for what comes, or CAP_NONE */
    bool is_direct; /* the completion comes in registers */
};

/* What has come, as its completion says it. */
struct message_end {
    uint64_t value;
    uint32_t cap;
};

/* Can an entry of these flags and arguments be sent, or receive?  `is_direct`: it came in
 * registers.  BAD_FLAGS, BAD_ARGUMENT. */
MUST_USE enum status message_decode(uint32_t flags, const uint64_t args[MESSAGE_REGISTERS],
                                    bool is_direct);

/* The side whose entry has these. */
struct message message_of(struct uthread *t, uint32_t flags,
                          const uint64_t args[MESSAGE_REGISTERS]);
/* The side that waits by this operation, not completed yet. */
struct message message_of_op(const struct op *op, struct uthread *t);

/* Of an entry of these flags, `area` being its RING_MESSAGE: how many words it sends and has room
 * for, and where they lie if it has the flag MESSAGE. */
uint32_t message_count(uint32_t flags, uint64_t area);
uint32_t message_room(uint32_t flags, uint64_t area);
uint64_t *message_area(const struct uthread *t, uint64_t area);

/* Each word once, from the first on; a program may be writing there meanwhile. */
void message_copy(const uint64_t *source, uint64_t *target, uint32_t count);

/* May it go?  *gift is then what goes along.  TOO_LONG, NOT_ACCEPTED, BAD_CAP, STALE, NOT_GRANTED,
 * BAD_ARGUMENT. */
MUST_USE enum status message_check(const struct message *from, const struct message *to,
                                   struct cap_ref *gift);

/* It goes.  The words that belong in registers behind the value are in to->t->enter.words.  STALE:
 * what was to be moved has gone; nothing was sent. */
MUST_USE enum status message_pass(const struct message *from, const struct message *to,
                                  const struct cap_ref *gift, struct message_end *end);

#endif /* KERNEL_MESSAGE_H */
