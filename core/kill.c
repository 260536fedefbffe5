/* SPDX-License-Identifier: MIT */
#include "core/lend.h"
#include "core/sched.h"
#include "core/wake.h"

enum kill_outcome { KILL_RETRY, KILL_STALE, KILL_DEAD, KILL_DOOMED, KILL_REPEATED };

/* One try from the state `word`, which is read again when somebody else was faster. */
static enum kill_outcome try_kill(struct thread *t, uint32_t gen, uint64_t *word)
{
    enum thread_state state = word_state(*word);

    if (word_gen(*word) != gen || state == THREAD_DEAD)
        return KILL_STALE;
    if ((*word & WORD_DYING) != 0)
        return KILL_REPEATED;
    if (state == THREAD_NEW || (state == THREAD_BLOCKED && (*word & WORD_LENDER) == 0))
        return thread_try_change(t, word, THREAD_EXIT, 0, 0) ? KILL_DEAD : KILL_RETRY;
    return thread_try_doom(t, word) ? KILL_DOOMED : KILL_RETRY;
}

/* It was waiting or new and is DEAD by us: it is reaped here. */
static void reap_here(struct sched *s, uint32_t cpu, uint32_t thread, struct mono now,
                      struct decision *d)
{
    struct rq *rq = rq_of(s, cpu);

    port_lock(&rq->lock);
    rq_reap_loose(s, rq, thread, now);
    port_unlock(&rq->lock);
    d->has_reaped = true;
    d->resched = rq_queued_count(rq) > 0; /* what it had been lent may have come back to here */
}

/* It is queued on `owner`: take it off if the lock is free.  It is reaped there, not here. */
static void reap_there(struct sched *s, uint32_t owner, uint32_t thread, struct mono now,
                       struct decision *d)
{
    struct rq *rq = rq_of(s, owner);

    if (!port_trylock(&rq->lock)) {
        d->status = STATUS_BUSY;
        return;
    }
    struct thread_word word = thread_word_read(s, thread);

    if (word.state == THREAD_QUEUED && word.cpu == owner && word.dying) {
        rq_reap_queued(s, rq, thread, now);
        (void)rq_publish_overload(s, rq);
    }
    port_unlock(&rq->lock);
}

/* The doomed lender `t` is ended by whoever owns the user of its context; a user that waits for
 * something is woken for it. */
static struct decision end_lender(struct sched *s, uint32_t cpu, struct thread *t, struct mono now,
                                  struct decision d)
{
    struct thread_ref user = lend_alarm(s, cpu, t, now, &d);

    if (thread_ref_is_none(user))
        return d;
    d = sched_wake(s, cpu, user, WAKE_ENDPOINT, now);
    d.status = STATUS_OK; /* whatever has become of the user */
    return d;
}

struct decision sched_kill(struct sched *s, uint32_t cpu, struct thread_ref ref, struct mono now)
{
    struct decision d = {.next = THREAD_REF_NONE, .arm_at = MONO_NEVER, .status = STATUS_STALE};
    enum kill_outcome outcome = KILL_RETRY;

    if (ref.slot >= s->thread_count)
        return d;
    struct thread *t = thread_of(s, ref.slot);
    uint64_t word = thread_word_load(t);

    for (unsigned turn = 0; turn < STATE_RETRY_MAX && outcome == KILL_RETRY; turn++)
        outcome = try_kill(t, ref.gen, &word);
    ASSERT(outcome != KILL_RETRY); /* the state cannot change so often under one event */
    d.rule = outcome == KILL_STALE ? WHY_DENIED_STALE : WHY_EXITED;
    rq_of(s, cpu)->why = (struct why){.rule = d.rule,
                                      .subject_slot = ref.slot,
                                      .subject_gen = ref.gen,
                                      .time_ns = now.ns,
                                      .a = ref.gen,
                                      .b = word_gen(word)};
    if (outcome == KILL_STALE)
        return d;
    d.status = STATUS_OK;
    if (outcome != KILL_REPEATED && (word_state(word) != THREAD_RUNNING || word_cpu(word) != cpu))
        rq_of(s, cpu)->stat.kill_count[word_state(word)]++;
    if (outcome == KILL_DEAD) {
        reap_here(s, cpu, ref.slot, now, &d);
        return d;
    }
    if (word_state(word) == THREAD_BLOCKED)
        return end_lender(s, cpu, t, now, d);
    if (word_state(word) == THREAD_QUEUED)
        reap_there(s, word_cpu(word), ref.slot, now, &d);
    if (word_state(word) == THREAD_MIGRATING) /* whoever attaches it reaps it */
        return d;
    if (word_cpu(word) == cpu)
        d.resched = true;
    else
        wake_kick(s, word_cpu(word), KICK_RESCHED, &d); /* it reaps, and tells its embedder */
    return d;
}

struct thread_ref sched_take_reaped(struct sched *s, uint32_t cpu)
{
    struct rq *rq = rq_of(s, cpu);
    struct thread_ref ref = THREAD_REF_NONE;

    port_lock(&rq->lock);
    if (rq->reaped_head != SLOT_NONE) {
        ref = thread_ref_of(s, rq->reaped_head);
        rq->reaped_head = port_load32(&thread_of(s, ref.slot)->link_next);
    }
    port_unlock(&rq->lock);
    return ref;
}

void sched_release(struct sched *s, struct thread_ref ref)
{
    struct thread_word word = thread_word_read(s, ref.slot);

    ASSERT(word.state == THREAD_DEAD);
    ASSERT(word.gen == ref.gen);
    thread_unlink(thread_of(s, ref.slot), LINKED_REAPED);
    thread_release(s, ref.slot);
}
