/* SPDX-License-Identifier: MIT */
#include "kernel/ledger.h"

#include "base/assert.h"

#define RESERVED_SHIFT 32u

static uint32_t used_of(uint64_t row)
{
    return (uint32_t)row;
}

static uint32_t reserved_of(uint64_t row)
{
    return (uint32_t)(row >> RESERVED_SHIFT);
}

static uint64_t row_of(uint64_t reserved, uint64_t used)
{
    ASSERT(reserved <= UINT32_MAX);
    ASSERT(used <= UINT32_MAX);
    return reserved << RESERVED_SHIFT | used;
}

void ledger_init(struct resource_ledger *ledger, const uint64_t limits[LEDGER_RESOURCE_COUNT])
{
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        ASSERT(limits[i] <= UINT32_MAX);
        ledger->limits[i] = (uint32_t)limits[i];
        port_store64(&ledger->rows[i], 0);
    }
    port_store32(&ledger->fail_after, 0);
}

/* Is this the reservation that a test wants refused? */
static bool must_fail(struct resource_ledger *ledger)
{
    uint32_t left = port_load32(&ledger->fail_after);

    while (left != 0) /* bound: another CPU made progress each time the swap fails */
        if (port_cas32(&ledger->fail_after, &left, left - 1))
            return left == 1;
    return false;
}

static enum status refuse(enum ledger_resource resource)
{
    cpu_this()->refused = (uint32_t)resource;
    return STATUS_LEDGER_FULL;
}

enum status ledger_reserve(struct resource_ledger *ledger, enum ledger_resource resource,
                           uint64_t count)
{
    struct port_atomic64 *word = &ledger->rows[resource];
    uint64_t row = port_load64(word);
    uint64_t limit = ledger->limits[resource];

    if (must_fail(ledger))
        return refuse(resource);
    for (;;) { /* bound: another CPU made progress each time the swap fails */
        uint64_t taken = (uint64_t)used_of(row) + reserved_of(row);

        if (count > limit || taken > limit - count)
            return refuse(resource);
        if (port_cas64(word, &row, row_of(reserved_of(row) + count, used_of(row))))
            return STATUS_OK;
    }
}

/* Lower what is reserved and what is used, and raise the latter. */
static void change(struct resource_ledger *ledger, enum ledger_resource resource,
                   uint64_t from_reserved, uint64_t from_used, uint64_t to_used)
{
    struct port_atomic64 *word = &ledger->rows[resource];
    uint64_t row = port_load64(word);

    for (;;) { /* bound: another CPU made progress each time the swap fails */
        ASSERT(reserved_of(row) >= from_reserved);
        ASSERT(used_of(row) >= from_used);
        if (port_cas64(
                word, &row,
                row_of(reserved_of(row) - from_reserved, used_of(row) - from_used + to_used)))
            return;
    }
}

void ledger_commit(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count)
{
    change(ledger, resource, count, 0, count);
}

void ledger_cancel(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count)
{
    change(ledger, resource, count, 0, 0);
}

void ledger_release(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count)
{
    change(ledger, resource, 0, count, 0);
}

enum status ledger_take(struct resource_ledger *ledger, enum ledger_resource resource,
                        uint64_t count)
{
    enum status status = ledger_reserve(ledger, resource, count);

    if (status == STATUS_OK)
        ledger_commit(ledger, resource, count);
    return status;
}

enum status ledger_delegate(struct resource_ledger *ledger, const struct resource_ledger *child)
{
    enum status status = STATUS_OK;
    uint32_t done = 0;

    for (; done < LEDGER_RESOURCE_COUNT && status == STATUS_OK; done++)
        status = ledger_take(ledger, (enum ledger_resource)done, child->limits[done]);
    if (status == STATUS_OK)
        return status;
    for (uint32_t i = 0; i + 1 < done; i++) /* all but the one that was refused */
        ledger_release(ledger, (enum ledger_resource)i, child->limits[i]);
    return status;
}

void ledger_undelegate(struct resource_ledger *ledger, const struct resource_ledger *child)
{
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        ledger_release(ledger, (enum ledger_resource)i, child->limits[i]);
}

void ledger_read(const struct resource_ledger *ledger, struct ledger_account *account)
{
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        uint64_t row = port_load64(&ledger->rows[i]);

        account->rows[i] = (struct ledger_row){ledger->limits[i], reserved_of(row), used_of(row)};
    }
}

bool ledger_is_clear(const struct resource_ledger *ledger)
{
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        if (port_load64(&ledger->rows[i]) != 0)
            return false;
    return true;
}
