/* SPDX-License-Identifier: MIT */
#include "kernel/message.h"

#include "kernel/grant.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

#define GIFT_FLAGS (RING_FLAG_COPY | RING_FLAG_MOVE | RING_FLAG_NARROW)
#define KNOWN_FLAGS (GIFT_FLAGS | RING_FLAG_ACCEPT | RING_FLAG_MESSAGE)

/* RING_MESSAGE taken apart. */
struct area {
    uint32_t first;
    uint32_t count;
    uint32_t room;
};

static struct area area_of(uint64_t word)
{
    return (struct area){(uint16_t)word, (uint16_t)(word >> 16), (uint16_t)(word >> 32)};
}

static enum status decode_area(const struct ring_sqe *entry)
{
    struct area area = area_of(entry->args[0]);
    uint32_t longest = area.count > area.room ? area.count : area.room;
    bool has_gift = (entry->flags & GIFT_FLAGS) != 0;

    if (entry->args[0] >> 48 != 0 || longest > RING_MESSAGE_WORDS ||
        area.first > RING_MESSAGE_WORDS - longest)
        return STATUS_BAD_ARGUMENT;
    return (entry->args[1] | entry->args[2] | (has_gift ? 0 : entry->args[3])) == 0
               ? STATUS_OK
               : STATUS_BAD_FLAGS;
}

enum status message_decode(const struct ring_sqe *entry, bool is_direct)
{
    uint32_t gift = entry->flags & GIFT_FLAGS;

    if ((entry->flags & ~KNOWN_FLAGS) != 0 || (gift & (gift - 1)) != 0)
        return STATUS_BAD_FLAGS;
    if ((entry->flags & RING_FLAG_MESSAGE) != 0)
        return decode_area(entry);
    return is_direct ? STATUS_OK : STATUS_BAD_FLAGS; /* a ring keeps no words */
}

struct message message_of(struct uthread *t, const struct ring_sqe *entry)
{
    return (struct message){
        .t = t,
        .where = {.gift = entry->args[3], .area = entry->args[0]},
        .flags = entry->flags,
    };
}

struct message message_of_op(const struct op *op, struct uthread *t)
{
    return (struct message){t, op->where, op->about.flags, op->slot, op->is_direct};
}

static uint32_t count_of(const struct message *m)
{
    if ((m->flags & RING_FLAG_MESSAGE) != 0)
        return area_of(m->where.area).count;
    return (m->flags & GIFT_FLAGS) != 0 ? MESSAGE_REGISTERS - 1 : MESSAGE_REGISTERS;
}

/* ---- The capability ---- */

/* Less of the same object. */
static bool narrow(struct cap_ref *ref)
{
    if (ref->kind == CAP_KIND_MEMORY)
        ref->kind = CAP_KIND_VIEW;
    else if (ref->kind == CAP_KIND_ENDPOINT)
        ref->kind = CAP_KIND_CLIENT;
    else
        return false;
    return true;
}

/* A process and a CPU set end when their maker releases the handle, so that stays with him. */
static bool may_move(const struct cap_ref *ref)
{
    return ref->kind != CAP_KIND_PROCESS && ref->kind != CAP_KIND_CPUS;
}

static enum status check_gift(const struct message *from, struct cap_ref *gift)
{
    const struct process *process = from->t->process;
    uint32_t grant = (uint32_t)(from->where.gift >> 32);
    enum status status = cap_lookup(process, (uint32_t)from->where.gift, gift);

    if (status != STATUS_OK)
        return status;
    if ((from->flags & RING_FLAG_MOVE) != 0)
        return grant == CAP_NONE && may_move(gift) ? STATUS_OK : STATUS_BAD_ARGUMENT;
    if ((from->flags & RING_FLAG_NARROW) != 0 && !narrow(gift))
        return STATUS_BAD_ARGUMENT;
    return grant_pass(process, grant, gift);
}

/* How many words fit there: in registers a handle takes the place of one. */
static uint32_t room_of(const struct message *to, bool has_gift)
{
    if ((to->flags & RING_FLAG_MESSAGE) != 0)
        return area_of(to->where.area).room;
    return has_gift ? MESSAGE_REGISTERS - 1 : MESSAGE_REGISTERS;
}

enum status message_check(const struct message *from, const struct message *to,
                          struct cap_ref *gift)
{
    bool has_gift = (from->flags & GIFT_FLAGS) != 0;

    if (!LIKELY(count_of(from) <= room_of(to, has_gift)))
        return STATUS_TOO_LONG;
    if (LIKELY(!has_gift))
        return STATUS_OK;
    return to->slot == CAP_NONE ? STATUS_NOT_ACCEPTED : check_gift(from, gift);
}

/* ---- Words ---- */

static void read_words(const struct message *from, uint64_t *words, uint32_t count)
{
    struct arch_entry entry;

    if ((from->flags & RING_FLAG_MESSAGE) != 0) {
        const uint64_t *area = from->t->ring.page->message + area_of(from->where.area).first;

        for (uint32_t i = 0; i < count; i++) /* at most RING_MESSAGE_WORDS */
            words[i] = __atomic_load_n(&area[i], __ATOMIC_RELAXED);
        return;
    }
    arch_context_entry(&from->t->context, &entry);
    for (uint32_t i = 0; i < count; i++) /* at most MESSAGE_REGISTERS */
        words[i] = entry.args[i];
}

static void write_area(const struct message *to, const uint64_t *words, uint32_t count)
{
    uint64_t *area = to->t->ring.page->message + area_of(to->where.area).first;

    for (uint32_t i = 0; i < count; i++) /* at most RING_MESSAGE_WORDS */
        __atomic_store_n(&area[i], words[i], __ATOMIC_RELAXED);
}

/* The registers of who waits there.  Returns: the first. */
static uint64_t write_registers(const struct message *to, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 1; i < MESSAGE_REGISTERS; i++)
        to->t->enter.words[i - 1] = i < count ? words[i] : 0;
    return count > 0 ? words[0] : 0;
}

/* Returns: the completion's value. */
static uint64_t write_words(const struct message *to, const uint64_t *words, uint32_t count)
{
    uint64_t value = count;

    if ((to->flags & RING_FLAG_MESSAGE) == 0)
        return write_registers(to, words, count);
    write_area(to, words, count);
    if (to->is_direct)
        (void)write_registers(to, &value, 1);
    return value;
}

static enum status pass_gift(const struct message *from, const struct message *to,
                             const struct cap_ref *gift, struct message_end *end)
{
    struct cap_ref moved;

    if ((from->flags & RING_FLAG_MOVE) != 0 &&
        cap_remove(&from->t->process->caps, (uint32_t)from->where.gift, &moved) != STATUS_OK)
        return STATUS_STALE;
    end->cap = cap_commit(&to->t->process->caps, to->slot, gift);
    return STATUS_OK;
}

enum status message_pass(const struct message *from, const struct message *to,
                         const struct cap_ref *gift, struct message_end *end)
{
    uint64_t words[RING_MESSAGE_WORDS];
    uint32_t count = count_of(from);

    end->cap = CAP_NONE;
    if ((from->flags & GIFT_FLAGS) != 0 && pass_gift(from, to, gift, end) != STATUS_OK)
        return STATUS_STALE;
    read_words(from, words, count);
    end->value = write_words(to, words, count);
    if (end->cap != CAP_NONE && to->is_direct)
        to->t->enter.words[MESSAGE_REGISTERS - 2] = end->cap;
    return STATUS_OK;
}
