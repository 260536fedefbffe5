/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - calls between threads, of any processes (abi/ring.h, abi/cap.h).
 *
 * A server makes an endpoint, mints clients of it and gives those away; then it receives, and
 * answers what it has received before it receives again.  Each function is one entry in registers,
 * one system call.  Longer messages, and capabilities that go along: rt_message_do.
 *
 * Results as in calls.h.  Handles are > 0.
 */
#ifndef USER_RT_ENDPOINT_H
#define USER_RT_ENDPOINT_H

#include "abi/cap.h"
#include "abi/ring.h"
#include "abi/status.h"
#include "base/types.h"

#define RT_MESSAGE_WORDS 4u

struct rt_message {
    uint64_t words[RT_MESSAGE_WORDS];
};

/* `flags`: 0 or ENDPOINT_PASSIVE.  Needs LEDGER in its slot.  Returns: an ENDPOINT handle. */
MUST_USE int64_t rt_endpoint_create(uint32_t flags);

/* Returns: a CLIENT handle; what comes by it, or its copies, is received with `badge`. */
MUST_USE int64_t rt_endpoint_mint(uint32_t endpoint, uint32_t badge);

int64_t rt_endpoint_destroy(uint32_t endpoint);
int64_t rt_endpoint_stat(uint32_t endpoint, struct cap_endpoint_stat *stat);

/* Call, and wait for the answer, which replaces the message.  Returns: the answer's status >= 0, or
 * a refusal. */
int64_t rt_endpoint_call(uint32_t client, uint16_t method, struct rt_message *message);

/* Send, and wait until it is received. */
int64_t rt_endpoint_send(uint32_t client, uint16_t method, const struct rt_message *message);

/* Wait for a message.  Returns: RECEIVED_* of abi/ring.h, or a refusal. */
int64_t rt_endpoint_receive(uint32_t endpoint, struct rt_message *message);

/* Answer the call received last, with `status`. */
int64_t rt_endpoint_return(uint16_t status, const struct rt_message *message);

/* The same without words, which every caller has room for: where rt_endpoint_return is TOO_LONG. */
int64_t rt_endpoint_refuse(uint16_t status);

/* Both at once, which is the cheaper way; the next message replaces the answer. */
int64_t rt_endpoint_return_receive(uint32_t endpoint, uint16_t status, struct rt_message *message);

/* An entry in registers whose args come back as the words of what has come.  Returns its status. */
int64_t rt_message_do(struct ring_sqe *entry);

/* The calling thread's message area: RING_MESSAGE_WORDS words. */
uint64_t *rt_message_area(void);

#endif /* USER_RT_ENDPOINT_H */
