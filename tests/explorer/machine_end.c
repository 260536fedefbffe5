/* SPDX-License-Identifier: MIT */
/* machine_end.c - what must hold at an end, and names for what is shared. */
#include "core/inbox.h"
#include "core/policy.h"
#include "tests/explorer/machine.h"

static bool is_idle(uint32_t cpu)
{
    return machine.current[cpu] == SLOT_NONE;
}

static bool is_armed(uint32_t cpu)
{
    return !mono_is_never(machine.arm_at[cpu]);
}

/* M4, the machine's side: everybody runs where the core says, and nowhere else. */
static void check_places(const struct scenario *scenario)
{
    struct sched *s = machine_sched();

    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++)
        if (machine.current[cpu] != rq_of(s, cpu)->current)
            explore_fail("M4: CPU %u runs thread %d, the core says %d", cpu,
                         (int)machine.current[cpu], (int)rq_of(s, cpu)->current);
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(s, i);
        uint32_t home = word.state == THREAD_RUNNING ? word.cpu + 1 : 0;

        if (word.state == THREAD_MIGRATING)
            explore_fail("M4: thread %u is on its way from CPU %u to CPU %u", i, word.cpu,
                         word.other);
        if (machine.home[i] != home)
            explore_fail("M4: thread %u in state %d has its registers in CPU %d", i,
                         (int)word.state, (int)machine.home[i] - 1);
    }
}

static void check_wakes(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(machine_sched(), i);

        if (word.state != THREAD_BLOCKED)
            continue;
        if (word.dying && !word.is_lender)
            explore_fail("M10: thread %u is blocked and killed", i);
        if (word.wake_pending && !word.is_lender)
            explore_fail("M5: lost wake: thread %u is blocked and has a wake pending", i);
        if (!scenario->threads[i].may_stay_blocked && !word.wake_pending)
            explore_fail("M5: lost wake: thread %u is still blocked", i);
    }
}

static bool is_in_a_reaped_list(const struct scenario *scenario, uint32_t thread)
{
    uint32_t lists = 0;

    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++) {
        uint32_t at = rq_of(machine_sched(), cpu)->reaped_head;

        for (; at != SLOT_NONE; at = port_load32(&thread_of(machine_sched(), at)->link_next))
            lists += at == thread;
    }
    if (lists > 1)
        explore_fail("M10: thread %u is in %u reaped lists", thread, lists);
    return lists == 1;
}

/* Is it queued, or lends to somebody who is?  Then it may have to wait until that is picked. */
static bool waits_in_a_queue(uint32_t thread)
{
    struct sched *s = machine_sched();
    struct thread_word word = thread_word_read(s, thread);

    if (word.state == THREAD_BLOCKED && word.is_lender)
        word = thread_word_read(s, sc_thread(sc_of(s, thread_sc(thread_of(s, thread)))));
    return word.state == THREAD_QUEUED;
}

static void check_kills(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(machine_sched(), i);
        bool may_wait = machine.kill_was_busy[i] != 0 && waits_in_a_queue(i);
        bool is_listed = is_in_a_reaped_list(scenario, i);

        if (machine.is_killed[i] == 0) {
            if (is_listed)
                explore_fail("M10: thread %u is reaped and was not killed", i);
            continue;
        }
        if (word.state != THREAD_DEAD && !may_wait)
            explore_fail("M10: killed thread %u is in state %d", i, (int)word.state);
        if (word.state == THREAD_DEAD && machine.has_ended[i] == 0 && !is_listed)
            explore_fail("M10: killed thread %u is in no reaped list", i);
    }
}

/* Which class does the context of the posted thread have once it is queued? */
static uint32_t class_of(uint32_t thread)
{
    struct sched *s = machine_sched();
    struct thread *t = thread_of(s, thread);
    const struct sc *c = sc_of(s, thread_sc(t));

    if (thread_sc(t) != thread)
        return c->latency_class; /* lent: what is wanted of its owner waits */
    return policy_class(t, c, c->latency_class);
}

