/* SPDX-License-Identifier: MIT */
#include "kernel/irq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"
#include "kernel/grant.h"
#include "kernel/uthread.h"

#define LINE 5u
#define SLOT 20u
#define TURNS 100000u

static const struct pool_ref no_grant = {GRANT_ROOT, 0};
static struct process process, other;
static struct uthread waiter;

static void start(void)
{
    outside_init();
    outside_process(&process, 2 * IRQS_MAX);
    outside_process(&other, 2 * IRQS_MAX);
    cpumask_fill(process.cpus.words, CPUMASK_WORDS, 4);
    cpumask_fill(other.cpus.words, CPUMASK_WORDS, 2);
    waiter = (struct uthread){.ref = {6, 1}, .process = &process};
    op_init(&waiter);
}

static enum status try_bind(struct process *owner, uint64_t line, uint64_t cpu,
                            struct pool_ref grant, struct cap_ref *cap)
{
    struct irq_request request = {.line = line, .cpu = cpu, .grant = grant, .slot = SLOT};
    struct pool_ref ref;
    enum status status = irq_bind(owner, &request, &ref);

    if (status == STATUS_OK)
        *cap = (struct cap_ref){CAP_KIND_IRQ, ref.index, ref.gen, grant.index, grant.gen, 0};
    return status;
}

static struct cap_ref bind_under(uint32_t line, struct pool_ref grant)
{
    struct cap_ref cap;

    assert_int_equal(try_bind(&process, line, 3, grant, &cap), STATUS_OK);
    return cap;
}

static struct cap_ref bind(uint32_t line)
{
    return bind_under(line, no_grant);
}

static struct pool_ref ref_of(const struct cap_ref *cap)
{
    return (struct pool_ref){cap->object, cap->object_gen};
}

static struct cap_irq_stat read(const struct cap_ref *cap)
{
    struct cap_irq_stat stat;

    assert_int_equal(irq_read(cap, &stat), STATUS_OK);
    return stat;
}

static struct op *begin_wait(const struct cap_ref *cap, enum status wanted)
{
    struct op *op = op_take(&waiter, OP_IRQ, 0);

    assert_non_null(op);
    assert_int_equal(irq_wait(op, cap), wanted);
    if (wanted != STATUS_OK)
        op_drop(&waiter, op);
    return op;
}

static bool is_answered(const struct op *op)
{
    return (port_load32(&waiter.done) & op->bit) != 0;
}

static void expect_answer(struct op *op, enum status status, uint64_t value)
{
    assert_true(is_answered(op));
    assert_int_equal(op->status, status);
    assert_int_equal(op->value, value);
    (void)port_xchg32(&waiter.done, port_load32(&waiter.done) & ~op->bit);
    port_store32(&op->state, OP_FREE);
    waiter.free_ops |= op->bit;
}

/* All lines masked and free, all records back, nothing charged. */
static void expect_nothing_left(void)
{
    for (uint32_t line = 1; line < FIXTURE_LINES; line++) {
        struct cap_ref cap = bind(line);

        irq_release(&process, ref_of(&cap), SLOT);
        assert_true(fixture_is_masked(line));
    }
    assert_int_equal(pool_free_count(&irq_pool), IRQS_MAX);
    assert_true(ledger_is_clear(&process.ledger));
    assert_true(list_is_empty(&process.irqs));
}

