/* SPDX-License-Identifier: MIT */
#include "user/rt/endpoint.h"

#include "user/rt/entry.h"

int64_t rt_endpoint_create(uint32_t flags)
{
    return rt_call(CAP_LEDGER, LEDGER_ENDPOINT_CREATE, flags, 0, 0);
}

int64_t rt_endpoint_mint(uint32_t endpoint, uint32_t badge)
{
    return rt_call(endpoint, ENDPOINT_MINT, badge, 0, 0);
}

int64_t rt_endpoint_destroy(uint32_t endpoint)
{
    return rt_call(endpoint, ENDPOINT_DESTROY, 0, 0, 0);
}

int64_t rt_endpoint_stat(uint32_t endpoint, struct cap_endpoint_stat *stat)
{
    return rt_call(endpoint, ENDPOINT_STAT, (uint64_t)stat, 0, 0);
}

int64_t rt_message_do(struct ring_sqe *entry)
{
    ASSERT(rt_self()->canary == RT_CANARY);
    return syscall_message(entry);
}

uint64_t *rt_message_area(void)
{
    return (uint64_t *)(RING_BASE + (uint64_t)RING_PAGE_BYTES * rt_self()->index +
                        RING_MESSAGE_OFFSET);
}

static inline int64_t message(uint8_t op, uint32_t cap, uint16_t method, struct rt_message *message)
{
    struct ring_sqe entry = {
        .op = op,
        .cap = cap,
        .method = method,
        .args = {message->words[0], message->words[1], message->words[2], message->words[3]},
    };
    int64_t status = rt_message_do(&entry);

    for (uint32_t i = 0; i < RT_MESSAGE_WORDS; i++)
        message->words[i] = entry.args[i];
    return status;
}

int64_t rt_endpoint_call(uint32_t client, uint16_t method, struct rt_message *words)
{
    return message(RING_OP_CALL, client, method, words);
}

int64_t rt_endpoint_send(uint32_t client, uint16_t method, const struct rt_message *words)
{
    struct rt_message copy = *words;

    return message(RING_OP_SEND, client, method, &copy);
}

int64_t rt_endpoint_receive(uint32_t endpoint, struct rt_message *words)
{
    int64_t status;

    do { /* each turn ends some messages that could not be passed */
        *words = (struct rt_message){{0}};
        status = message(RING_OP_RECV, endpoint, 0, words);
    } while (status == STATUS_AGAIN);
    return status;
}

int64_t rt_endpoint_return(uint16_t status, const struct rt_message *words)
{
    struct rt_message copy = *words;

    return message(RING_OP_RETURN, CAP_NONE, status, &copy);
}

int64_t rt_endpoint_refuse(uint16_t status)
{
    struct ring_sqe entry = {
        .op = RING_OP_RETURN, .flags = RING_FLAG_MESSAGE, .method = status};

    return rt_message_do(&entry);
}

int64_t rt_endpoint_return_receive(uint32_t endpoint, uint16_t status, struct rt_message *words)
{
    int64_t got = message(RING_OP_RETURN_RECV, endpoint, status, words);

    return got == STATUS_AGAIN ? rt_endpoint_receive(endpoint, words) : got; /* it has answered */
}