/* Somebody queued on `cpu`, or posted to it, will run when its turn comes. */
static void check_attention(uint32_t cpu)
{
    struct sched *s = machine_sched();
    const struct rq *rq = rq_of(s, cpu);
    uint32_t posted = port_load32(&rq->inbox_head);
    bool has_waiting = rq_queued_count(rq) > 0 || !inbox_is_empty(rq);

    if (port_load32(&rq->kick_pending) != 0)
        explore_fail("M6: CPU %u waits for an interrupt that nobody sent", cpu);
    if (has_waiting && is_idle(cpu))
        explore_fail("M6: lost wake: CPU %u has halted with somebody waiting in its %s", cpu,
                     inbox_is_empty(rq) ? "queue" : "inbox");
    if (has_waiting && !is_armed(cpu))
        explore_fail("M6: lost wake: CPU %u has no instant armed with somebody in its %s", cpu,
                     inbox_is_empty(rq) ? "queue" : "inbox");
    for (; posted != SLOT_NONE; posted = port_load32(&thread_of(s, posted)->link_next))
        if (class_of(posted) > sc_of(s, rq->current_sc)->latency_class)
            explore_fail("M6: thread %u, of a shorter slice, waits in CPU %u's inbox", posted, cpu);
    if (rq->reaped_head != SLOT_NONE && machine.told[cpu] != rq->reaped_head + 1)
        explore_fail("M15: CPU %u is not told that thread %u has been reaped", cpu,
                     rq->reaped_head);
}

/* An idle CPU sleeps on only if other idle CPUs will soon look again for all that it could run. */
static void check_work_conserved(const struct scenario *scenario, uint32_t cpu)
{
    struct sched *s = machine_sched();
    uint32_t waiting_count = 0;
    uint32_t looking_count = 0;

    if (!is_idle(cpu) || is_armed(cpu))
        return;
    for (uint32_t other = 0; other < scenario->cpu_count; other++)
        looking_count += is_idle(other) && is_armed(other);
    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(s, i);
        bool is_waiting = word.state == THREAD_QUEUED || word.state == THREAD_INBOX;

        waiting_count += is_waiting && thread_allows(s, i, cpu);
        if (waiting_count > looking_count)
            explore_fail("M7: CPU %u sleeps, thread %u waits on CPU %u", cpu, i, word.cpu);
    }
}

/* Whoever runs or waits on a CPU may use it, or that CPU will look again. */
static void check_masks(const struct scenario *scenario)
{
    struct sched *s = machine_sched();

    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(s, i);

        if (word.state == THREAD_RUNNING && !thread_allows(s, i, word.cpu))
            explore_fail("M9: thread %u runs on CPU %u, which it may not use", i, word.cpu);
    }
}

/* Everybody has the weight and the class that he was given, or will have them. */
static void check_policy(const struct scenario *scenario)
{
    struct sched *s = machine_sched();

    for (uint32_t i = 0; i < scenario->thread_count; i++) {
        struct thread_word word = thread_word_read(s, i);
        const struct sc *c = sc_of(s, i);
        bool may_wait = word.state != THREAD_RUNNING &&
                        (word.state != THREAD_QUEUED || machine.policy_was_busy[i] != 0);

        if (word.state == THREAD_DEAD)
            continue;
        if ((port_load64(&c->wanted) & (WANTED_WEIGHT_MASK | WANTED_CLASS_MASK)) == 0)
            word.policy_pending = false; /* it is to look at its lenders, or has looked */
        if (word.policy_pending && !may_wait)
            explore_fail("M11: thread %u in state %d still has its old policy", i,
                         (int)word.state);
        if (word.policy_pending)
            continue;
        if (machine.weight[i] != 0 && c->weight != machine.weight[i])
            explore_fail("M11: thread %u has weight %u, not %u", i, c->weight, machine.weight[i]);
        if (machine.class_plus_1[i] != 0 && c->latency_class + 1u != machine.class_plus_1[i])
            explore_fail("M11: thread %u has class %u, not %u", i, c->latency_class,
                         machine.class_plus_1[i] - 1);
    }
}