/* Goal: a line is routed where it was asked to go, open, charged to who bound it.  Method: one. */
static void test_irq_bind_opens_the_line(void **state)
{
    (void)state;

    start();
    struct cap_ref cap = bind(LINE);
    struct cap_irq_stat stat = read(&cap);

    assert_false(fixture_is_masked(LINE));
    assert_int_equal(fixture_line_cpu(LINE), 3);
    assert_int_equal(outside_used(&process, LEDGER_OBJECTS), 1);
    assert_true(stat.line == LINE && stat.cpu == 3 && stat.irq_class == IRQ_CLASS_OTHER);
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: a refusal changes nothing.  Method: each of them. */
static void test_irq_bind_refusals(void **state)
{
    (void)state;
    struct irq_request request = {
        .line = LINE, .irq_class = IRQ_CLASS_COUNT, .grant = no_grant, .slot = SLOT};
    struct pool_ref ref, grant;
    struct cap_ref cap;

    start();
    assert_int_equal(try_bind(&process, 0, 0, no_grant, &cap), STATUS_BAD_ARGUMENT);
    assert_int_equal(try_bind(&process, FIXTURE_LINES, 0, no_grant, &cap), STATUS_BAD_ARGUMENT);
    assert_int_equal(try_bind(&process, UINT64_C(1) << 32 | LINE, 0, no_grant, &cap),
                     STATUS_BAD_ARGUMENT);
    assert_int_equal(try_bind(&process, LINE, CPU_MAX, no_grant, &cap), STATUS_BAD_ARGUMENT);
    assert_int_equal(irq_bind(&process, &request, &ref), STATUS_BAD_ARGUMENT);
    assert_int_equal(try_bind(&other, LINE, 2, no_grant, &cap), STATUS_OUTSIDE_MASK);
    port_store32(&process.ledger.fail_after, 1);
    assert_int_equal(try_bind(&process, LINE, 0, no_grant, &cap), STATUS_LEDGER_FULL);
    assert_int_equal(grant_create(&other, no_grant, &grant), STATUS_OK);
    assert_true(grant_revoke(grant));
    assert_int_equal(try_bind(&process, LINE, 0, grant, &cap), STATUS_STALE);
    cap = bind(LINE);
    struct cap_ref second;

    assert_int_equal(try_bind(&other, LINE, 0, no_grant, &second), STATUS_BUSY);
    assert_true(ledger_is_clear(&other.ledger) || outside_used(&other, LEDGER_OBJECTS) == 0);
    assert_false(fixture_is_masked(LINE));
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: IQ1: a line that fires is masked until it is acknowledged, whatever comes meanwhile.
 * Method: fire, fire again, acknowledge twice; a line that nobody has. */
static void test_irq_fires_once_for_each_acknowledgement(void **state)
{
    (void)state;

    start();
    struct cap_ref cap = bind(LINE);

    assert_true(thread_ref_is_none(irq_fire(LINE)));
    assert_true(fixture_is_masked(LINE));
    assert_true(thread_ref_is_none(irq_fire(LINE))); /* was on its way */
    assert_int_equal(read(&cap).fire_count, 1);
    assert_int_equal(cpu_this()->spurious_count, 1);
    assert_int_equal(irq_acknowledge(&cap), STATUS_OK);
    assert_int_equal(irq_acknowledge(&cap), STATUS_OK);
    assert_false(fixture_is_masked(LINE));
    assert_true(thread_ref_is_none(irq_fire(LINE)));
    assert_int_equal(read(&cap).fire_count, 2);
    assert_true(thread_ref_is_none(irq_fire(LINE + 1)));
    assert_true(fixture_is_masked(LINE + 1));
    assert_int_equal(fixture_acknowledged_count(), 4);
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: who waits is woken by the next firing, or answered at once if it has fired; one waits.
 * Method: each; a cancelled wait. */
static void test_irq_wait(void **state)
{
    (void)state;

    start();
    struct cap_ref cap = bind(LINE);
    struct op *op = begin_wait(&cap, STATUS_OK);

    (void)begin_wait(&cap, STATUS_BUSY);
    assert_int_equal(irq_fire(LINE).slot, waiter.ref.slot);
    expect_answer(op, STATUS_OK, 1);
    op = begin_wait(&cap, STATUS_OK);
    expect_answer(op, STATUS_OK, 1);
    assert_int_equal(irq_acknowledge(&cap), STATUS_OK);
    op = begin_wait(&cap, STATUS_OK);
    assert_false(is_answered(op));
    irq_wait_cancel(op);
    irq_wait_cancel(op);
    op_drop(&waiter, op);
    assert_true(thread_ref_is_none(irq_fire(LINE)));
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: a binding ends when its maker releases the handle of BIND, and no other; who waits is told.
 * Method: another's handle of the same number, another slot, then the one. */
static void test_irq_ends_with_its_makers_handle(void **state)
{
    (void)state;
    struct cap_irq_stat stat;

    start();
    struct cap_ref cap = bind(LINE);
    struct op *op = begin_wait(&cap, STATUS_OK);

    irq_release(&other, ref_of(&cap), SLOT);
    irq_release(&process, ref_of(&cap), SLOT + 1);
    assert_false(is_answered(op));
    irq_release(&process, ref_of(&cap), SLOT);
    expect_answer(op, STATUS_STALE, 0);
    assert_int_equal(outside.wake_count, 1);
    assert_true(fixture_is_masked(LINE));
    (void)begin_wait(&cap, STATUS_STALE);
    assert_int_equal(irq_acknowledge(&cap), STATUS_STALE);
    assert_int_equal(irq_read(&cap, &stat), STATUS_STALE);
    assert_true(fixture_is_masked(LINE));
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: revoking ends what was bound under the grant, and the waits of those who hold a binding
 * under it.  Method: one line of each kind and one of neither; the steps of WORK_REVOKE. */
static void test_irq_revoke(void **state)
{
    (void)state;
    struct pool_ref grant;
    struct work w;

    start();
    assert_int_equal(grant_create(&other, no_grant, &grant), STATUS_OK);
    struct cap_ref under = bind_under(1, grant), copied = bind(2), apart = bind(3), copy = copied;

    copy.grant = grant.index;
    copy.grant_gen = grant.gen;
    struct op *ops[] = {begin_wait(&under, STATUS_OK), begin_wait(&copy, STATUS_OK),
                        begin_wait(&apart, STATUS_OK)};

    work_init(&w, WORK_REVOKE, &other, waiter.ref);
    w.object = grant.index;
    assert_true(grant_revoke(grant));
    for (uint32_t i = 0; i < 100 && work_step(&w) != WORK_DONE; i++) /* all threads are looked at */
        continue;
    expect_answer(ops[0], STATUS_STALE, 0);
    expect_answer(ops[1], STATUS_STALE, 0);
    assert_false(is_answered(ops[2]));
    assert_true(fixture_is_masked(1) && !fixture_is_masked(2) && !fixture_is_masked(3));
    (void)begin_wait(&copy, STATUS_STALE);
    irq_wait_cancel(ops[2]);
    irq_release(&process, ref_of(&copied), SLOT);
    irq_release(&process, ref_of(&apart), SLOT);
    assert_true(ledger_is_clear(&other.ledger));
    expect_nothing_left();
}

/* Goal: a process's end takes all its bindings, and no other's.  Method: every line but one. */
static void test_irq_end_takes_all_of_a_process(void **state)
{
    (void)state;
    struct cap_ref cap;

    start();
    assert_int_equal(try_bind(&other, 1, 0, no_grant, &cap), STATUS_OK);
    for (uint32_t line = 2; line < FIXTURE_LINES; line++)
        (void)bind(line);
    for (uint32_t i = 0; i < 10 && irq_end_some(&process) != WORK_DONE; i++)
        continue;
    assert_true(ledger_is_clear(&process.ledger));
    assert_false(fixture_is_masked(1));
    assert_int_equal(pool_free_count(&irq_pool), IRQS_MAX - 1);
    irq_release(&other, ref_of(&cap), SLOT);
    expect_nothing_left();
}

/* Goal: IQ3: what an interrupt took is its binding's and that one's process's, also when the line
 * is bound anew; not, if the binding has ended meanwhile.  Method: two bindings, one after the
 * other. */
static void test_irq_time_is_booked(void **state)
{
    (void)state;

    start();
    struct cap_ref cap = bind(LINE);

    assert_true(thread_ref_is_none(irq_fire(LINE)));
    assert_true(cpu_this()->irq == cap.object && cpu_this()->irq_gen == cap.object_gen);
    irq_charge(ref_of(&cap), 700);
    irq_charge(ref_of(&cap), 41);
    assert_int_equal(read(&cap).irq_ns, 741);
    irq_release(&process, ref_of(&cap), SLOT);
    irq_charge(ref_of(&cap), 1000);
    cap = bind(LINE);
    assert_int_equal(read(&cap).irq_ns, 0);
    irq_charge(ref_of(&cap), 9);
    assert_int_equal(port_load64(&process.irq_ns), 750);
    irq_release(&process, ref_of(&cap), SLOT);
    expect_nothing_left();
}

struct model {
    bool is_bound;
    bool has_fired;
    uint64_t fire_count;
    struct cap_ref cap;
    struct op *op; /* waits */
};

static void expect_like(const struct model *m, uint32_t line)
{
    assert_int_equal(fixture_is_masked(line), !m->is_bound || m->has_fired);
    if (m->is_bound)
        assert_int_equal(read(&m->cap).fire_count, m->fire_count);
    if (m->op != NULL)
        assert_false(is_answered(m->op));
}

static void fire(struct model *m, uint32_t line)
{
    struct thread_ref woken = irq_fire(line);

    if (m->is_bound && !m->has_fired) {
        m->has_fired = true;
        m->fire_count++;
    }
    assert_int_equal(thread_ref_is_none(woken), m->op == NULL);
    if (m->op != NULL)
        expect_answer(m->op, STATUS_OK, m->fire_count);
    m->op = NULL;
}

static void wait(struct model *m)
{
    struct op *op;

    if (!m->is_bound)
        return;
    op = begin_wait(&m->cap, m->op != NULL ? STATUS_BUSY : STATUS_OK);
    if (m->op != NULL)
        return;
    if (m->has_fired)
        expect_answer(op, STATUS_OK, m->fire_count);
    else
        m->op = op;
}

/* Bound if it was free, else released. */
static void flip(struct model *m, uint32_t line)
{
    struct op *op = m->op;

    if (m->is_bound)
        irq_release(&process, ref_of(&m->cap), SLOT);
    if (op != NULL)
        expect_answer(op, STATUS_STALE, 0);
    outside.wake_count = 0;
    *m = (struct model){.is_bound = !m->is_bound};
    if (m->is_bound)
        m->cap = bind(line);
}

/* Goal: IQ1, IQ2 over histories.  Method: 100,000 steps on all lines, at random, against a model
 * of plain fields. */
static void test_irq_history(void **state)
{
    (void)state;
    struct model models[FIXTURE_LINES] = {{0}};
    struct prng p = prng_seed(3);

    start();
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t line = 1 + (uint32_t)prng_below(&p, FIXTURE_LINES - 1);
        struct model *m = &models[line];

        switch (prng_below(&p, 8)) {
        case 0:
            flip(m, line);
            break;
        case 1:
        case 2:
            if (m->is_bound)
                assert_int_equal(irq_acknowledge(&m->cap), STATUS_OK);
            m->has_fired = false;
            break;
        case 3:
        case 4:
            wait(m);
            break;
        default:
            fire(m, line);
            break;
        }
        expect_like(m, line);
    }
    for (uint32_t line = 1; line < FIXTURE_LINES; line++)
        if (models[line].is_bound)
            flip(&models[line], line);
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_irq_bind_opens_the_line),
        cmocka_unit_test(test_irq_bind_refusals),
        cmocka_unit_test(test_irq_fires_once_for_each_acknowledgement),
        cmocka_unit_test(test_irq_wait),
        cmocka_unit_test(test_irq_ends_with_its_makers_handle),
        cmocka_unit_test(test_irq_revoke),
        cmocka_unit_test(test_irq_end_takes_all_of_a_process),
        cmocka_unit_test(test_irq_time_is_booked),
        cmocka_unit_test(test_irq_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
