/* SPDX-License-Identifier: MIT */
#include "kernel/message.h"

#include "kernel/grant.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

#define GIFT_FLAGS (RING_FLAG_COPY | RING_FLAG_MOVE | RING_FLAG_NARROW)
#define KNOWN_FLAGS (GIFT_FLAGS | RING_FLAG_ACCEPT | RING_FLAG_MESSAGE)

_Static_assert((KNOWN_FLAGS & MESSAGE_FAULT) == 0, "it is the kernel's own");

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

static HOT enum status decode_area(const uint64_t args[MESSAGE_REGISTERS], bool has_gift)
{
    struct area area = area_of(args[0]);
    uint32_t longest = area.count > area.room ? area.count : area.room;

    if (args[0] >> 48 != 0 || area.first + longest > RING_MESSAGE_WORDS)
        return STATUS_BAD_ARGUMENT;
    return (args[1] | args[2] | (has_gift ? 0 : args[3])) == 0 ? STATUS_OK : STATUS_BAD_FLAGS;
}

HOT enum status message_decode(uint32_t flags, const uint64_t args[MESSAGE_REGISTERS],
                               bool is_direct)
{
    uint32_t gift = flags & GIFT_FLAGS;

    if ((flags & ~KNOWN_FLAGS) != 0 || (gift & (gift - 1)) != 0)
        return STATUS_BAD_FLAGS;
    if ((flags & RING_FLAG_MESSAGE) != 0)
        return decode_area(args, gift != 0);
    return is_direct ? STATUS_OK : STATUS_BAD_FLAGS; /* a ring keeps no words */
}

struct message message_of(struct uthread *t, uint32_t flags, const uint64_t args[MESSAGE_REGISTERS])
{
    return (struct message){
        .t = t,
        .where = {.gift = args[3], .area = args[0]},
        .flags = flags,
    };
}

struct message message_of_op(const struct op *op, struct uthread *t)
{
    return (struct message){t, op->where, op->about.flags, op->slot, op->is_direct};
}

HOT uint32_t message_count(uint32_t flags, uint64_t area)
{
    if ((flags & RING_FLAG_MESSAGE) != 0)
        return area_of(area).count;
    return (flags & GIFT_FLAGS) != 0 ? MESSAGE_REGISTERS - 1 : MESSAGE_REGISTERS;
}

HOT uint32_t message_room(uint32_t flags, uint64_t area)
{
    return (flags & RING_FLAG_MESSAGE) != 0 ? area_of(area).room : MESSAGE_REGISTERS;
}

HOT uint64_t *message_area(const struct uthread *t, uint64_t area)
{
    return t->ring.page->message + area_of(area).first;
}

static HOT void copy_word(const uint64_t *source, uint64_t *target)
{
    __atomic_store_n(target, __atomic_load_n(source, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

HOT void message_copy(const uint64_t *source, uint64_t *target, uint32_t count)
{
    size_t end = count;
    size_t i = end % 2;

    if (i != 0)
        copy_word(source, target);
    for (; i < end; i += 2) { /* at most RING_MESSAGE_WORDS / 2 */
        copy_word(&source[i], &target[i]);
        copy_word(&source[i + 1], &target[i + 1]);
    }
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

enum status message_check(const struct message *from, const struct message *to,
                          struct cap_ref *gift)
{
    bool has_gift = (from->flags & GIFT_FLAGS) != 0;
    uint32_t room = message_room(to->flags, to->where.area);

    if (has_gift && (to->flags & RING_FLAG_MESSAGE) == 0)
        room--; /* its handle takes the place of a word */
    if (message_count(from->flags, from->where.area) > room)
        return STATUS_TOO_LONG;
    if (!has_gift)
        return STATUS_OK;
    return to->slot == CAP_NONE ? STATUS_NOT_ACCEPTED : check_gift(from, gift);
}

/* ---- Words ---- */

/* The faulting thread waits, so its record stays as it is. */
static COLD void read_fault(const struct uthread *t, uint64_t words[MESSAGE_REGISTERS])
{
    words[0] = t->enter.fault.what;
    words[1] = t->enter.fault.address;
    words[2] = arch_context_pc(&t->context);
    words[3] = t->enter.fault.cookie;
}

/* The registers of who waits there.  Returns: the first. */
static uint64_t write_registers(const struct message *to, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 1; i < MESSAGE_REGISTERS; i++)
        to->t->enter.words[i - 1] = i < count ? words[i] : 0;
    return count > 0 ? words[0] : 0;
}

/* A thread may send to itself, from one part of its area to another: as if all were read first. */
static void copy_area(const uint64_t *source, uint64_t *target, uint32_t count)
{
    if ((uintptr_t)source >= (uintptr_t)target) {
        message_copy(source, target, count);
        return;
    }
    for (uint32_t i = count; i > 0; i--) /* at most RING_MESSAGE_WORDS */
        copy_word(&source[i - 1], &target[i - 1]);
}

/* Returns: the completion's value. */
static uint64_t pass_words(const struct message *from, const struct message *to)
{
    uint32_t count = message_count(from->flags, from->where.area);
    struct arch_entry entry;
    const uint64_t *source = entry.args;
    uint64_t few[MESSAGE_REGISTERS];

    if ((from->flags & RING_FLAG_MESSAGE) != 0)
        source = message_area(from->t, from->where.area);
    else if (LIKELY((from->flags & MESSAGE_FAULT) == 0))
        arch_context_entry(&from->t->context, &entry);
    else
        read_fault(from->t, entry.args);
    if ((to->flags & RING_FLAG_MESSAGE) == 0) {
        ASSERT(count <= MESSAGE_REGISTERS);
        message_copy(source, few, count);
        return write_registers(to, few, count);
    }
    copy_area(source, message_area(to->t, to->where.area), count);
    uint64_t value = count;

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
    end->cap = CAP_NONE;
    if ((from->flags & GIFT_FLAGS) != 0 && pass_gift(from, to, gift, end) != STATUS_OK)
        return STATUS_STALE;
    end->value = pass_words(from, to);
    if (end->cap != CAP_NONE && to->is_direct)
        to->t->enter.words[MESSAGE_REGISTERS - 2] = end->cap;
    return STATUS_OK;
}