static void check_published(uint32_t cpu)
{
    struct sched *s = machine_sched();
    const struct rq *rq = rq_of(s, cpu);
    const struct cluster *cluster = &s->clusters[cpu / CLUSTER_CPUS];
    uint64_t bit = UINT64_C(1) << (cpu % CLUSTER_CPUS);
    bool is_solo = !is_idle(cpu) && !is_armed(cpu);
    uint32_t flags = port_load32(&rq->published) & (PUBLISHED_IDLE | PUBLISHED_SOLO);

    if (is_idle(cpu) && (port_load64(&cluster->idle.bits) & bit) == 0)
        explore_fail("M8: idle CPU %u can no longer be found", cpu);
    if (rq_queued_count(rq) > 0 && (port_load64(&cluster->overload.bits) & bit) == 0)
        explore_fail("M8: CPU %u has somebody queued and does not say so", cpu);
    if (is_idle(cpu) && flags != PUBLISHED_IDLE)
        explore_fail("M8: CPU %u is idle and has published %#x", cpu, flags);
    if (is_solo && flags != PUBLISHED_SOLO)
        explore_fail("M8: CPU %u runs without a timer and has published %#x", cpu, flags);
}

void machine_check_end(const struct scenario *scenario)
{
    check_wakes(scenario);
    check_kills(scenario);
    check_policy(scenario);
    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++) {
        check_attention(cpu);
        check_work_conserved(scenario, cpu);
        check_published(cpu);
    }
    check_masks(scenario);
    check_places(scenario);
    machine_check_chains(scenario);
    sched_check(machine_sched());
}

/* ---- Names ---- */

struct field {
    const char *name;
    size_t offset;
};

#define FIELD(type, member)                    \
    {                                          \
#member, offsetof(struct type, member) \
    }

static const char *field_name(const struct field *fields, size_t count, size_t offset)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].offset == offset)
            return fields[i].name;
    return "?";
}

void machine_name_address(const void *address, char *text, size_t text_bytes)
{
    static const struct field rq_fields[] = {FIELD(rq, lock), FIELD(rq, inbox_head),
                                             FIELD(rq, kick_pending), FIELD(rq, published),
                                             FIELD(rq, clock.seq),    FIELD(rq, clock.load),
                                             FIELD(rq, clock.v),      FIELD(rq, clock.zone),
                                             FIELD(rq, clock.time),   FIELD(rq, clock.w)};
    static const struct field thread_fields[] = {FIELD(thread, word), FIELD(thread, linked),
                                                 FIELD(thread, link_next), FIELD(thread, sc)};
    static const struct field sc_fields[] = {FIELD(sc, wanted), FIELD(sc, thread)};
    const struct sched *s = machine_sched();
    size_t at = (size_t)((uintptr_t)address - (uintptr_t)s);

    if (at == offsetof(struct sched, clusters[0].idle))
        snprintf(text, text_bytes, "idle");
    else if (at == offsetof(struct sched, clusters[0].overload))
        snprintf(text, text_bytes, "overload");
    else if (at < s->rq_offset)
        snprintf(text, text_bytes, "sched+%zu", at);
    else if (at < s->thread_offset)
        snprintf(
            text, text_bytes, "rq%zu.%s", (at - s->rq_offset) / sizeof(struct rq),
            field_name(rq_fields, ARRAY_COUNT(rq_fields), (at - s->rq_offset) % sizeof(struct rq)));
    else if (at < s->sc_offset)
        snprintf(text, text_bytes, "thread%zu.%s", (at - s->thread_offset) / sizeof(struct thread),
                 field_name(thread_fields, ARRAY_COUNT(thread_fields),
                            (at - s->thread_offset) % sizeof(struct thread)));
    else if (at < s->mask_offset)
        snprintf(text, text_bytes, "context%zu.%s", (at - s->sc_offset) / sizeof(struct sc),
                 field_name(sc_fields, ARRAY_COUNT(sc_fields),
                            (at - s->sc_offset) % sizeof(struct sc)));
    else
        snprintf(text, text_bytes, "mask%zu", (at - s->mask_offset) / sizeof(uint64_t));
}
